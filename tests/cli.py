"""Runs the commands as a user does, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.quick import QUICK_XLA

ROOT = Path(__file__).resolve().parents[1]

# Small enough for a test: a few recordings, a tiny network, a few steps.
TINY = (
    *("--crop_seconds=0.6", "--model_depth=10", "--model_width=2"),
    *("--batch_size=6", "--steps=6", "--evaluate_every=3"),
)


def environment(cwd: Path) -> dict[str, str]:
    """Variables of a command; what one compiles, the next one need not."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": QUICK_XLA,
        "JAX_COMPILATION_CACHE_DIR": os.environ.get(
            "JAX_COMPILATION_CACHE_DIR", str(cwd / "compiled")
        ),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


def run(module: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    """Runs ``python -m module`` on one device, from outside of the repository."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env=environment(cwd),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
