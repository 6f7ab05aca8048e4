"""What the documentation shows is what runs."""

import dataclasses
import importlib.util
import re

import jax
import pytest
from absl.testing import flagsaver

from damldg_jax import algorithms
from damldg_jax.corpora import CORPORA
from damldg_jax.features import FEATURES
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.targets import TARGETS
from experiments import experiment
from experiments.config import Config
from experiments.flags import FLAGS, read_config
from experiments.plan import make_plan
from experiments.pretrain.plan import make_plan as make_pretraining_plan
from tests.documents import PAGES, ROOT, blocks
from tests.tiny import smooth_network, tiny_batch

README = (ROOT / "README.md").read_text(encoding="utf-8")
METHODS = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
FLAGFILES = sorted((ROOT / "experiments" / "flagfiles").glob("*.flags"))


# Of blocks that are not executed here: what they show, and why.
LEFT_TO_THE_USER = {
    "recommended.flags": (
        *("--encoder_weights=path/to/whisper", "--sources=emodb,savee"),
        "--target=emovo",
    ),
    "recommended_egemaps.flags": ("--sources=emodb,savee", "--target=emovo"),
}
NOT_HERE = {
    "call.wav": "it asks for a model; tests/test_model.py has one",
    "model.stablehlo": "it asks for an export; tests/test_export.py has one",
    "path/to/whisper": "it asks for weights; tests/test_whisper_end_to_end.py has some",
    "import torchvision": "it downloads weights",
    "tensorflow": "tests/test_records_docs.py does",
    "data/records": "tests/test_records_docs.py does",
    "MYCORPUS = ": "it is a part of a file; the how-to has it whole",
    "from damldg_jax.meta import": "a test of its own does",
}
PYTHON = [
    (page.relative_to(ROOT).as_posix(), code)
    for page in PAGES
    for code in blocks(page.read_text("utf-8"), "python")
]


def python_block(page, start):
    text = (ROOT / page).read_text(encoding="utf-8")
    return next(code for code in blocks(text, "python") if start in code)


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=lambda x: x.splitlines()[0])
def test_what_is_shown_in_python_runs(page, code, monkeypatch):
    if any(part in code for part in NOT_HERE):
        compile(code, page, "exec")
        return
    # Taken away again afterwards.
    monkeypatch.setitem(algorithms.ALGORITHMS, "worst_case", None)
    monkeypatch.setitem(CORPORA, "mine", None)
    monkeypatch.setattr(experiment, "run_experiments", _checked)
    if "worst_case" in code:
        exec(python_block("docs/howto/own_algorithm.md", "Entry("), {})
    names = {}
    exec(code, names)
    for value in names.values():
        if isinstance(value, Config):
            _checked(value)


def _checked(config):
    """In place of training: what refuses wrong settings."""
    return make_plan(config).splits


def test_the_notebook_example_of_the_paper_pieces_runs():
    names = {}
    exec(python_block("docs/method.md", "from damldg_jax.meta import"), names)
    assert names["gradient"].shape == (64, 5)
    assert abs(names["gradient"]).max() > 0


def test_an_algorithm_of_ones_own_takes_under_twenty_lines(monkeypatch):
    monkeypatch.setattr(algorithms, "ALGORITHMS", dict(algorithms.ALGORITHMS))
    code = python_block("docs/howto/own_algorithm.md", 'ALGORITHMS["worst_case"]')
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    exec(code, {})
    entry = algorithms.ALGORITHMS["worst_case"]
    network = smooth_network()
    params, batch_stats = network.init(jax.random.key(0))
    algorithm = entry.factory(network, algorithms.Hyperparameters(), None)
    _, aux = algorithm.gradient(
        params, batch_stats, algorithm.init(params, 3), tiny_batch(), jax.random.key(1)
    )
    assert aux.metrics["loss"] == aux.metrics["domain_loss"].max()


