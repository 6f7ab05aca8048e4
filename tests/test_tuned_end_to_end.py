"""Runs that tune the last layers of a speech encoder, from recordings to results."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import damldg_jax
from damldg_jax.errors import InputError
from damldg_jax.transformer import transformer
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.export.card import model_card
from experiments.initial_weights import check
from tests import plain_whisper, trained
from tests.test_whisper_end_to_end import (
    RATE,
    folders_of,
    settings,
    voice,
    write_corpora,
)

WIDTH = 64
PLACE = "params/encoder/pool/blocks"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    write_corpora(folder, per_corpus=12)
    weights = plain_whisper.random_weights(width=WIDTH, layers=2, hidden=4 * WIDTH)
    save_file(weights, folder / "encoder.safetensors")
    return folder


def tuned(place, **changes):
    given = {
        **{"model": "transformer", "encoder_output": "frames", "encoder_layer": "1"},
        **{"crop_seconds": 0.3, "augment": False, "validation_fraction": 0.0},
        **{"methods": ("da_mldg",), "steps": 3, "evaluate_every": 3, "batch_size": 4},
        "learning_rate": 0.01,
    }
    return settings(place, **given | changes)


@pytest.fixture(scope="module")
def run(place):
    config = tuned(place, remat=True)
    run_experiments(config)
    (folder,) = folders_of(config)
    return config, folder


def test_the_run_tells_that_it_began_with_the_encoder(place, run):
    _, folder = run
    account = json.loads((folder / "run.json").read_text())
    content = (place / "encoder.safetensors").read_bytes()
    assert account["init_from"] == hashlib.sha256(content).hexdigest()
    assert (account["tuned_layers"], account["model"]) == (1, "transformer")
    told = json.loads((folder / "circumstances.json").read_text())["initial_weights"]
    assert told["file"] == "encoder.safetensors"
    assert told["notes"] == [
        "These are layer 2 of the encoder's 2, with the last normalisation."
    ]
    assert len(told["taken"]) == 17
    assert "encoder/" not in " ".join(told["new"])


def test_the_model_holds_the_blocks_which_have_moved(place, run):
    _, folder = run
    found = load_file(folder / "models/last.safetensors")
    before = load_file(place / "encoder.safetensors")
    for ours, theirs in (("fc1", "fc1"), ("self_attn/q_proj", "self_attn.q_proj")):
        now = found[f"{PLACE}/block1/{ours}/kernel"]
        then = before[f"{plain_whisper.PREFIX}layers.1.{theirs}.weight"].T
        moved = np.linalg.norm(now - then) / np.linalg.norm(then)
        assert 1e-6 < moved < 0.2
    assert f"{PLACE}/layer_norm/scale" in found


def test_the_model_hears_recordings_and_has_a_card(run):
    config, folder = run
    model = damldg_jax.load(folder, encoder_weights=config.encoder_weights)
    said = model.predict(voice(120.0, 0.5, np.random.default_rng(0)), RATE)
    assert sum(said.probabilities.values()) == pytest.approx(1, abs=1e-5)
    card = model_card(model.description, None, ("safetensors",))
    assert "transformer, 1 block(s), float32" in card
    assert "encoder.safetensors (an encoder of Whisper in safetensors), SHA" in card


def test_the_same_command_goes_on_and_a_random_start_is_another_run(run):
    config, folder = run
    before = (folder / "result.json").read_bytes()
    run_experiments(config)
    assert (folder / "result.json").read_bytes() == before
    random = dataclasses.replace(config, tuned_start="random")
    with pytest.raises(InputError, match=r"init_from .* -> None"):
        run_experiments(random)


def test_more_layers_than_there_are_are_refused_before_anything_is_made(place):
    config = tuned(place, tuned_layers=2, data_dir=place / "none")
    told = (
        r"--tuned_layers=2 on frames of layer 1: --encoder_weights=.* has 2 layers, 1"
    )
    with pytest.raises(InputError, match=told):
        run_experiments(config)
    assert not config.data_dir.exists()
    # At random there may be as many as one likes, which end in no normalisation.
    random = tuned(place, tuned_layers=2, tuned_start="random")
    assert random.network_settings.blocks == 2
    assert not random.network_settings.last_norm
    assert tuned(place).network_settings.last_norm


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"encoder_output": "quantiles"},
            "=quantiles with --model=transformer: .*=f",
        ),
        (
            {"encoder_layer": "0,1"},
            "--encoder_layer=0,1 with .* frames of one layer",
        ),
        ({"normalization": "speaker"}, "--normalization=speaker with .*its own scale"),
        (
            {"model": "attentive", "tuned_layers": 2},
            "--tuned_layers=2 with --model=a",
        ),
        ({"init_from": "x", "tuned_start": "random"}, "both say what runs begin with"),
        ({"tuned_start": "there"}, "Allowed: encoder, random"),
        ({"tuned_layers": 0}, "--tuned_layers=0: give a whole number"),
    ],
)
def test_settings_that_do_not_go_together(place, changes, told):
    with pytest.raises(InputError, match=told):
        tuned(place, **changes)


def test_what_begins_at_random_may_be_given_anything(place):
    random = {"tuned_start": "random", "encoder_layer": "0,1"}
    assert tuned(place, **random, normalization="speaker").network == "transformer"
    # Of other features than an encoder's there is nothing to begin with.
    assert Config(model="transformer").network_settings.blocks == 1


def test_models_of_earlier_runs_are_begun_with_whatever_they_learnt_from(place):
    own = {"init_from": place / "own.safetensors", "normalization": "speaker"}
    config = tuned(place, encoder_layer="0,1", **own)
    described = {
        **{"network": "transformer", "normalization": "speaker", "silence": 0.0},
        "network_settings": {
            **dataclasses.asdict(config.network_settings),
            "hidden_units": [],
        },
        "features": config.extractor.settings(),
        "num_features": 2 * WIDTH,
    }
    trained.write(config.init_from, reference=False, **described)
    network = trained.description(**described).build()
    check(config, network)
    other = dataclasses.replace(config, normalization="none")
    with pytest.raises(InputError, match="=speaker, and this run has --normalization="):
        check(other, network)


@pytest.mark.parametrize(
    "changes", [{"encoder_layer": "0,1"}, {"normalization": "speaker"}]
)
def test_the_encoders_own_are_not(place, changes):
    config = tuned(place, init_from=place / "encoder.safetensors", **changes)
    features = config.extractor.num_features
    network = transformer(3, features, hidden_units=(), last_norm=True)
    with pytest.raises(InputError, match=r"of one layer .*--normalization=none"):
        check(config, network)
