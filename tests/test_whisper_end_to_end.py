"""From recordings through a speech encoder to results and predictions."""

import csv
import json

import numpy as np
import pytest
import soundfile
from safetensors.numpy import save_file

import damldg_jax
from damldg_jax.errors import InputError
from damldg_jax.features.speech_encoder import _stored
from damldg_jax.records import packed
from experiments.config import Config
from experiments.data import load
from experiments.experiment import run_experiments
from experiments.plan import make_plan
from experiments.prepare import prepare
from tests import plain_whisper

RATE = 16_000
CORPORA = ("one", "two", "three")
# Pitches that are told apart by a random encoder.
PITCHES = {"anger": 400.0, "happiness": 250.0, "sadness": 120.0}


def voice(hz, seconds, rng):
    time = np.arange(round(seconds * RATE)) / RATE
    waves = sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 9))
    return 0.1 * waves + 0.005 * rng.normal(size=len(time))


def write_corpora(folder, per_corpus=24):
    for corpus in CORPORA:
        rng = np.random.default_rng([*corpus.encode()])
        rows = []
        for number in range(per_corpus):
            emotion = [*PITCHES][number % 3]
            path = folder / corpus / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            hz = PITCHES[emotion] * rng.uniform(0.9, 1.1)
            soundfile.write(path, voice(hz, rng.uniform(0.3, 0.6), rng), RATE)
            rows.append([path.name, emotion, f"s{number // 6}"])
        with (folder / corpus / "manifest.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["path", "emotion", "speaker"], *rows])


def settings(folder, **changes):
    given = {
        "corpora": [f"{name}={folder}/{name}/manifest.csv" for name in CORPORA],
        "target": "three",
        "emotions": tuple(PITCHES),
        "features": "whisper",
        "encoder_weights": folder / "encoder.safetensors",
        "data_dir": folder / "records",
        "workdir": folder / "run",
        "methods": ("deep_all", "da_mldg"),
        "hidden_units": (),
        "batch_size": 16,
        "steps": 40,
        "evaluate_every": 20,
        "parallel": "none",
    }
    return Config(**{**given, **changes})


def folders_of(config):
    return sorted((config.workdir / "runs").glob("*/*/trial_0"))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    write_corpora(folder)
    save_file(plain_whisper.random_weights(layers=2), folder / "encoder.safetensors")
    return folder


def read(config):
    plan = make_plan(config)
    prepare(plan.sources, config)
    return load(plan.sources, config)


@pytest.mark.parametrize(
    ("output", "factor"), [("statistics", 2), ("quantiles", 5), ("frames", 1)]
)
def test_records_are_half_precision_and_the_same_each_time(
    place, output, factor, capfd
):
    changes = {"encoder_output": output, "data_dir": place / f"records_{output}"}
    config = settings(place, **changes)
    dataset = read(config).dataset
    # tensorflow-datasets advises its developers of something at each such feature.
    assert "FeatureConnector" not in capfd.readouterr().err
    frames = [len(x) for x in dataset.features]
    assert {x.dtype for x in dataset.features} == {np.dtype(np.float16)}
    assert dataset.features[0].shape[1] == factor * 64 == config.extractor.num_features
    assert (max(frames) == 1) == (output != "frames")
    if output == "frames":
        assert dataset.frame_rate == pytest.approx(50, rel=0.05)
    again = settings(place, **changes | {"data_dir": place / f"again_{output}"})
    for one, other in zip(dataset.features, read(again).dataset.features, strict=True):
        np.testing.assert_array_equal(one, other)
    # The packed copy says what the TFRecords say.
    name, stored = "one", config.extractor.settings("one")
    tfrecords = pytest.importorskip("damldg_jax.records.tfrecords")
    examples = tfrecords.read(config.data_dir, name, stored)
    copied = packed.read(config.data_dir, name, stored).examples
    for one, other in zip(examples, copied, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        assert one.features.dtype == other.features.dtype


def test_a_run_learns_and_its_model_hears_recordings(place, capsys):
    config = settings(place, normalization="speaker", variants=("speed_1.05",))
    entries = run_experiments(config)
    assert "TRANSDUCTIVE" in capsys.readouterr().out
    assert len(entries) == 4
    for entry in entries:
        assert entry["uar"] > 0.6
        assert entry["normalization"] == "speaker"
    for folder in folders_of(config):
        account = json.loads((folder / "run.json").read_text())
        assert [*account["altered_data"]] == ["one+speed_1.05", "two+speed_1.05"]
    with pytest.raises(InputError, match=r"encoder_weights=\.\.\."):
        damldg_jax.load(folder)
    model = damldg_jax.load(folder, encoder_weights=config.encoder_weights)
    rng = np.random.default_rng(7)
    # A single one, by the prior alone; then one after the other.
    model.predict(voice(120.0, 0.5, rng), RATE)
    stream = model.stream()
    told = []
    for _ in range(3):
        for emotion, hz in PITCHES.items():
            said = stream.predict(voice(hz, 0.5, rng), RATE, speaker="somebody")
            told.append(said.emotion == emotion)
    assert sum(told[3:]) >= 4


def test_other_weights_are_refused(place, tmp_path):
    run_experiments(settings(place, methods=("deep_all",), workdir=place / "other"))
    other = tmp_path / "other.safetensors"
    save_file(plain_whisper.random_weights(seed=1), other)
    with pytest.raises(InputError, match="the weights of the encoder are others"):
        read(settings(place, encoder_weights=other))
    (folder,) = folders_of(settings(place, workdir=place / "other"))
    with pytest.raises(InputError, match=r"a model of other features .*: weights"):
        damldg_jax.load(folder, encoder_weights=other)


def test_a_run_on_a_stream(place):
    config = settings(
        place, normalization="stream", methods=("deep_all",), workdir=place / "stream"
    )
    last, _ = run_experiments(config)
    assert last["transductive"]
    assert last["uar"] > 0.5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"encoder_weights": None}, r"--features=whisper .*--encoder_weights=None.*"),
        ({"features": "log_mel"}, r"--features=whisper need the weights"),
        ({"encoder_layer": "x"}, r"--encoder_layer=x: .* or nothing for the middle"),
        ({"encoder_layer": "-1"}, r"--encoder_layer=-1"),
        ({"variants": "nois"}, "Did you mean 'noise'"),
        ({"label_smoothing": 0.1, "target_kind": "dimensions"}, "no classes"),
    ],
)
def test_settings_that_do_not_go_together(place, changes, reason):
    with pytest.raises(InputError, match=reason):
        settings(place, **changes)


