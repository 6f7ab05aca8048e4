"""Threads of the linear algebra libraries are not in the way of the workers."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# In a process of its own, as another test may have loaded SciPy.
CODE = """
import sys
import threadpoolctl
from damldg_jax.workers import in_threads

def numbers(item):
    import scipy.linalg
    return [
        (library["filepath"], library["num_threads"])
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    ]

assert "scipy.linalg" not in sys.modules
(found,) = in_threads(1)(numbers, [None])
assert any("scipy" in path.lower() for path, _ in found), found
assert all(number == 1 for _, number in found), found
"""


def test_libraries_that_are_loaded_late_have_one_thread_too():
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
