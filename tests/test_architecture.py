"""What may know of what: held here, so that it stays so."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = sorted((ROOT / "damldg_jax").rglob("*.py"))
COMMANDS = sorted((ROOT / "experiments").rglob("*.py"))


def imports(path):
    """Top-level packages that a file imports anywhere."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_three_modules_know_tensorflow():
    users = {
        path.name
        for path in LIBRARY + COMMANDS
        if imports(path) & {"tensorflow", "tensorflow_datasets"}
    }
    assert users == {"builder.py", "tfrecords.py", "tfds_audio.py"}


def test_one_module_knows_beam_and_loads_it_when_asked():
    users = {p.name for p in LIBRARY + COMMANDS if "apache_beam" in imports(p)}
    assert users == {"beam.py"}
    code = "import sys, experiments.prepare; sys.exit('apache_beam' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_the_commands_load_nothing_slow_before_they_need_it():
    slow = {"tensorflow", "tensorflow_datasets", "librosa", "soundfile", "scipy"}
    code = (
        "import sys, experiments.main, experiments.prepare; "
        f"sys.exit(str({slow | {'sklearn'}} & set(sys.modules) or '') or None)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_the_paper_pieces_need_neither_audio_nor_files():
    code = (
        "import sys, damldg_jax.meta, damldg_jax.losses; "
        "sys.exit(bool({'librosa', 'soundfile', 'tensorflow_datasets'} "
        "& set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_the_library_knows_no_flags_and_prints_nothing(path):
    assert "experiments" not in imports(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert "print" not in calls
    assert not any(
        isinstance(node, ast.ImportFrom)
        and node.module == "absl"
        and any(alias.name == "flags" for alias in node.names)
        for node in ast.walk(tree)
    )


REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_dependency_has_both_bounds(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    wanted = [re.sub(r"[#;].*", "", line).strip() for line in lines]
    wanted = [x for x in wanted if x]
    assert wanted
    # Less what another file asks for.
    wanted = [x for x in wanted if not x.startswith("-r ")]
    for requirement in wanted:
        assert re.fullmatch(r"[\w.-]+>=[\d.]+,<[\d.]+", requirement), requirement


@pytest.mark.parametrize("path", LIBRARY + COMMANDS, ids=lambda path: path.name)
def test_no_pickle(path):
    assert not imports(path) & {"pickle", "dill", "cloudpickle", "joblib"}


def test_pmap_is_called_in_one_place():
    users = {p.name for p in LIBRARY + COMMANDS if "jax.pmap(" in p.read_text()}
    assert users == {"parallel.py"}


def test_the_files_that_are_begun_first_are_there():
    from tests.conftest import _LONGEST

    assert all((ROOT / "tests" / f"test_{name}.py").exists() for name in _LONGEST)
    assert len(set(_LONGEST)) == len(_LONGEST)
