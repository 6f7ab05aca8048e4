"""Log-mel spectrograms against their definition, written out in NumPy."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.features import FEATURES, LogMel

RATE = 16_000
LOG_MEL = LogMel()


def mel(hz):
    return 2595 * np.log10(1 + hz / 700)


EDGES = 700 * (10 ** (np.linspace(mel(60), mel(7800), 66) / 2595) - 1)


def by_definition(waveform):
    starts = range(0, len(waveform) - 400 + 1, 160)
    frames = np.array([waveform[s : s + 400] for s in starts], np.float64)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    magnitude = np.abs(np.fft.rfft(frames * hann, 1024))
    bins = np.arange(513) * RATE / 1024
    filters = [np.interp(bins, EDGES[i : i + 3], [0, 1, 0]) for i in range(64)]
    return np.log(magnitude @ np.transpose(filters) + 1e-6)


def tone(hz, seconds=0.5, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


def speech_like():
    """Voiced syllables of a falling pitch, hiss between them, and true pauses."""
    time = np.arange(RATE) / RATE
    phase = 2 * np.pi * np.cumsum(180 - 60 * time) / RATE
    voiced = sum(np.sin(k * phase) / k**1.5 for k in range(1, 30))
    hiss = np.random.default_rng(0).normal(size=RATE)
    syllables = np.maximum(0, np.sin(2 * np.pi * 3 * time))
    breath = (np.sin(2 * np.pi * 3 * time) < -0.7) * 0.02
    return 0.3 * syllables * voiced + breath * hiss


def noise(size=RATE, level=0.1, seed=1):
    return level * np.random.default_rng(seed).normal(size=size)


SIGNALS = {
    "noise": noise(),
    "faint noise": noise(level=1e-5),
    "loud noise in float32": noise(level=1.0).astype(np.float32),
    "low tone": tone(100),
    "tone between two bins": tone(1007.3),
    "tone near the top": tone(7700),
    "tone above the bands": tone(7950, level=1.0),
    "silence": np.zeros(4000),
    "constant": np.full(4000, 0.5),
    "speech-like": speech_like(),
    "one frame": noise(400),
    "one sample short of two frames": noise(559),
    "two frames": noise(560),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_equals_the_definition(name):
    actual, expected = LOG_MEL(SIGNALS[name]), by_definition(SIGNALS[name])
    assert actual.dtype == np.float32
    assert actual.shape == expected.shape == (len(expected), 64)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4)


@given(st.integers(400, 3000), st.floats(-5, 0), st.integers(0, 2**32 - 1))
def test_any_noise_equals_the_definition(size, magnitude, seed):
    waveform = noise(size, 10**magnitude, seed)
    np.testing.assert_allclose(
        LOG_MEL(waveform), by_definition(waveform), rtol=0, atol=1e-4
    )


def impulse(place):
    waveform = np.zeros(400)
    waveform[place] = 1.0
    return LOG_MEL(waveform)[0]


def test_an_impulse_in_the_middle_is_as_loud_as_each_band_is_wide():
    # Its spectrum is 1 at every bin, so a band is the sum of its triangle. By hand, for
    # the top one: mel(60) = 92.682 and mel(7800) = 2813.812, 65 steps of 41.864; the
    # triangle goes from 7191.4 over 7490.0 to 7800 Hz, and its area over the spacing
    # of 15.625 Hz is 0.5 * 608.6 / 15.625 = 19.475.
    assert np.exp(impulse(200)[-1]) == pytest.approx(19.475, abs=0.01)


def test_the_window_is_a_periodic_hann():
    # 0.5 - 0.5 cos(2 pi n / 400): 1 in the middle, a half at 100, nothing at 0.
    np.testing.assert_allclose(impulse(100), impulse(200) - np.log(2), atol=1e-5)
    np.testing.assert_allclose(impulse(100), impulse(300), atol=1e-5)
    np.testing.assert_array_equal(impulse(0), np.full(64, LOG_MEL.silence, np.float32))


def test_golden_values():
    # Change them only together with the definition: stored features depend on them.
    # 1000 Hz lies between the peaks of bands 20 and 21, at 958.0 and 1020.8 Hz.
    full_scale = LOG_MEL(tone(1000, level=1.0))
    assert full_scale.shape == (48, 64)
    assert full_scale[7].argmax() == 21
    golden = [-5.315900, 5.643627, -9.388261]
    np.testing.assert_allclose(full_scale[7, [0, 21, 63]], golden, rtol=0, atol=1e-4)
    ramp = LOG_MEL(np.linspace(-1, 1, 720))[:, 0]
    golden = [2.184754, 1.886764, 2.186755]
    np.testing.assert_allclose(ramp, golden, rtol=0, atol=1e-4)


def test_silence_is_the_logarithm_of_the_offset():
    assert LOG_MEL.silence == pytest.approx(-13.815511, abs=1e-6)
    np.testing.assert_array_equal(LOG_MEL(np.zeros(1000)), np.float32(LOG_MEL.silence))


def test_no_sound_is_quieter_than_silence():
    assert LOG_MEL(noise(level=1e-9)).min() >= LOG_MEL.silence


def test_louder_by_a_factor_is_higher_by_its_logarithm():
    quiet, loud = LOG_MEL(noise(level=0.01)), LOG_MEL(noise(level=1.0))
    np.testing.assert_allclose(loud - quiet, np.log(100), atol=1e-3)


def test_later_by_a_hop_is_later_by_a_frame():
    waveform = noise(4000)
    np.testing.assert_array_equal(LOG_MEL(waveform[160:]), LOG_MEL(waveform)[1:])


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(0.0, 1), (0.025, 1), (0.0349, 1), (0.035, 2), (1.0, 98), (2.0, 198), (3.5, 348)],
)
def test_frames_of_a_duration(seconds, frames):
    assert LOG_MEL.num_frames(seconds) == frames


@given(st.integers(400, 20_000))
def test_a_duration_has_as_many_frames_as_its_spectrogram(samples):
    assert LOG_MEL.num_frames(samples / RATE) == len(LOG_MEL(np.zeros(samples)))


def test_settings():
    assert FEATURES["log_mel"] == LogMel()
    assert (LOG_MEL.num_features, LOG_MEL.frame_rate) == (64, 100.0)


def test_settings_take_effect():
    other = dataclasses.replace(LOG_MEL, num_mels=20, hop_length=80, offset=1e-3)
    features = other(noise(800))
    assert features.shape == (6, 20)
    assert other.silence == pytest.approx(np.log(1e-3))
    np.testing.assert_array_equal(LOG_MEL(noise(800)).shape, (3, 64))
