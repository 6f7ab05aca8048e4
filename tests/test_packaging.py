"""What ``pip install .`` gives: the library, its types, its flagfiles, its commands."""

import email
import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
from absl.testing import flagsaver

import damldg_jax
from experiments import cli, shipped
from tests.documents import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGES = ("damldg_jax", "experiments")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the tree, built beside it so that nothing is left in it."""
    place = tmp_path_factory.mktemp("wheel")
    tree = place / "tree"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    for path in (*ROOT.glob("*.toml"), *ROOT.glob("*.txt"), *ROOT.glob("*.md")):
        shutil.copy(path, tree)
    shutil.copy(ROOT / "LICENSE", tree)
    arguments = ("--no-deps", "--no-build-isolation", "--no-index", "-w", str(place))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", str(tree), *arguments],
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = place.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def read(wheel, name):
    version = damldg_jax.__version__
    return wheel.read(f"damldg_jax-{version}.dist-info/{name}").decode()


def test_a_wheel_has_every_file_of_the_packages(wheel):
    there = {x for x in wheel.namelist() if x.startswith(tuple(PACKAGES))}
    there = {x for x in there if ".dist-info" not in x}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there == wanted
    assert "damldg_jax/py.typed" in there
    assert "experiments/flagfiles/quickstart.flags" in there


def test_a_wheel_has_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {*PACKAGES, f"damldg_jax-{damldg_jax.__version__}.dist-info"}


def test_a_user_gets_no_tools_of_the_tests(wheel):
    head = email.message_from_string(read(wheel, "METADATA"))
    needed = head.get_all("Requires-Dist")
    library = {x for x in needed if "extra ==" not in x}
    assert {"jax", "flax", "numpy"} <= {re.match(r"[\w-]+", x)[0] for x in library}
    tools = ("pytest", "hypothesis", "ruff", "mkdocs", "setuptools")
    assert not any(x.startswith(tools) for x in library)
    assert set(head.get_all("Provides-Extra")) == {"beam", "docs", "opensmile", "test"}
    assert head["Version"] == damldg_jax.__version__
    assert head["License-Expression"] == "Apache-2.0"


def test_every_command_has_a_name_and_each_name_a_command(wheel):
    told = re.findall(
        r"^(damldg-[\w-]+) = (\S+)$", read(wheel, "entry_points.txt"), re.M
    )
    assert dict(told) == PROJECT["scripts"]
    modules = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in (ROOT / "experiments").rglob("*.py")
        if "\ndef main() -> None:\n" in path.read_text("utf-8")
    }
    assert {f"{module}:main" for module in modules} == set(PROJECT["scripts"].values())


@pytest.mark.parametrize("name", PROJECT["scripts"])
def test_each_command_tells_of_itself(name, monkeypatch, capsys):
    module, _, function = PROJECT["scripts"][name].partition(":")
    loaded = importlib.import_module(module)
    monkeypatch.setattr(cli, "_run", lambda status: sys.exit(status()))
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    # A command may give flags that it shares another default.
    with flagsaver.flagsaver(), pytest.raises(SystemExit) as ended:
        getattr(loaded, function)()
    assert not ended.value.code
    assert len(capsys.readouterr().out.splitlines()) > 10


def test_commands_are_told_of():
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    told = re.findall(r"^\| `python -m ([\w.]+)` \| `(damldg-[\w-]+)` \|", page, re.M)
    scripts = {k: v.removesuffix(":main") for k, v in PROJECT["scripts"].items()}
    assert {n: m for m, n in told} == {
        name: module.removesuffix(".__main__") for name, module in scripts.items()
    }


def test_the_changelog_tells_of_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(
        rf"^## \[{re.escape(damldg_jax.__version__)}\] - \d", changelog, re.M
    )


def test_requirements_of_everything_are_those_of_the_parts():
    text = (ROOT / "requirements.txt").read_text("utf-8")
    parts = re.findall(r"^-r (\S+)$", text, re.M)
    assert sorted(parts) == [
        *("requirements-docs.txt", "requirements-library.txt"),
        "requirements-test.txt",
    ]


def test_flagfiles_of_the_package_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = f"--flagfile={shipped.FOLDER / 'paper.flags'}"
    for name in ("paper.flags", "experiments/flagfiles/paper.flags"):
        arguments = ["x", f"--flagfile={name}", "--steps=3"]
        assert shipped.with_shipped_flagfiles(arguments) == ["x", found, "--steps=3"]
        apart = ["x", "--flagfile", name, "--steps=3"]
        expected = ["x", "--flagfile", found.partition("=")[2], "--steps=3"]
        assert shipped.with_shipped_flagfiles(apart) == expected


def test_no_file_of_the_user_is_mistaken_for_one_of_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper.flags").write_text("--steps=3")
    for name in ("paper.flags", "mine/paper.flags", "none.flags", "", "."):
        arguments = ["x", f"--flagfile={name}"]
        assert shipped.with_shipped_flagfiles(arguments) == arguments