def test_every_method_is_told_of():
    told = re.findall(r"^\| `(\w+)` \| ([\w -]+) \|", METHODS, re.MULTILINE)
    assert dict(told) == {k: v.title for k, v in algorithms.ALGORITHMS.items()}


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.name)
def test_flagfiles_are_valid(path):
    with flagsaver.flagsaver():
        FLAGS(["program", f"--flagfile={path}", *LEFT_TO_THE_USER.get(path.name, ())])
        config = read_config()
    if path.name in ("paper.flags", "laptop.flags"):
        # They leave it to others what is to be done by them.
        config = dataclasses.replace(config, target="emovo", sources=("emodb", "savee"))
    if path.name == "leave_one_out.flags":  # And this one leaves the corpora.
        config = dataclasses.replace(config, corpora="emodb,savee,emovo")
    plan = make_pretraining_plan if path.name == "pretrain.flags" else make_plan
    assert plan(config).splits


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_flagfiles_modules_and_pages_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"experiments/flagfiles/\w+\.flags", text):
        assert (ROOT / name).is_file()
    for name in re.findall(r"python -m (experiments\.\w+)", text):
        assert importlib.util.find_spec(name) or name == "experiments.NAME"
    for name in re.findall(r"`(\w+\.flags)`", text):
        assert (ROOT / "experiments" / "flagfiles" / name).is_file()
    for name in re.findall(r"\]\(((?:docs|\.)[\w/.]*\.\w+)", text):
        assert (page.parent / name).is_file()


def test_the_readme_is_for_the_first_five_minutes():
    assert len(README.splitlines()) < 220


def test_documents_that_the_code_and_other_documents_name_exist():
    folders = ("damldg_jax", "experiments", "benchmarks", "docs")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    files += ROOT.glob("*.md")
    texts = [p.read_text("utf-8") for p in files if p.suffix in (".py", ".md")]
    named = set(re.findall(r"\b(?:docs|benchmarks)/[\w/]+\.md", "\n".join(texts)))
    assert named
    assert all((ROOT / name).is_file() for name in named)


def test_what_fidelity_names_exists():
    fidelity = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    for name, function in re.findall(r"`(test_\w+\.py)(?:: (test_\w+))?`", fidelity):
        code = (ROOT / "tests" / name).read_text(encoding="utf-8")
        assert not function or f"def {function}(" in code
    for name, functions in re.findall(r"`([\w/]+\.py): ([^`]+)`", fidelity):
        if name.startswith("test_"):
            continue
        folder = ROOT if name.startswith("experiments") else ROOT / "damldg_jax"
        code = (folder / name).read_text(encoding="utf-8")
        for function in functions.split(", "):
            assert re.search(rf"\b(def|class) {function}\b|^{function}\b", code, re.M)


def test_no_figure_is_left_to_be_filled_in():
    assert not re.findall(r"@[A-Z_]+@", README)


def test_flags_that_the_documents_of_the_data_name_exist():
    pages = ("data", "commands", "methods", "runs", "method", "evaluation")
    pages = [ROOT / "docs" / f"{name}.md" for name in pages]
    pages += sorted((ROOT / "docs" / "howto").glob("*.md"))
    text = README + "\n".join(page.read_text(encoding="utf-8") for page in pages)
    # Without those of other commands.
    named = set(re.findall(r"--([a-z_]+)\b", text)) - {
        *("logdir", "html", "json", "help", "flagfile", "depth", "width"),
        *("output", "selection", "rows", "status", "strict"),
        *("checkpoint", "export_dir", "choose_json", "classifier"),
        *("fusion_mean", "method_of_each", "mix_transductive", "only_targets"),
        *("over", "trials_per_ensemble", "weights"),
    }
    assert {"normalization", "target_kind", "features"} <= named
    assert not {x for x in named if not {x, x.removeprefix("no")} & set(FLAGS)}


def test_every_corpus_that_can_be_read_is_told_of():
    data = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([A-Z][a-z]+) \|", data, re.MULTILINE)
    assert dict(rows) == {name: CORPORA[name].language for name in CORPORA}


@pytest.mark.parametrize(
    ("flag", "names"),
    [
        ("--normalization", NORMALIZATIONS),
        ("--target_kind", TARGETS),
        ("--features", FEATURES),
    ],
)
def test_every_choice_of_the_data_is_told_of(flag, names):
    data = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \|", data, re.MULTILINE)
    assert flag in data
    assert set(names) <= set(told)
