import dataclasses

import jax
import numpy as np
import pytest

import damldg_jax
from damldg_jax.errors import InputError
from damldg_jax.features import LogMel
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.prediction.model import Model, Piece
from tests import trained
from tests.trained import RATE, voice


@pytest.fixture(scope="module")
def model():
    return Model(trained.contents(), LogMel())


def by_hand(model, frames):
    """What the network itself says of frames of at least the least length."""
    contents = model.contents
    network = contents.description.build()
    given = contents.params, contents.batch_stats, frames[None, :, :, None]
    return jax.nn.softmax(network.evaluate(*given).logits)[0]


def test_a_prediction_is_what_the_network_says(model):
    wave = voice(0.9)
    said = model.predict(wave, RATE)
    expected = by_hand(model, LogMel()(wave))
    np.testing.assert_allclose(list(said.probabilities.values()), expected, rtol=1e-5)
    assert said.emotion == trained.CLASSES[int(expected.argmax())]
    assert said.nearest in trained.DOMAINS
    assert said.embedding.shape == (16,)


def test_what_is_predicted_together_does_not_matter(model):
    waves = [voice(s, hz) for s, hz in ((0.3, 100), (2.0, 200), (0.9, 150), (2.1, 90))]
    together = model.predict_all(waves, RATE)
    for wave, said in zip(waves, together, strict=True):
        alone = model.predict(wave, RATE)
        np.testing.assert_allclose(
            list(said.probabilities.values()),
            list(alone.probabilities.values()),
            rtol=1e-4,
        )
        assert said.energy == pytest.approx(alone.energy, rel=1e-4)


def test_a_short_recording_lies_in_the_middle_of_silence(model):
    frames = LogMel()(voice(0.2))
    laid = np.full((58, 64), LogMel().silence, np.float32)
    start = (58 - len(frames)) // 2
    laid[start : start + len(frames)] = frames
    (said,) = model.predict_pieces([Piece(frames)])
    expected = by_hand(model, laid)
    np.testing.assert_allclose(list(said.probabilities.values()), expected, rtol=1e-5)


def test_channels_and_rates_are_brought_together(model):
    wave = voice(0.9).astype(np.float32)
    stereo = np.stack([wave, np.zeros_like(wave)], axis=1) * 2
    assert model.predict(stereo, RATE).energy == pytest.approx(
        model.predict(wave, RATE).energy, rel=1e-5
    )
    assert model.frames(voice(0.9), 2 * RATE).shape == (43, 64)


@pytest.mark.parametrize(
    ("waveform", "rate", "message"),
    [
        (np.zeros(RATE), RATE, "silent"),
        (voice(0.05), RATE, "too short"),
        (np.full(RATE, np.nan), RATE, "not finite"),
        (voice(1) * 1e6, RATE, "far too loud"),
        ((voice(1) * 32767).astype(np.int16), RATE, "divided by 32768"),
        (np.zeros((2, RATE)), RATE, "2 samples"),
        (np.zeros((1, 2, 3)), RATE, "a waveform is"),
        (voice(1), 10, "sampling rate of 10 Hz"),
        (np.zeros(0), RATE, "no samples"),
    ],
)
def test_what_is_no_recording_is_refused(model, waveform, rate, message):
    with pytest.raises(InputError, match=message):
        model.predict(waveform, rate)


def test_a_long_recording_window_by_window(model):
    wave = np.concatenate([voice(1.5, 100), np.zeros(RATE), voice(1.3, 300)])
    found = model.timeline(wave, RATE, window_seconds=1.0, hop_seconds=0.5)
    starts = [span.start for span in found.spans]
    # From 1.5 to 2.5 s all is silent; the last window ends with the recording.
    assert starts == pytest.approx([0, 0.5, 1, 2, 2.5, 2.8])
    assert found.spans[-1].end == pytest.approx(3.8)
    piece = voice(1.5, 100)[8000:24000]
    assert found.predictions[1].energy == pytest.approx(
        model.predict(piece, RATE).energy, rel=1e-4
    )
    assert sum(found.mean().values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("window", "hop", "message"),
    [(0.0, 1.0, "at least"), (1.0, 0.0, "apart"), (1.0, 2.0, "leave gaps")],
)
def test_windows_that_there_cannot_be_are_refused(model, window, hop, message):
    with pytest.raises(InputError, match=message):
        model.timeline(voice(3), RATE, window, hop)


