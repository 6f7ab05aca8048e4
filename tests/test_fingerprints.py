"""Fingerprints: what changes them and what does not."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from damldg_jax.fingerprints import HOP, SILENT, WINDOW, fingerprint
from tests.speech import speech

VOICE = speech(0)


def differing(first, second):
    say = (first != SILENT) & (second != SILENT)
    return np.bitwise_count(first ^ second)[say].mean() / 32


def sweep():
    time = np.arange(4800) / 16_000
    return np.sin(2 * np.pi * (400 * time + 2000 * time**2))


def test_the_words_of_a_sweep():
    # Written down once; another result means that all stored fingerprints are void.
    words = fingerprint(sweep())
    assert words.dtype == np.uint32
    assert [f"{word:08x}" for word in words[:4]] == [
        "0078000a",
        "00380000",
        "001c0000",
        "001e0000",
    ]


@pytest.mark.parametrize(
    ("samples", "words"),
    [(0, 0), (WINDOW, 0), (WINDOW + HOP - 1, 0), (WINDOW + HOP, 1), (16_000, 109)],
)
def test_a_word_for_each_hop_within_the_recording(samples, words):
    noise = np.random.default_rng(0).normal(size=samples)
    assert fingerprint(noise).shape == (words,)


def test_bands_that_rise_against_their_neighbour_set_their_bit():
    # 300 Hz dies away and 2900 Hz sets in: the first sign falls, the last one rises.
    time = np.arange(WINDOW + HOP) / 16_000
    fade = np.linspace(0, 1, len(time))
    low, high = np.sin(2 * np.pi * 305 * time), np.sin(2 * np.pi * 2900 * time)
    (word,) = fingerprint((1 - fade) * low + fade * high)
    assert word >> 31 == 1  # Of band 2 less band 1, of which band 1 falls.
    assert word & 1 == 1  # Of band 33, which holds 2900 Hz, less band 32.
    (opposite,) = fingerprint(fade * low + (1 - fade) * high)
    assert opposite >> 31 == 0
    assert opposite & 1 == 0


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_any_dtype_and_scale(dtype):
    scaled = VOICE / np.abs(VOICE).max()
    waveform = (scaled * 30_000).astype(dtype)
    assert differing(fingerprint(VOICE), fingerprint(waveform)) < 0.02


@hypothesis.given(st.floats(-150, 150))
@hypothesis.settings(max_examples=20)
def test_level_does_not_matter(decibels):
    louder = fingerprint(VOICE * 10 ** (decibels / 20))
    assert differing(fingerprint(VOICE), louder) < 1e-3


def test_silence_and_a_constant_have_no_say():
    assert (fingerprint(np.zeros(8000)) == SILENT).all()
    # With the last bit of 24 at random.
    last = 2.0**-23 * np.random.default_rng(0).integers(0, 2, 8000)
    assert (fingerprint(0.5 + last) == SILENT).all()
    assert (fingerprint(0.5 + 1000 * last) != SILENT).any()


def test_quiet_parts_have_no_say():
    rng = np.random.default_rng(0)
    level = np.repeat([1.0, 0.01, 1.0], 8000)
    words = fingerprint(level * rng.normal(size=24_000))
    loud = words != SILENT
    # 0.5 s each, less what the window of 0.128 s reaches into.
    assert loud[:46].all()
    assert not loud[63:108].any()
    assert loud[125:].all()


def test_what_sets_in_has_a_say_as_late_as_what_ends_loses_it():
    noise = np.random.default_rng(0).normal(size=WINDOW + 100 * HOP)
    noise[: len(noise) // 2] *= 1e-3
    begins, ends = fingerprint(noise) != SILENT, fingerprint(noise[::-1]) != SILENT
    np.testing.assert_array_equal(begins, ends[::-1])
    assert 50 < begins.sum() < 65


def test_a_fingerprint_of_a_shifted_recording_is_shifted():
    whole, later = fingerprint(VOICE), fingerprint(VOICE[5 * HOP :])
    assert differing(whole[5:], later) < 1e-3


def test_long_recordings_are_computed_in_parts_alike():
    noise = np.random.default_rng(0).normal(size=HOP * 9000)
    whole, end = fingerprint(noise), fingerprint(noise[HOP * 4500 :])
    assert differing(whole[4500:], end) < 1e-3


def test_channels_are_refused():
    with pytest.raises(ValueError, match="mono"):
        fingerprint(np.zeros((8000, 2)))
