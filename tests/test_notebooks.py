"""The notebooks, from their first cell to the last, on eight devices."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from tests.cli import ROOT, environment
from tests.place import prepared

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Small enough for a test, and such that eight devices share a step.
TINY = {
    "sources": ("studio", "phone"),
    "target": "hall",
    "steps": 2,
    "evaluate_every": 1,
    "batch_size": 16,
    "crop_seconds": 0.6,
    "model": "pooled",
    "hidden_units": (8,),
}
# Of the second one, as many trials as it has devices.
CHANGES = {
    "quickstart": TINY,
    "tpu_ten_trials": TINY | {"trials": 8, "methods": ("da_mldg",)},
}
URL = "https://github.com/damldg-jax/damldg_jax"


def read(path):
    return nbformat.read(path, as_version=4)


def sources(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def with_changes(notebook, changes):
    """The notebook with the settings of a test in the cell that is meant for them."""
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    cell.source = f"changes = {changes!r}"
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_its_first_cell_to_the_last(
    path, tmp_path, monkeypatch, synthetic
):
    from nbclient import NotebookClient

    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    # Compiled as a user's own are: much is run here for what is compiled.
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=8")
    place = prepared(tmp_path / "place", synthetic)
    given = {"corpora": place.entries, "data_dir": str(place.records)}
    notebook = with_changes(read(path), CHANGES[path.stem] | given)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=900, resources=resources).execute()
    said = "".join(
        output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    assert said.count("id=7") == 1, "eight devices"
    assert "DA-MLDG" in said
    assert "<IPython.core.display.SVG object>" in said
    assert "Put each corpus into damldg_jax/corpora" in said
    if path.stem == "quickstart":
        assert "True" in said
        assert "heard as" in said
        assert "Prediction(emotion=" in said
    else:
        assert "trial_7" in said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds_no_logic_of_its_own(path):
    for source in sources(read(path)):
        # A line of IPython's is none of Python's.
        tree = ast.parse(re.sub(r"%pip", "pass  # ", source))
        kinds = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda)
        assert not any(isinstance(node, kinds) for node in ast.walk(tree))
        assert len(source.splitlines()) <= 10


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_stored_outputs_are_of_a_run_without_errors(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell.outputs]
    assert not any(output.output_type == "error" for output in outputs)
    assert any("DA-MLDG" in output.get("text", "") for output in outputs)
    # Of nobody's machine.
    assert "/work" not in path.read_text(encoding="utf-8")
    assert "/tmp" not in path.read_text(encoding="utf-8")
    assert path.stat().st_size < 2_000_000


def test_all_badges_and_installations_are_of_one_place():
    pages = [*NOTEBOOKS, ROOT / "README.md"]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for address in re.findall(r"https://github\.com/[\w-]+/\w+", text):
            assert address == URL, page
        badges = re.findall(r"colab\.research\.google\.com/github/([\w/.-]+)\)", text)
        for badge in badges:
            owner, name, path = re.fullmatch(
                r"([\w-]+)/(\w+)/blob/main/(.+)", badge
            ).groups()
            assert f"https://github.com/{owner}/{name}" == URL
            assert (ROOT / path).is_file()
        assert badges, page


def test_a_setting_that_there_is_none_of_is_told(tmp_path):
    from damldg_jax.errors import InputError
    from experiments import notebook

    with pytest.raises(InputError, match="no setting 'epoch'"):
        notebook.settings("quickstart.flags", tmp_path, epoch=3)
    with pytest.raises(InputError, match=r"no flagfile 'fast.flags'.*laptop.flags"):
        notebook.settings("fast.flags", tmp_path)


def test_all_folders_are_in_one_place(tmp_path):
    from experiments import notebook

    config = notebook.settings("quickstart.flags", tmp_path, trials=2)
    assert config.workdir == tmp_path / "runs" / "quickstart"
    assert config.data_dir == tmp_path / "data" / "records"
    assert config.corpora_dir == tmp_path / "data" / "synthetic"
    assert config.trials == 2
    kept = notebook.settings("quickstart.flags", tmp_path, workdir=Path("/elsewhere"))
    assert kept.workdir == Path("/elsewhere")