def test_statistics_of_the_training_are_applied():
    shift, scale = np.full(64, -3, np.float32), np.full(64, 0.5, np.float32)
    given = trained.contents(normalization="training", silence=0.0)
    model = Model(given._replace(shift=shift, scale=scale), LogMel())
    wave = voice(0.9)
    expected = by_hand(model, (LogMel()(wave) + 3) / 2)
    said = model.predict(wave, RATE).probabilities
    np.testing.assert_allclose(list(said.values()), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("normalization", "same"),
    [
        ("utterance", (0, 1, 2)),
        ("speaker", (0, 0, 1)),
        ("corpus", (0, 0, 0)),
    ],
)
def test_recordings_are_normalised_by_those_they_go_with(normalization, same):
    contents = trained.contents(normalization=normalization, silence=0.0)
    model = Model(contents, LogMel())
    waves = [voice(0.9, hz) for hz in (100, 200, 300)]
    frames = [LogMel()(wave).astype(float) for wave in waves]
    said = model.predict_all(waves, RATE, ["s", "s", "t"])
    for number, group in enumerate(same):
        members = [f for f, g in zip(frames, same, strict=True) if g == group]
        pooled = np.concatenate(members)
        own = (frames[number] - pooled.mean(axis=0)) / pooled.std(axis=0)
        expected = by_hand(model, own.astype(np.float32))
        probabilities = list(said[number].probabilities.values())
        np.testing.assert_allclose(probabilities, expected, rtol=1e-3)


def test_nothing_would_be_left_of_statistics_normalised_by_themselves():
    given = {"network": "pooled", "normalization": "corpus", "silence": 0.0}
    model = Model(trained.contents(**given), LogMel())
    assert model.needs_others
    with pytest.raises(InputError, match="several recordings together"):
        model.predict(voice(1), RATE)
    assert len(model.predict_all([voice(1), voice(1, 200)], RATE)) == 2


def test_every_normalisation_is_one_that_a_model_can_have():
    for name in NORMALIZATIONS:
        given = trained.contents(normalization=name, silence=0.0)
        given = given._replace(
            shift=np.zeros(64, np.float32),
            scale=np.ones(64, np.float32),
            prior_frames=20.0 if name == "stream" else None,
        )
        said = Model(given, LogMel()).predict(voice(0.8), RATE)
        assert sum(said.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_dimensions_have_values_and_no_emotion():
    names = ["arousal", "valence", "dominance"]
    given = trained.contents(classes=names, dimension_bins=5, target="dimensions")
    said = Model(given, LogMel()).predict(voice(1), RATE)
    assert said.emotion == ""
    assert all(-1 <= value <= 1 for value in said.probabilities.values())


def test_the_library_call(tmp_path):
    path = trained.write(tmp_path / "models" / "last.safetensors")
    model = damldg_jax.load(tmp_path)
    assert model.classes == tuple(trained.CLASSES)
    said, again = (m.predict(voice(1), RATE) for m in (model, damldg_jax.load(path)))
    assert said.probabilities == again.probabilities
    assert said.familiarity == again.familiarity
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = damldg_jax.lod


def test_without_a_reference_nothing_is_called_unlike(tmp_path):
    path = trained.write(tmp_path / "m.safetensors", reference=False)
    said = damldg_jax.load(path).predict(voice(1), RATE)
    assert said.familiarity is None
    assert said.unlike is None
    assert said.nearest == ""


@pytest.mark.parametrize(
    ("features", "given", "message"),
    [
        ({"name": "os:system"}, None, "--model_features=os:system"),
        ({"name": "os:system"}, "os:popen", "not 'os:popen'"),
        ({"name": "files"}, None, "embeddings from files"),
        ({"name": "wav2vec"}, None, "Unknown features 'wav2vec'"),
        ({"name": "pixels"}, None, "Unknown features"),
        (LogMel(num_mels=32).settings(), None, "num_mels 32 instead of 64"),
    ],
)
def test_features_that_this_program_does_not_compute(
    tmp_path, features, given, message
):
    path = trained.write(tmp_path / "m.safetensors", features=features)
    with pytest.raises(InputError, match=message):
        damldg_jax.load(path, features=given)


@pytest.mark.parametrize("changes", [{"silence": 0.5}, {"num_features": 32}])
def test_features_of_another_shape_are_refused(tmp_path, changes):
    path = trained.write(tmp_path / "m.safetensors", **changes)
    with pytest.raises(InputError, match="their number, channels or silence"):
        damldg_jax.load(path)


def test_a_prediction_that_is_printed_says_whether_it_is_unlike(model):
    prediction = model.predict(voice(1.0), RATE)
    assert f", unlike={prediction.unlike}, " in repr(prediction)
    assert repr(prediction).startswith("Prediction(emotion=")
    assert "embedding" not in repr(prediction)


def test_a_prediction_is_immutable(model):
    said = model.predict(voice(1), RATE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        said.emotion = "joy"


def test_the_model_of_these_tests_has_something_to_say(model):
    said = model.predict_all([voice(1, hz) for hz in (100, 200, 300)], RATE)
    assert np.std([of.energy for of in said]) > 0.01
