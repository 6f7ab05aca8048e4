"""Flagfiles of settings go with flagfiles of what is to be done by them."""

import dataclasses
from pathlib import Path

import pytest
from absl.testing import flagsaver

from damldg_jax.corpora.scenarios import SCENARIOS
from experiments.flags import FLAGS, read_config
from experiments.plan import make_plan

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "experiments/flagfiles"
METHODS = ("deep_all", "rsc", "mldg", "da_mldg")
# Of each file of settings: epochs, trials, layers, width, work directory.
SETTINGS = {
    "paper": (50, 10, 18, 64, "runs/paper"),
    "laptop": (10, 3, 10, 8, "runs/laptop"),
}


@pytest.fixture
def read(monkeypatch):
    """Reads flagfiles by paths from the root of the repository."""
    monkeypatch.chdir(ROOT)

    def read(*names, flags=()):
        files = [f"--flagfile={FOLDER}/{name}.flags" for name in names]
        with flagsaver.flagsaver():
            FLAGS(["program", *files, *flags])
            return read_config()

    return read


def settings_of(config):
    shape = config.epochs, config.trials, config.model_depth, config.model_width
    return *shape, str(config.workdir)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ["1", "2", "3", "4", "5", "6", "7", "eng4", "all"])
def test_each_scenario_goes_with_both_sizes(read, settings, name):
    for names in ((settings, f"scenario_{name}"), (f"scenario_{name}", settings)):
        config = read(*names)
        assert settings_of(config) == SETTINGS[settings]
        assert config.methods == METHODS
        splits = make_plan(config).splits
        assert [s.target for s in splits] == list(SCENARIOS[name].targets)
        assert {s.scenario for s in splits} == {name}


@pytest.mark.parametrize("settings", SETTINGS)
def test_within_a_corpus_each_trial_draws_its_speakers(read, settings):
    config = read(settings, "within_corpus")
    assert settings_of(config) == SETTINGS[settings]
    assert config.methods == ("deep_all",)
    assert (config.test_fraction, config.vary_split) == (0.2, True)
    assert make_plan(config).splits == SCENARIOS["within"].splits()
    own = ("--scenario=", "--target=within", "--corpora=emodb,savee")
    splits = make_plan(read(settings, "within_corpus", flags=own)).splits
    assert [split.target for split in splits] == ["emodb", "savee"]


@pytest.mark.parametrize("settings", SETTINGS)
def test_any_corpora_may_be_left_out_in_turn(read, settings):
    config = read(settings, "leave_one_out", flags=["--corpora=emodb,savee,emovo"])
    assert settings_of(config) == SETTINGS[settings]
    assert [s.target for s in make_plan(config).splits] == ["emodb", "savee", "emovo"]


def test_the_paper_s_settings_are_the_defaults_but_for_where_and_how_much(read):
    paper = read("paper")
    changed = {
        field.name
        for field in dataclasses.fields(paper)
        if getattr(paper, field.name) != field.default
    }
    assert changed == {"workdir", "methods", "trials", "epochs"}


def test_what_is_fused_with_the_recipe_is_trained_as_it_is(read):
    recipe = read("recommended", flags=["--encoder_weights=path/to/whisper"])
    beside = read("recommended_egemaps")
    differing = {
        field.name
        for field in dataclasses.fields(recipe)
        if getattr(recipe, field.name) != getattr(beside, field.name)
    }
    encoder = {"encoder_weights", "encoder_layer", "encoder_output", "variants"}
    where = {"data_dir", "workdir"}
    assert differing == encoder | where | {"features", "normalization"}
