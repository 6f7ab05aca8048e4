"""Crops, stretches and shifts: where windows lie and what is read through them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.augment import (
    NO_AUGMENTATION,
    Augmentation,
    Windows,
    draw_windows,
    read_windows,
)
from damldg_jax.batches import pack

SILENCE = -13.8
DRAWS = 2000
READ = jax.jit(read_windows, static_argnums=(3, 4))
STRETCH_ONLY = Augmentation(shift=(0.0, 0.0))


def read(store, utterance, start, rate, num_frames, shift=0):
    utterances = jnp.array([utterance], jnp.int32)
    windows = Windows(*(jnp.array([x], jnp.float32) for x in (start, shift, rate)))
    frames = READ(store, utterances, windows, num_frames, SILENCE)
    assert frames.dtype == jnp.float32
    assert frames.shape == (1, num_frames, store.frames.shape[1], 1)
    return np.asarray(frames)[0, ..., 0]


def ramp(length, offset=0.0):
    """An utterance whose frame t holds t and -2 t."""
    return np.outer(np.arange(length) + offset, [1.0, -2.0]).astype(np.float32)


def device(store):
    return jax.tree.map(jnp.asarray, store)


def alone(spectrogram):
    return device(pack([spectrogram], [0], 1))


def between_nans(spectrogram):
    """An utterance whose neighbours poison whatever touches them."""
    nan = np.full_like(spectrogram, np.nan)
    return device(pack([nan, spectrogram, nan], [0, 1, 0], 2))


@given(st.integers(-30, 30))
def test_without_stretch_frames_are_reproduced_between_exact_silence(start):
    spectrogram = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    padded = np.full((90, 2), SILENCE, np.float32)
    padded[40:49] = spectrogram
    actual = read(between_nans(spectrogram), 1, start, 1.0, 12)
    np.testing.assert_array_equal(actual, padded[40 + start :][:12])


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_stretching_a_ramp_changes_its_slope(rate):
    frames = read(alone(ramp(20)), 0, 3, rate, 10)
    expected = ramp(10, offset=3) * rate
    np.testing.assert_allclose(frames, expected, rtol=1e-6)


def test_interpolates_between_two_frames():
    store = alone(np.array([[0.0], [10.0], [-10.0]], np.float32))
    # At 0, 0.8, 1.6, and then past the end at 2.4 and 3.2.
    frames = read(store, 0, 0, 0.8, 5)[:, 0]
    np.testing.assert_allclose(frames, [0, 8, -2, SILENCE, SILENCE], atol=1e-5)
    np.testing.assert_array_equal(frames[3:], np.float32(SILENCE))


@given(
    st.floats(-60, 60, width=32).map(round),
    st.floats(0.5, 2.0, width=32),
    st.integers(1, 6),
)
def test_a_neighbour_is_never_read(start, rate, length):
    frames = read(between_nans(ramp(length)), 1, start, rate, 12)
    assert np.isfinite(frames).all()
    position = (np.float32(start) + np.arange(12, dtype=np.float32)) * np.float32(rate)
    outside = (position < 0) | (position > length - 1)
    np.testing.assert_array_equal(frames[outside], np.float32(SILENCE))
    expected = np.outer(position, [1, -2])[~outside]
    np.testing.assert_allclose(frames[~outside], expected, rtol=1e-5, atol=1e-5)


def test_leading_axes_are_free():
    store = device(pack([ramp(4), ramp(6, offset=100)], [0, 1], 2))
    utterances = jnp.array([[0, 1, 1], [1, 0, 0]])
    start = jnp.array([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0]])
    windows = Windows(start, jnp.zeros((2, 3)), jnp.ones((2, 3)))
    frames = READ(store, utterances, windows, 3, SILENCE)
    assert frames.shape == (2, 3, 3, 2, 1)
    np.testing.assert_array_equal(frames[:, :, 0, 0, 0], [[0, 101, 102], [103, 0, 1]])


def draws(length, num_frames, augmentation):
    lengths = jnp.full(DRAWS, length)
    windows = draw_windows(jax.random.key(0), lengths, num_frames, augmentation)
    assert all(x.shape == (DRAWS,) for x in windows)
    for whole in windows[:2]:
        np.testing.assert_array_equal(whole, np.round(whole))
    return tuple(map(np.asarray, windows))


@pytest.mark.parametrize(
    ("length", "places"),
    [(14, range(5)), (10, [0]), (7, range(-3, 1)), (1, range(-9, 1))],
    ids=["longer", "as long", "shorter", "one frame"],
)
def test_every_place_is_drawn_as_often(length, places):
    start, _, rate = draws(length, 10, NO_AUGMENTATION)
    np.testing.assert_array_equal(rate, np.ones_like(rate))
    counts = [(start == place).sum() for place in places]
    assert sum(counts) == DRAWS
    expected = DRAWS / len(places)
    # At most nine degrees of freedom: chance exceeds 33.7 once in 10 000.
    assert sum((n - expected) ** 2 for n in counts) / expected < 33.7


def test_a_short_utterance_lies_whole_between_silence():
    start, _, _ = draws(7, 10, NO_AUGMENTATION)
    for place in np.unique(start):
        frames = read(between_nans(ramp(7, offset=1)), 1, place, 1.0, 10)
        silent = (frames == np.float32(SILENCE)).all(axis=1)
        assert silent.sum() == 3
        np.testing.assert_array_equal(frames[~silent], ramp(7, offset=1))


def test_a_stretched_crop_lies_within_the_utterance():
    start, _, rate = draws(100, 40, STRETCH_ONLY)
    assert 0.8 <= rate.min() < 0.81
    assert 1.24 < rate.max() <= 1.25
    assert rate.mean() == pytest.approx(1.025, abs=0.02)
    assert start.min() == 0
    assert ((start + 39) * rate <= 99 + 1e-4).all()
    # The slack of the slowest is 85 frames and that of the fastest 40.
    assert 75 < start.max() <= 85


def test_a_shift_is_drawn_in_parts_of_the_length():
    start, shift, rate = draws(50, 50, Augmentation((1.0, 1.0), (-0.1, 0.1)))
    np.testing.assert_array_equal(np.unique(shift), np.arange(-5, 6))
    np.testing.assert_array_equal(start, np.zeros_like(start))
    np.testing.assert_array_equal(rate, np.ones_like(rate))
    _, one_way, _ = draws(50, 50, Augmentation((1.0, 1.0), (0.1, 0.1)))
    np.testing.assert_array_equal(one_way, np.full(DRAWS, 5.0))


@pytest.mark.parametrize("shift", [-3, 3])
def test_a_shift_brings_in_silence_even_where_the_utterance_goes_on(shift):
    crop = read(alone(ramp(50, offset=1)), 0, 20, 1.0, 10)
    moved = read(alone(ramp(50, offset=1)), 0, 20, 1.0, 10, shift)
    silence = np.full((3, 2), SILENCE, np.float32)
    expected = {3: [crop[3:], silence], -3: [silence, crop[:-3]]}[shift]
    np.testing.assert_array_equal(moved, np.concatenate(expected))


def test_draws_are_a_function_of_the_key_and_differ_by_utterance():
    lengths = jnp.full(8, 5000)
    one = draw_windows(jax.random.key(1), lengths, 400, Augmentation())
    same = draw_windows(jax.random.key(1), lengths, 400, Augmentation())
    other = draw_windows(jax.random.key(2), lengths, 400, Augmentation())
    jax.tree.map(np.testing.assert_array_equal, one, same)
    for drawn, different in zip(one, other, strict=True):
        assert len(np.unique(drawn)) > 6
        assert not np.array_equal(drawn, different)
