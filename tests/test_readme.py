"""What the documentation shows is what runs."""

import dataclasses
import re
from pathlib import Path

import jax
import pytest
from absl.testing import flagsaver

from damldg_jax.algorithms.signature import Aux, descend
from damldg_jax.losses import domain_risks
from experiments.flags import FLAGS, read_config
from experiments.plan import make_plan
from tests.tiny import smooth_network, tiny_batch

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLAGFILES = sorted((ROOT / "experiments" / "flagfiles").glob("*.flags"))


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_notebook_example_of_the_paper_pieces_runs():
    names = {}
    exec(blocks(README, "python")[0], names)
    assert names["gradient"].shape == (64, 5)
    assert abs(names["gradient"]).max() > 0


def test_the_algorithm_of_the_contributors_guide_works():
    names = {"domain_risks": domain_risks, "Aux": Aux, "descend": descend}
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    exec(blocks(guide, "python")[1], names)
    network = smooth_network()
    params, batch_stats = network.init(jax.random.key(0))
    _, aux = names["worst_case"](network, None).gradient(
        params, batch_stats, (), tiny_batch(), jax.random.key(1)
    )
    risks = aux.metrics["domain_loss"]
    assert aux.metrics["loss"] == pytest.approx(risks.max())


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.name)
def test_flagfiles_are_valid(path):
    with flagsaver.flagsaver():
        FLAGS(["program", f"--flagfile={path}"])
        config = read_config()
    if path.name == "paper.flags":  # It leaves the scenario to the user.
        config = dataclasses.replace(config, target="emovo", sources=("emodb", "savee"))
    assert make_plan(config).splits


def test_flagfiles_and_modules_that_are_named_exist():
    for name in re.findall(r"experiments/flagfiles/\w+\.flags", README):
        assert (ROOT / name).is_file()
    for name in re.findall(r"python -m (experiments\.\w+)", README):
        assert (ROOT / f"{name.replace('.', '/')}.py").is_file()
    for name in re.findall(r"`(\w+\.flags)`", README):
        assert (ROOT / "experiments" / "flagfiles" / name).is_file()
    for name in re.findall(r"\((docs/\w+\.\w+)\)", README):
        assert (ROOT / name).is_file()


def test_no_figure_is_left_to_be_filled_in():
    assert not re.findall(r"@[A-Z_]+@", README)
