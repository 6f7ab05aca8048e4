"""Attention over frames: by hand, what it does not depend on, and what it learns."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.attentive import AttentivePooling, attention
from damldg_jax.pooling import FrameNorm, pool_statistics

FEATURES = 3


def test_weights_by_hand():
    scores = jnp.log(jnp.array([[1.0, 3.0, 50.0], [2.0, 2.0, 4.0], [1.0, 2.0, 3.0]]))
    counts = jnp.array([[True, True, False], [True] * 3, [False] * 3])
    np.testing.assert_allclose(
        attention(scores, counts),
        [[0.25, 0.75, 0], [0.25, 0.25, 0.5], [0, 0, 0]],
        rtol=1e-6,
    )


def test_weighted_statistics_by_hand():
    frames = jnp.array([[[1.0, 2.0], [5.0, 2.0], [9.0, 9.0]]])
    counts = jnp.array([[True, True, False]])
    statistics = pool_statistics(frames, counts, jnp.array([[0.25, 0.75, 0.0]]))
    np.testing.assert_allclose(statistics, [[4, 2, 3**0.5, 0]], atol=1e-6)


def test_normalised_frames_by_hand():
    """Means of utterances are 2 and 5; what lies around 3.5 is 3.25 and 2.25."""
    frames = jnp.array([[[1.0], [3.0]], [[5.0], [99.0]]])
    counts = jnp.array([[True, True], [True, False]])
    norm = FrameNorm()
    variables = norm.init(jax.random.key(0), frames, counts, False)
    x, updated = norm.apply(variables, frames, counts, True, mutable=["batch_stats"])
    expected = np.array([[[-2.5], [-0.5]], [[1.5], [0]]]) / 2.75**0.5
    np.testing.assert_allclose(x, expected, rtol=1e-5)
    np.testing.assert_allclose(updated["batch_stats"]["mean"], [0.35], rtol=1e-5)
    np.testing.assert_allclose(updated["batch_stats"]["var"], [1.175], rtol=1e-5)


def scored(frames, counts, seed=0):
    """Statistics by the attention of random weights."""
    pooling = AttentivePooling(4)
    variables = pooling.init(jax.random.key(seed), frames, counts, False)
    return pooling.apply(variables, frames, counts, False)


def drawn(seed, count):
    rng = np.random.default_rng(seed)
    frames = rng.normal(size=(2, 8, FEATURES)).astype(np.float32)
    return rng, frames, np.arange(8)[None] < np.array([[count], [8]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_the_order_of_frames_does_not_matter(seed, count):
    rng, frames, counts = drawn(seed, count)
    order = rng.permutation(8)
    np.testing.assert_allclose(
        scored(frames[:, order], counts[:, order]),
        scored(frames, counts),
        rtol=1e-4,
        atol=1e-5,
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_what_does_not_count_has_no_weight(seed, count):
    _, frames, counts = drawn(seed, count)
    np.testing.assert_allclose(
        scored(np.where(counts[..., None], frames, 7), counts)[:1],
        scored(frames[:1, :count], counts[:1, :count]),
        rtol=1e-4,
        atol=1e-5,
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_equal_frames_have_no_deviation(seed, count):
    _, frames, counts = drawn(seed, count)
    frames = np.repeat(frames[:, :1], 8, axis=1)
    mean, deviation = np.split(scored(frames, counts), 2, axis=1)
    np.testing.assert_allclose(deviation, 0, atol=1e-5)
    np.testing.assert_allclose(mean, frames[:, 0], rtol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.floats(-50, 50, width=32))
def test_weights_are_a_distribution_that_only_differences_make(seed, count, shift):
    rng, _, counts = drawn(seed, count)
    scores = rng.normal(0, 3, (2, 8)).astype(np.float32)
    weights = attention(scores, counts)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (np.asarray(weights)[~counts] == 0).all()
    np.testing.assert_allclose(
        attention(scores + np.float32(shift), counts), weights, rtol=1e-3, atol=1e-6
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_equal_scores_make_plain_statistics(seed, count):
    _, frames, counts = drawn(seed, count)
    weights = attention(jnp.full((2, 8), 3.0), counts)
    np.testing.assert_allclose(
        pool_statistics(frames, counts, weights),
        pool_statistics(frames, counts),
        rtol=1e-4,
        atol=1e-5,
    )
