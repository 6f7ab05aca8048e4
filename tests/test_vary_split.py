"""Trials that draw speakers of their own, as the paper's within-corpus column."""

import dataclasses
import json

import pytest

from damldg_jax.corpora.synthetic import write_corpus
from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.devices import choose_layout
from experiments.experiment import run_experiments

SPEAKERS = 4


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Three trials within one small corpus."""
    folder = tmp_path_factory.mktemp("vary")
    write_corpus("synth_hall", folder / "hall", speakers=SPEAKERS, repetitions=1)
    return Config(
        corpora=f"hall={folder}/hall/manifest.csv",
        target="within",
        methods="deep_all",
        trials=3,
        vary_split=True,
        data_dir=folder / "records",
        workdir=folder / "varied",
        # It compiles in no time.
        model="pooled",
        hidden_units="",
        steps=2,
        batch_size=6,
        crop_seconds=0.6,
        parallel="none",
        trials_at_once=3,
    )


@pytest.fixture(scope="module")
def varied(config):
    return run_experiments(config)


def folder_of(config, trial):
    return config.workdir / "runs" / "hall-to-hall" / "deep_all" / f"trial_{trial}"


def test_each_trial_tests_and_validates_on_speakers_of_its_own(config, varied):
    results = json.loads((config.workdir / "results.json").read_text())
    hashes = {e["trial"]: e["split_hash"] for e in results["runs"]}
    # Of four speakers the last two happen to draw the same.
    assert hashes[0] != hashes[1] == hashes[2]
    assert [(s["hash"], s["trials"]) for s in results["splits"]] == [
        (hashes[0], [0]),
        (hashes[1], [1, 2]),
    ]
    for trial in range(3):
        account = json.loads((folder_of(config, trial) / "run.json").read_text())
        assert account["vary_split"]
        assert account["split_seed"] == 0
        assert account["split_hash"] == hashes[trial]


def test_a_trial_is_what_its_seeds_make_of_it(config, varied):
    alone = dataclasses.replace(
        config,
        trials=1,
        vary_split=False,
        seed=2,
        split_seed=2,
        workdir=config.workdir.parent / "alone",
    )
    for entry, other in zip(run_experiments(alone), varied[4:], strict=True):
        own = {"trial": 2, "seconds": other["seconds"]}
        assert entry | own == other
    name = "predictions.csv"
    assert (folder_of(alone, 0) / name).read_bytes() == (
        folder_of(config, 2) / name
    ).read_bytes()


def test_trials_with_and_without_are_not_mixed(config, varied):
    with pytest.raises(InputError, match="vary_split True -> False"):
        run_experiments(dataclasses.replace(config, vary_split=False))


def test_trials_of_different_speakers_are_trained_one_at_a_time(config):
    assert choose_layout(config).slots == 1
    assert choose_layout(dataclasses.replace(config, vary_split=False)).slots == 3
