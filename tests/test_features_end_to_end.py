"""Embeddings of the user's own, from recordings to results."""

import csv
import dataclasses
import json
import sys

import jax
import numpy as np
import pytest
import soundfile

from damldg_jax.errors import InputError
from damldg_jax.features import LogMel
from damldg_jax.records import tfrecords
from damldg_jax.records.provenance import read_description
from experiments.config import Config
from experiments.data import load
from experiments.experiment import run_experiments
from experiments.notices import about_single_frames
from experiments.plan import make_plan
from experiments.prepare import prepare
from experiments.programs import Programs

RATE = 16_000
EMOTIONS = ("anger", "happiness", "sadness")
CORPORA = ("one", "two", "three")
PER_CORPUS = 36


def embedding(rng, emotion, frames):
    """The emotion is where the embedding points to; nothing of it is in the sound."""
    direction = np.eye(8)[EMOTIONS.index(emotion)] * 3
    return direction + rng.normal(size=(frames, 8)) / 2


def write_corpora(folder, frames=1, corpora=CORPORA):
    """Corpora of short noises with embeddings beside them, in folders of folders."""
    rng = np.random.default_rng(0)
    for corpus in corpora:
        rows = []
        for number in range(PER_CORPUS):
            emotion = EMOTIONS[number % 3]
            name = f"take{number % 2}/{number}"
            sound = folder / corpus / f"{name}.wav"
            sound.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(sound, 0.1 * rng.normal(size=RATE // 5), RATE)
            rows.append([f"{name}.wav", emotion, f"s{number // 6}"])
            stored = folder / "embeddings" / corpus / f"{name}.npy"
            stored.parent.mkdir(parents=True, exist_ok=True)
            value = embedding(rng, emotion, frames)
            np.save(stored, value if frames > 1 else value[0])
        with (folder / corpus / "manifest.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["path", "emotion", "speaker"], *rows])


def settings(folder, names=CORPORA, **changes):
    given = {
        "corpora": [f"{name}={folder}/{name}/manifest.csv" for name in names],
        "target": "three",
        "emotions": EMOTIONS,
        "features": "files",
        "embeddings_dir": folder / "embeddings",
        "data_dir": folder / "records",
        "workdir": folder / "run",
        "methods": ("deep_all",),
        "hidden_units": (8,),
        "batch_size": 16,
        "steps": 30,
        "evaluate_every": 30,
        "parallel": "none",
    }
    return Config(**{**given, **changes})


def prepare_all(config):
    prepare(make_plan(config).sources, config)


def read(config):
    return load(make_plan(config).sources, config)


@pytest.fixture
def place(tmp_path):
    write_corpora(tmp_path)
    return tmp_path


@pytest.mark.parametrize("frames", [1, 5])
def test_embeddings_from_files_are_learnt_and_tested(tmp_path, frames, capsys):
    write_corpora(tmp_path, frames)
    config = settings(tmp_path)
    entries = run_experiments(config)
    # Chance is 0.33: the emotions are in the embeddings alone.
    assert [entry["uar"] > 0.95 for entry in entries] == [True] * len(entries)
    assert "UAR" in capsys.readouterr().out
    stored, _ = read_description(config.data_dir, "one")
    assert (stored.num_features, stored.feature_settings["name"]) == (8, "files")
    account = json.loads(next(config.workdir.rglob("run.json")).read_text())
    assert (account["model"], account["features"]) == ("pooled", "files")
    assert "embeddings_dir" not in account


def test_who_mixes_statistics_over_time_is_told_what_becomes_of_single_frames(place):
    (notice,) = about_single_frames(settings(place, methods=("sam", "mixstyle")))
    assert notice.startswith("MixStyle")
    assert "whole embeddings of two corpora" in notice


@pytest.mark.parametrize(
    ("frames", "seconds", "expected"), [(1, 2.0, 1), (10, 2.0, 100)]
)
def test_windows_follow_the_rate_of_the_embeddings(tmp_path, frames, seconds, expected):
    write_corpora(tmp_path, frames)
    config = settings(tmp_path, crop_seconds=seconds)
    prepare_all(config)
    programs = Programs(read(config).dataset, config)
    # Ten frames in a fifth of a second.
    assert programs.windowing.num_frames == expected


def test_all_missing_embeddings_are_named_at_once(place):
    missing = [place / "embeddings" / f"{c}/take0/0.npy" for c in CORPORA]
    for path in missing:
        path.unlink()
    with pytest.raises(InputError) as raised:
        prepare_all(settings(place))
    assert str(raised.value).startswith("3 recording(s) cannot be used")
    for path in missing:
        assert f"no embedding {path}" in str(raised.value)
    prepare_all(settings(place, skip_unreadable=True))
    stored, summary = read_description(place / "records", "one")
    assert sum(summary.counts.values()) == PER_CORPUS - 1
    assert stored.num_features == 8


def test_changed_embeddings_are_not_taken_for_those_that_are_stored(place):
    prepare_all(settings(place))
    np.save(place / "embeddings" / "two" / "take0" / "0.npy", np.zeros(8) + 0.5)
    with pytest.raises(InputError, match=r"'two' .*: the names, sizes or dates of"):
        prepare_all(settings(place))
    with pytest.raises(InputError, match="'two'"):
        read(settings(place))
    prepare_all(settings(place, overwrite=True))
    assert len(read(settings(place)).dataset.utterances) == 3 * PER_CORPUS


def test_records_of_other_features_are_refused(place):
    prepare_all(settings(place))
    other = settings(place, features="pcen", embeddings_dir=None)
    with pytest.raises(InputError, match="name files instead of pcen"):
        prepare_all(other)
    with pytest.raises(InputError, match="name files instead of pcen"):
        read(other)


FUNCTION = """
import numpy as np

def loudness(waveform):
    return np.abs(waveform[: len(waveform) // 400 * 400]).reshape(-1, 400) + {}
"""


def test_a_function_is_told_then_used_and_noticed_when_it_changes(
    place, monkeypatch, capsys
):
    (place / "own_loudness.py").write_text(FUNCTION.format(0))
    monkeypatch.syspath_prepend(place)
    config = settings(place, features="own_loudness:loudness", embeddings_dir=None)
    prepare_all(config)
    told = capsys.readouterr().err
    assert told.startswith(
        f"Features are computed by own_loudness:loudness, in {place}/own_loudness.py."
    )
    example = tfrecords.read(config.data_dir, "one", config.extractor.settings("one"))[
        0
    ]
    waveform, _ = soundfile.read(place / "one" / f"{example.utterance}.wav")
    expected = np.abs(waveform).reshape(-1, 400)
    np.testing.assert_allclose(example.features, expected, rtol=1e-6)
    assert config.network == "pooled"
    (place / "own_loudness.py").write_text(FUNCTION.format(1))
    sys.modules.pop("own_loudness")
    with pytest.raises(InputError, match="source file of the function has changed"):
        prepare_all(dataclasses.replace(config))


@pytest.mark.parametrize("features", ["pcen", "mfcc", "log_mel_deltas"])
def test_other_spectrograms_go_through_the_resnet(place, features):
    config = settings(
        place,
        features=features,
        embeddings_dir=None,
        model_depth=10,
        model_width=1,
        crop_seconds=0.2,
    )
    prepare_all(config)
    programs = Programs(read(config).dataset, config)
    assert (config.network, programs.windowing.num_frames) == ("resnet", 18)
    assert programs.windowing.silence == 0.0
    params, _ = jax.eval_shape(programs.network.init, jax.random.key(0))
    stem = params["encoder"]["stem"]["kernel"].shape
    assert stem == (7, 7, config.extractor.channels, 1)


def test_the_network_may_be_chosen(tmp_path):
    embeddings = settings(tmp_path, model="resnet")
    assert (embeddings.network, Config().network) == ("resnet", "resnet")
    assert Config(model="pooled").network == "pooled"
    with pytest.raises(InputError, match=r"model 'resnets'.*Did you mean 'resnet'"):
        Config(model="resnets")


@pytest.mark.parametrize(
    ("given", "units"),
    [("256,128", (256, 128)), ("", ()), ((), ()), (["32"], (32,)), ((7, 8), (7, 8))],
)
def test_hidden_units(given, units):
    assert Config(hidden_units=given).hidden_units == units
    assert Config(hidden_units=given).network_settings.hidden_units == units


@pytest.mark.parametrize("given", ["0", "-3", "many", "1.5", "12,,x"])
def test_hidden_units_that_are_no_numbers_are_refused(given):
    with pytest.raises(InputError, match=r"--hidden_units=.*whole numbers, at least 1"):
        Config(hidden_units=given)


def test_features_are_checked_with_the_other_settings(tmp_path):
    with pytest.raises(InputError, match="Allowed: egemaps, files"):
        Config(features="melspec")
    with pytest.raises(InputError, match="needs the folder"):
        Config(features="files")
    assert Config().extractor == LogMel()
    text = Config(features="files", embeddings_dir=str(tmp_path))
    assert text.embeddings_dir == tmp_path
