"""Convolutions over time: by hand, as flax has them, and what they hear."""

import flax.linen as nn
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.errors import InputError
from damldg_jax.networks import NetworkSettings, check
from damldg_jax.temporal import KERNEL, TemporalPooling, TimeConvolution

FEATURES, WIDTH = 3, 4


def test_a_convolution_by_hand():
    """One feature, one channel: each tap is told apart by a power of ten."""
    kernel = 10.0 ** np.arange(KERNEL).reshape(KERNEL, 1, 1)
    x = np.array([1.0, 0, 0, 2, 0, 0]).reshape(1, 6, 1)
    y = TimeConvolution(1).apply({"params": {"kernel": kernel}}, x)
    np.testing.assert_allclose(y.ravel(), [100, 20010, 2001, 200, 20, 2])


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_a_convolution_is_that_of_flax(seed, frames):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, frames, FEATURES)).astype(np.float32)
    kernel = rng.normal(size=(KERNEL, FEATURES, WIDTH)).astype(np.float32)
    variables = {"params": {"kernel": kernel}}
    layer = nn.Conv(WIDTH, (KERNEL,), padding=KERNEL // 2, use_bias=False)
    np.testing.assert_allclose(
        TimeConvolution(WIDTH).apply(variables, x),
        layer.apply(variables, x),
        rtol=1e-4,
        atol=1e-5,
    )


def convolved(frames, counts):
    pooling = TemporalPooling(WIDTH)
    variables = pooling.init(jax.random.key(0), frames, counts, False)
    return np.asarray(pooling.apply(variables, frames, counts, False))


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 6))
def test_padding_on_both_sides_changes_nothing(seed, frames, before):
    rng = np.random.default_rng(seed)
    speech = rng.normal(size=(1, frames, FEATURES)).astype(np.float32)
    padded = np.full((1, frames + 9, FEATURES), 5, np.float32)
    padded[:, before : before + frames] = speech
    place = np.arange(frames + 9)[None]
    np.testing.assert_allclose(
        convolved(padded, (place >= before) & (place < before + frames)),
        convolved(speech, np.ones((1, frames), bool)),
        rtol=1e-4,
        atol=1e-5,
    )


def test_it_hears_the_order_of_frames():
    speech = np.random.default_rng(0).normal(size=(1, 9, FEATURES)).astype(np.float32)
    counts = np.ones((1, 9), bool)
    backward = convolved(speech[:, ::-1], counts)
    assert np.abs(convolved(speech, counts) - backward).max() > 0.05


def test_a_single_channel_is_refused():
    with pytest.raises(InputError, match=r"--model_width=1 .*needs at least 2"):
        check("temporal", NetworkSettings(width=1))
    check("temporal", NetworkSettings(width=2))
    check("attentive", NetworkSettings(width=1))
