"""Runs that begin with the weights of a file."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from damldg_jax.errors import InputError
from damldg_jax.features import LogMel, Pcen
from damldg_jax.pooled import pooled
from damldg_jax.training import TrainState
from experiments import console
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.initial_weights import check, digest
from experiments.programs import Programs
from tests.model_files import saved
from tests.plain_resnet import random_weights
from tests.test_features_end_to_end import settings, write_corpora

RUN = "runs/one+two-to-three/deep_all/trial_0"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("init_from")
    write_corpora(folder)
    network = pooled(3, 8, hidden_units=(8,))
    features = {"name": "files", "num_features": 8, "files": "of others"}
    saved(folder / "last.safetensors", network, "pooled", features=features)
    tensors = random_weights()
    save_file(
        {name: np.ascontiguousarray(x) for name, x in tensors.items()},
        folder / "rgb.safetensors",
    )
    return folder


@pytest.fixture(scope="module")
def begun(place):
    """Runs that began with a model file, and what was said."""
    console.say_once.cache_clear()
    # A network of embeddings has no channels to be summed; accounts tell it anyway.
    config = settings(
        place,
        init_from=place / "last.safetensors",
        init_channels="sum",
        trials=2,
        steps=1,
        evaluate_every=1,
    )
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr(console, "say", said.append)
        run_experiments(config)
    return config, said


def test_what_was_loaded_is_said_once(begun):
    config, said = begun
    (told,) = [text for text in said if text.startswith("Runs begin with")]
    assert told.splitlines() == [
        f"Runs begin with {config.init_from} (a model file of this package).",
        "  taken from it: 7 (batch_stats/input_norm/mean, batch_stats/input_norm/var, "
        "batch_stats/norm1/mean, ..., params/encoder/norm1/scale)",
        "  left out of it: 4 (normalization/scale, normalization/shift, "
        "params/classifier/bias, params/classifier/kernel)",
        "  new, with random weights: 2 (classifier/bias, classifier/kernel)",
    ]


def test_the_files_of_a_run_tell_what_it_began_with(begun):
    config, _ = begun
    folder = config.workdir / "runs/one+two-to-three/deep_all/trial_1"
    circumstances = json.loads((folder / "circumstances.json").read_text())
    told = circumstances["initial_weights"]
    assert (told["file"], len(told["taken"])) == ("last.safetensors", 7)
    assert "normalization/shift" in told["left_out"]
    assert told["new"] == ["classifier/bias", "classifier/kernel"]
    assert told["metadata"]["domains"] == ["here", "there"]
    account = json.loads((folder / "run.json").read_text())
    assert account["init_from"] == told["sha256"] == digest(config)
    # Accounts of earlier versions have no such setting.
    assert "init_channels" not in account


def test_without_a_sum_the_account_is_that_of_earlier_versions(place, begun):
    config, _ = begun
    plain = digest(dataclasses.replace(config, init_channels="match"))
    content = config.init_from.read_bytes()
    assert plain == hashlib.sha256(content).hexdigest()
    assert digest(config) == f"{plain} --init_channels=sum"
    assert digest(Config()) is None


def test_refused_weights_leave_nothing_in_the_way(place, begun):
    config, _ = begun
    config = dataclasses.replace(
        config, init_from=place / "rgb.safetensors", workdir=place / "refused"
    )
    with pytest.raises(InputError, match="not those of this network"):
        run_experiments(config)
    assert not (config.workdir / "runs").exists()
    missing = dataclasses.replace(config, init_from=place / "missing")
    with pytest.raises(InputError, match="missing cannot be read"):
        run_experiments(missing)


def test_another_use_of_the_same_file_is_another_run(place, begun):
    config, _ = begun
    other = dataclasses.replace(config, init_from=None, init_channels="match")
    with pytest.raises(InputError, match=r"init_from .*=sum -> None"):
        run_experiments(other)


def test_channels_without_weights_are_a_slip():
    with pytest.raises(InputError, match="--init_channels=sum without --init_from"):
        Config(init_channels="sum")
    with pytest.raises(InputError, match="Allowed: match, sum"):
        Config(init_channels="mean", init_from="x")


@pytest.mark.parametrize(
    ("features", "told"),
    [
        ({}, r"from --features=log_mel, and this run has --features=pcen\. Give --f"),
        (Pcen(min_hz=50.0).settings(), r"=pcen of min_hz 50\.0, which is 60\.0 here"),
        (Pcen().settings(), None),
    ],
)
def test_weights_that_learnt_from_other_features_are_refused(tmp_path, features, told):
    path, network = tmp_path / "last.safetensors", pooled(3, 64, hidden_units=(8,))
    saved(path, network, "pooled", features=features or LogMel().settings())
    given = Config(features="pcen", init_from=path)
    if told is None:
        check(given, network)
        return
    with pytest.raises(InputError, match=told):
        check(given, network)


def test_weights_that_change_between_two_runs_are_refused(tmp_path):
    path, network = tmp_path / "last.safetensors", pooled(3, 8, hidden_units=(8,))
    params, statistics = saved(path, network, "pooled")
    state = TrainState(0, params, statistics, None, None, True)
    programs = object.__new__(Programs)
    programs.config, programs.initial_weights = Config(init_from=path), None
    programs.begin_with(state)
    programs.begin_with(state)
    saved(path, network, "pooled", seed=2)
    with pytest.raises(InputError, match="has been changed since earlier runs"):
        programs.begin_with(state)
