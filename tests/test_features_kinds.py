"""Deltas, PCEN and MFCCs against librosa and against their definitions."""

import dataclasses
import json

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.features import FEATURES, LogMel, LogMelDeltas, Mfcc, Pcen

RATE = 16_000
LOG_MEL, DELTAS, PCEN, MFCC = (
    FEATURES[name] for name in ("log_mel", "log_mel_deltas", "pcen", "mfcc")
)
OFFSET = float(np.log(1e-6))


def noise(size=RATE, level=0.1, seed=1):
    return level * np.random.default_rng(seed).normal(size=size)


def rising(size=RATE):
    return np.linspace(0.01, 1, size) * noise(size, 0.2)


@pytest.fixture(scope="module")
def bands():
    """Mel magnitudes of a rising noise, [frames, 64]."""
    return LOG_MEL.magnitudes(rising())


def by_channel(features):
    return np.moveaxis(features.reshape(len(features), 64, 3), -1, 0)


def test_the_static_channel_is_the_log_mel_above_silence():
    static, _, _ = by_channel(DELTAS(rising()))
    np.testing.assert_allclose(static, LOG_MEL(rising()) - OFFSET, atol=2e-6)


def test_deltas_are_the_weighted_differences_of_nine_frames(bands):
    # Of the usual definition: sum_n n (c[t+n] - c[t-n]) / (2 sum_n n^2), n = 1..4,
    # the first and the last frame being repeated.
    logs = np.pad(np.log(bands + 1e-6), ((4, 4), (0, 0)), mode="edge")
    frames = len(bands)
    expected = sum(
        n * (logs[4 + n : 4 + n + frames] - logs[4 - n : 4 - n + frames])
        for n in range(1, 5)
    ) / (2 * (1 + 4 + 9 + 16))
    _, first, _ = by_channel(DELTAS(rising()))
    np.testing.assert_allclose(first, expected, atol=1e-5)


@pytest.mark.parametrize("order", [1, 2])
def test_deltas_are_librosas(bands, order):
    expected = librosa.feature.delta(
        np.log(bands + 1e-6).T, order=order, mode="nearest"
    ).T
    np.testing.assert_allclose(by_channel(DELTAS(rising()))[order], expected, atol=1e-5)


def test_of_a_parabola_the_deltas_are_its_derivatives(monkeypatch):
    frames = np.arange(50.0)
    bent = 0.02 * frames**2
    monkeypatch.setattr(LogMelDeltas, "above_silence", lambda *_: bent[:, None])
    static, first, second = DELTAS(np.zeros(1)).T
    inside = slice(4, -4)
    np.testing.assert_allclose(static, bent, rtol=1e-6)
    np.testing.assert_allclose(first[inside], 0.04 * frames[inside], rtol=1e-4)
    np.testing.assert_allclose(second[inside], 0.04, rtol=1e-4)


def pcen_by_definition(bands, s=0.024689453):
    """Wang et al. 2017, Eqs. (1) and (2), frame by frame."""
    energies = bands * 2.0**31
    level, rows = energies[0], []
    for energy in energies:
        level = (1 - s) * level + s * energy
        rows.append((energy / (1e-6 + level) ** 0.98 + 2) ** 0.5 - 2**0.5)
    return np.array(rows)


def test_pcen_equals_its_definition(bands):
    np.testing.assert_allclose(
        PCEN(rising()), pcen_by_definition(bands), rtol=1e-4, atol=1e-5
    )


def test_pcen_is_librosas(bands):
    expected = librosa.pcen(
        bands.T * 2**31,
        sr=RATE,
        hop_length=160,
        zi=scipy.signal.lfilter_zi([0.024689453], [1, 0.024689453 - 1])
        * bands[:1].T
        * 2**31,
    )
    np.testing.assert_allclose(PCEN(rising()), expected.T, rtol=1e-4, atol=1e-5)