def test_a_layer_that_does_not_exist(place):
    with pytest.raises(InputError, match=r"--encoder_layer=3: .* 0, .* to 2"):
        read(settings(place, encoder_layer=3, data_dir=place / "none"))


def test_what_half_precision_cannot_hold_is_no_features():
    kept = _stored(np.full((2, 3), 65_000, np.float32))
    assert np.isfinite(kept).all()
    refused = _stored(np.array([[1.0, 1e6]], np.float32))
    assert "not finite, as float16: choose another --encoder_layer" in str(refused)


def test_several_layers_stand_side_by_side(place):
    both = settings(place, encoder_layer="2,0", data_dir=place / "both")
    joined = read(both).dataset.features[0][0]
    alone = [
        read(settings(place, encoder_layer=layer, data_dir=place / f"layer_{layer}"))
        for layer in (0, 2)
    ]
    means = [x.dataset.features[0][0][:64] for x in alone]
    np.testing.assert_allclose(joined[:128], np.concatenate(means), rtol=2e-3)


def test_the_targets_own_batch_statistics(place, capsys):
    changes = {"methods": ("deep_all",), "steps": 20}
    plain = settings(place, workdir=place / "plain", **changes)
    adapted = settings(
        place, workdir=place / "adapted", evaluation_statistics="target", **changes
    )
    before, after = (run_experiments(config)[0] for config in (plain, adapted))
    out = capsys.readouterr().out
    assert "TRANSDUCTIVE statistics" in out
    assert not before["transductive"]
    assert after["transductive"]
    assert after["adapted"] == "batch_statistics"
    told = [
        next(config.workdir.glob("runs/*/*/trial_0/predictions.csv")).read_text()
        for config in (plain, adapted)
    ]
    assert told[0] != told[1]


def test_weights_are_read_once_unless_they_are_replaced(place, tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_file(plain_whisper.random_weights(layers=1), path)
    config = settings(place, encoder_weights=path, variants=("noise",))
    first = config.extractor
    assert settings(place, encoder_weights=path).extractor is first
    assert config.altered("noise").extractor.encoder is first.encoder
    before = first.settings()
    save_file(plain_whisper.random_weights(seed=1, layers=2), path)
    after = settings(place, encoder_weights=path).extractor
    assert after.settings()["weights"] != before["weights"]
    assert after.encoder.num_layers == 2


def test_adapting_needs_statistics_over_the_batch():
    with pytest.raises(InputError, match="no statistics over the batch"):
        Config(evaluation_statistics="target", network_norm="group")


def test_a_model_of_altered_recordings_needs_the_weights_too(place):
    config = settings(
        place,
        features="whisper+noise",
        methods=("deep_all",),
        workdir=place / "noisy",
        data_dir=place / "noisy_records",
    )
    run_experiments(config)
    (folder,) = folders_of(config)
    with pytest.raises(InputError, match=r"encoder_weights=\.\.\."):
        damldg_jax.load(folder)
    model = damldg_jax.load(folder, encoder_weights=config.encoder_weights)
    assert model.predict(voice(120.0, 0.5, np.random.default_rng(0)), RATE).emotion
