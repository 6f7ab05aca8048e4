"""Trials that draw speakers of their own, as the paper's within-corpus column."""

import csv
import dataclasses
import json

import pytest

from damldg_jax.errors import InputError
from experiments.devices import choose_layout
from experiments.experiment import run_experiments
from tests.test_features_end_to_end import settings, write_corpora


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Three trials within one small corpus of six speakers."""
    folder = tmp_path_factory.mktemp("vary")
    write_corpora(folder, corpora=("hall",))
    return settings(
        folder,
        names=("hall",),
        target="within",
        trials=3,
        vary_split=True,
        workdir=folder / "varied",
        hidden_units="",
        steps=2,
        evaluate_every=2,
        evaluation_statistics="running",
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
    assert len(set(hashes.values())) == 3
    assert [(s["hash"], s["trials"]) for s in results["splits"]] == [
        (hashes[trial], [trial]) for trial in range(3)
    ]
    with (config.workdir / "predictions.csv").open(newline="") as file:
        tested = {(row["trial"], row["speaker"]) for row in csv.DictReader(file)}
    assert len(tested) == 3
    assert len({speaker for _, speaker in tested}) > 1
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