def test_pcen_takes_loudness_out():
    quiet, loud = PCEN(noise(level=0.003)), PCEN(noise(level=0.3))
    # A hundredth is left of the level: 100 ** 0.02 = 1.0965 in the ratio to it.
    assert (loud.mean() - quiet.mean()) / quiet.mean() == pytest.approx(0.09, abs=0.04)
    gained = LOG_MEL(noise(level=0.3)) - LOG_MEL(noise(level=0.003))
    assert gained.mean() == pytest.approx(np.log(100), abs=0.01)


def test_pcen_does_not_start_with_a_burst():
    steady = PCEN(0.3 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE))[:, 21]
    np.testing.assert_allclose(steady, steady[-1], rtol=1e-3)


def test_mfccs_are_the_cosine_transform_of_the_bands(bands):
    logs = np.log(bands + 1e-6) - OFFSET
    expected = scipy.fft.dct(logs, type=2, norm="ortho", axis=1)[:, :40]
    np.testing.assert_allclose(MFCC(rising()), expected, rtol=1e-5, atol=1e-4)


def test_mfccs_are_librosas_but_for_the_level_of_silence(bands):
    expected = librosa.feature.mfcc(S=np.log(bands + 1e-6).T, n_mfcc=40).T
    expected[:, 0] -= OFFSET * np.sqrt(64)
    np.testing.assert_allclose(MFCC(rising()), expected, rtol=1e-5, atol=1e-4)


def test_golden_values():
    # Change them only together with the definitions: stored features depend on them.
    ramp = np.linspace(-1, 1, 720)
    golden = {
        "log_mel_deltas": [15.702274, 0.000333, 0.012943],
        "pcen": [0.374436, 0.366882, 0.347997],
        "mfcc": [62.203606, 21.640228, 4.115590],
    }
    for name, expected in golden.items():
        actual = FEATURES[name](ramp)[1, :3]
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("name", FEATURES)
def test_of_digital_silence_every_feature_is_silence(name):
    features = FEATURES[name]
    values = features(np.zeros(4000))
    np.testing.assert_array_equal(values, np.full_like(values, features.silence))


@pytest.mark.parametrize("name", FEATURES)
@given(st.integers(1600, 8000), st.floats(-5, 0), st.integers(0, 2**32 - 1))
def test_any_noise_gives_finite_features_of_the_shape_that_is_said(
    name, size, magnitude, seed
):
    features = FEATURES[name]
    values = features(noise(size, 10**magnitude, seed), "corpus/name")
    assert values.dtype == np.float32
    assert values.shape == (features.num_frames(size / RATE), features.num_features)
    assert np.isfinite(values).all()


@pytest.mark.parametrize("name", FEATURES)
def test_settings_are_json_and_name_their_features(name):
    features = FEATURES[name]
    settings = features.settings("corpus")
    assert settings == dataclasses.asdict(features)
    assert settings["name"] == name
    assert json.loads(json.dumps(settings)) == settings
    assert features.num_features % features.channels == 0
    assert features.network == "resnet"
    assert not features.notice


def test_settings_tell_all_kinds_apart():
    assert len({json.dumps(f.settings()) for f in FEATURES.values()}) == len(FEATURES)
    # Records of log-mel spectrograms that there are already stay valid.
    assert LOG_MEL.settings() == {
        "name": "log_mel",
        "sample_rate": 16_000,
        "frame_length": 400,
        "hop_length": 160,
        "fft_length": 1024,
        "num_mels": 64,
        "min_hz": 60.0,
        "max_hz": 7800.0,
        "offset": 1e-6,
    }


def test_settings_take_effect():
    short = noise(3000)
    assert Mfcc(num_coefficients=13)(short).shape == (17, 13)
    np.testing.assert_array_equal(Mfcc(num_coefficients=13)(short), MFCC(short)[:, :13])
    assert LogMelDeltas(num_mels=20)(short).shape == (17, 60)
    narrow, wide = LogMelDeltas(delta_width=3)(short), DELTAS(short)
    assert np.abs(by_channel(narrow)[1]).mean() > 2 * np.abs(by_channel(wide)[1]).mean()
    slow = Pcen(time_constant=2.0)(rising())
    assert slow[-20:].mean() > PCEN(rising())[-20:].mean()
    assert LogMel(offset=1e-3).silence == pytest.approx(np.log(1e-3))
