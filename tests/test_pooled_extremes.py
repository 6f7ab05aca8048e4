"""What training never varied, and padding that methods mix, under pooled statistics."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.meta import Batch
from damldg_jax.pooled import pooled
from damldg_jax.pooling import counted_frames
from tests.baselines import KEY, QUICK, transparent

FEATURES = 4
# Of the paper's log-mel spectrograms.
SILENCE = float(np.log(np.float32(1e-6)))


@functools.cache
def linear():
    """A network whose logits are the sums of all normalised statistics."""
    network = pooled(1, FEATURES, hidden_units=())
    params, batch_stats = network.init(jax.random.key(0))
    kernel = params["classifier"]["kernel"]
    params["classifier"]["kernel"] = jnp.ones_like(kernel)
    quick = {n: jax.jit(getattr(network, n)) for n in ("statistics", "evaluate")}
    return network._replace(**quick), params, batch_stats


def logits(training, tested):
    """Of utterances, by the statistics of others."""
    network, params, batch_stats = linear()
    statistics = network.statistics(params, batch_stats, training)
    return np.asarray(network.evaluate(params, statistics, tested, None).logits)


def utterances(number, frames, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(3, 1, (number, frames, FEATURES, 1))
    return values.astype(np.float32)


@pytest.mark.parametrize("value", [0.0, 0.3, -1234.567])
@pytest.mark.parametrize("frames", [1, 7])
def test_a_feature_that_training_never_varied_tells_nothing(value, frames):
    training, tested = utterances(30, frames), utterances(5, frames, seed=1)
    training[:, :, 2] = tested[:, :, 2] = value
    expected = logits(training, tested)
    tested[:, :, 2] += 0.01
    np.testing.assert_allclose(logits(training, tested), expected, rtol=1e-4, atol=1e-4)
    # Which is no matter of its size, if training did vary it.
    training[:, :, 2] += 1e-3 * utterances(30, frames, seed=2)[:, :, 0]
    if abs(value) < 1:  # Beside more even a thousandth is rounding.
        assert np.abs(logits(training, tested) - expected).max() > 0.1


def test_deviations_tell_nothing_to_who_learnt_from_single_frames():
    training, tested = utterances(32, 1), utterances(5, 3, seed=1)
    means = tested.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(
        logits(training, tested), logits(training, means), rtol=1e-4, atol=1e-4
    )


def test_what_varied_little_is_held_at_ten_deviations():
    training = utterances(32, 1)
    # One frame, so that the four means alone tell: the fourth is a thousand off.
    tested = np.tile(training.mean(axis=0), (2, 1, 1, 1))
    tested[0, 0, 3], tested[1, 0, 3] = tested[0, 0, 3] + 1000, tested[1, 0, 3] - 1000
    np.testing.assert_allclose(logits(training, tested), [[10], [-10]], atol=1e-4)


def test_within_a_batch_nothing_is_held():
    """A single one apart from all others is as far off as can be."""
    training = np.zeros((82, 1, FEATURES, 1), np.float32)
    training[0, 0, 0] = 1
    furthest = logits(training, training)[0, 0]
    np.testing.assert_allclose(furthest, 9, rtol=1e-5)


@given(st.floats(0, 1, width=32), st.sampled_from([SILENCE, -4.6, 0.0, 1e-3]))
def test_silence_mixed_with_silence_is_silence(own, silence):
    own, silence = np.float32(own), np.float32(silence)
    mixed = np.full((3, FEATURES, 1), own * silence + (1 - own) * silence)
    assert not counted_frames(mixed, float(silence)).any()
    mixed[1, 2] += 0.01
    assert counted_frames(mixed, float(silence)).tolist() == [False, True, False]


def _padded(lengths=((3, 8), (5, 2)), frames=12):
    """Utterances [2, 2, frames, features, 1] that begin at the third frame."""
    batch = np.full((2, 2, frames, FEATURES, 1), SILENCE, np.float32)
    for domain, pair in enumerate(lengths):
        for slot, length in enumerate(pair):
            (speech,) = utterances(1, length, seed=length)
            batch[domain, slot, 2 : 2 + length] = speech - 5 * domain
    return batch


def _seen(method, inputs, counts):
    """The inputs that a network is given in their place."""
    network = transparent()._replace(counts=counts)
    settings = Hyperparameters(mixstyle_probability=1.0)
    algorithm = ALGORITHMS[method].factory(network, settings, None)
    batch = Batch(jnp.asarray(inputs), jnp.zeros(inputs.shape[:2], jnp.int32))
    step = jax.jit(algorithm.gradient, compiler_options=QUICK)
    return np.asarray(step(jnp.ones(1), (), (), batch, KEY)[1].batch_stats)


COUNTS = functools.partial(counted_frames, silence=SILENCE)


def test_mixstyle_leaves_padding_silent():
    inputs = _padded()
    altered = _seen("mixstyle", inputs, COUNTS)
    padding = inputs == SILENCE
    np.testing.assert_array_equal(altered[padding], inputs[padding])
    assert (altered != inputs)[~padding].mean() > 0.95
    # What does not leave padding out takes it for a part of the style.
    assert (_seen("mixstyle", inputs, None) != inputs)[padding].all()


def test_padding_is_no_part_of_the_style_that_mixstyle_mixes():
    short = _padded(((3, 3), (3, 3)), frames=5)
    longer = np.pad(
        short, [(0, 0), (0, 0), (4, 9), (0, 0), (0, 0)], constant_values=SILENCE
    )
    altered = _seen("mixstyle", longer, COUNTS)
    expected = _seen("mixstyle", short[:, :, 2:], None)
    np.testing.assert_allclose(altered[:, :, 6:9], expected, rtol=1e-4, atol=1e-4)


def test_mixstyle_stands_an_utterance_that_is_silence_throughout():
    inputs = _padded(((0, 4), (5, 0)))
    altered = _seen("mixstyle", inputs, COUNTS)
    assert np.isfinite(altered).all()
    np.testing.assert_array_equal(altered[0, 0], inputs[0, 0])


def test_mixup_makes_no_frames_of_padding():
    inputs = _padded(((3, 3), (3, 3)))
    counted = np.asarray(COUNTS(jnp.asarray(_seen("mixup", inputs, COUNTS))))
    np.testing.assert_array_equal(counted.sum(axis=-1), [[3, 3], [3, 3]])


def test_the_pooled_network_says_which_frames_count():
    network = pooled(2, FEATURES, silence=SILENCE)
    np.testing.assert_array_equal(
        network.counts(_padded()).sum(axis=-1), [[3, 8], [5, 2]]
    )
