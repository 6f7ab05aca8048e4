"""The network on statistics over time: what counts, and every algorithm with it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.meta import Batch
from damldg_jax.networks import NETWORKS, NetworkSettings
from damldg_jax.parallel import AXIS
from damldg_jax.pooled import pooled
from damldg_jax.pooling import pool_statistics
from tests.baselines import KEY, QUICK, TELLING, relative
from tests.tiny import CLASSES, FEATURES, tiny_batch

SILENCE = -2.0


@functools.cache
def network(hidden_units=(6,), axis_name=None):
    return pooled(
        CLASSES,
        FEATURES,
        hidden_units=hidden_units,
        silence=SILENCE,
        axis_name=axis_name,
    )


@functools.cache
def start(hidden_units=(6,)):
    return filled(network(hidden_units))


def filled(network):
    """Random weights, and statistics that are neither zero nor one."""
    rng = np.random.default_rng(0)
    params, batch_stats = jax.eval_shape(network.init, jax.random.key(0))
    params = jax.tree.map(
        lambda x: jnp.asarray(rng.normal(0, 0.5, x.shape), x.dtype), params
    )
    batch_stats = jax.tree.map(
        lambda x: jnp.asarray(rng.uniform(0.5, 1.5, x.shape), x.dtype), batch_stats
    )
    return params, batch_stats


def embeddings(*shape, seed=0):
    values = np.random.default_rng(seed).normal(size=(*shape, FEATURES, 1))
    return values.astype(np.float32)


def test_statistics_by_hand():
    frames = jnp.array([[[1.0, 5.0], [3.0, 5.0], [99.0, 99.0]], [[0.0, 0.0]] * 3])
    counts = jnp.array([[True, True, False], [False] * 3])
    np.testing.assert_allclose(
        pool_statistics(frames, counts), [[2, 5, 1, 0], [0, 0, 0, 0]], atol=1e-6
    )


@given(
    stn.arrays(
        np.float64,
        st.tuples(st.sampled_from([1, 4]), st.just(3)),
        elements=st.floats(-100, 100),
    )
)
def test_statistics_are_numpys(frames):
    with jax.enable_x64(True):
        counts = jnp.ones((1, len(frames)), bool)
        mean, deviation = jnp.split(
            pool_statistics(jnp.array(frames[None]), counts), 2, 1
        )
    np.testing.assert_allclose(mean[0], frames.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(deviation[0], frames.std(axis=0), atol=1e-9)


@pytest.mark.parametrize("hidden_units", [(), (6,), (5, 4)])
@pytest.mark.parametrize("frames", [1, 7])
def test_shapes(hidden_units, frames):
    params, batch_stats = start(hidden_units)
    inputs = embeddings(2, 4, frames)
    maps, updated = network(hidden_units).encode(params, batch_stats, inputs)
    units = hidden_units[-1] if hidden_units else 2 * FEATURES
    assert maps.shape == (2, 4, 1, 1, units)
    assert jax.tree.map(jnp.shape, updated) == jax.tree.map(jnp.shape, batch_stats)
    logits, embedding = network(hidden_units).evaluate(params, batch_stats, inputs)
    assert (logits.shape, embedding.shape) == ((2, 4, CLASSES), (2, 4, units))
    kernels = [x for x in jax.tree.leaves(params) if x.ndim == 2]
    assert len(kernels) == len(hidden_units) + 1


def evaluate(inputs, lengths=None):
    return np.asarray(network().evaluate(*start(), inputs, lengths).logits)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("frames", "before", "after"), [(1, 0, 4), (3, 2, 0), (6, 1, 3)]
)
def test_padding_changes_no_result(frames, before, after, told):
    speech = embeddings(1, frames)
    alone = evaluate(speech)
    padding = ((0, 0), (before, after), (0, 0), (0, 0))
    padded = np.pad(speech, padding, constant_values=SILENCE)
    lengths = np.array([before + frames]) if told else None
    np.testing.assert_allclose(evaluate(padded, lengths), alone, rtol=1e-5, atol=1e-5)


def test_frames_past_the_end_do_not_count_whatever_they_hold():
    speech = embeddings(3, 9)
    lengths = np.array([9, 4, 1])
    together = evaluate(speech, lengths)
    for number, length in enumerate(lengths):
        alone = evaluate(speech[number : number + 1, :length])
        np.testing.assert_allclose(together[number], alone[0], rtol=1e-5, atol=1e-5)
    assert np.abs(together - evaluate(speech)).max() > 0.01


def test_no_sound_at_all_gives_finite_outputs():
    silent = np.full((1, 5, FEATURES, 1), SILENCE, np.float32)
    assert np.isfinite(evaluate(silent)).all()


def test_in_training_padding_does_not_count_either():
    speech = embeddings(6, 5)
    padding = ((0, 0), (2, 1), (0, 0), (0, 0))
    padded = np.pad(speech, padding, constant_values=SILENCE)
    plain, plain_stats = network().encode(*start(), speech)
    maps, stats = network().encode(*start(), padded)
    np.testing.assert_allclose(maps, plain, rtol=1e-4, atol=1e-4)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-5), stats, plain_stats
    )


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_scale_of_embeddings_does_not_matter(scale):
    built = pooled(CLASSES, FEATURES, hidden_units=(6,))
    speech = embeddings(16, 5)
    expected, _ = built.encode(*start(), speech)
    actual, _ = built.encode(*start(), speech * np.float32(scale))
    np.testing.assert_allclose(actual, expected, rtol=0.01, atol=0.01)


def test_single_frames_have_no_deviation_that_could_tell_anything():
    """What the deviations' weights are does not matter then."""
    params, batch_stats = start()
    kernel = params["encoder"]["hidden1"]["kernel"]
    other = kernel.at[FEATURES:].add(1.0)
    changed = {**params, "encoder": {**params["encoder"], "hidden1": {"kernel": other}}}
    single, several = embeddings(8, 1), embeddings(8, 3)
    encode = network().encode
    np.testing.assert_allclose(
        encode(params, batch_stats, single)[0],
        encode(changed, batch_stats, single)[0],
        atol=1e-3,
    )
    difference = (
        encode(params, batch_stats, several)[0]
        - encode(changed, batch_stats, several)[0]
    )
    assert np.abs(difference).max() > 0.1


def test_statistics_are_those_by_which_the_batch_was_normalised():
    params, batch_stats = start()
    batch = embeddings(16, 5)
    statistics = network().statistics(params, batch_stats, batch)
    training = network().training_forward(batch_stats)(params, batch)[0]
    evaluated = network().evaluate(params, statistics, batch).logits
    np.testing.assert_allclose(evaluated, training, rtol=1e-3, atol=1e-3)


@functools.cache
def _step(method):
    batch = tiny_batch()
    algorithm = ALGORITHMS[method].factory(network(), TELLING, None)
    state = algorithm.init(start()[0], len(batch.labels))
    compiled = jax.jit(algorithm.gradient, compiler_options=QUICK)
    return functools.partial(compiled, *start(), state), batch


@pytest.mark.parametrize("method", ALGORITHMS)
def test_every_algorithm_descends(method):
    step, batch = _step(method)
    gradient, aux = step(batch, KEY)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves((gradient, aux.metrics)))
    norms = jax.tree.map(np.linalg.norm, gradient)
    # A bias in front of batch normalisation alone could have no gradient.
    assert min(jax.tree.leaves(norms)) > 1e-6


def test_rsc_mutes_channels_at_each_step_where_there_is_one_place():
    muting, batch = _step("rsc")
    plain, _ = _step("deep_all")
    for seed in range(4):
        key = jax.random.key(seed, impl="rbg")
        assert relative(muting(batch, key)[0], plain(batch, key)[0]) > 0.01


def test_eight_devices_equal_one():
    step, batch = _step("coral")
    expected, aux = step(batch, KEY)
    algorithm = ALGORITHMS["coral"].factory(network(axis_name=AXIS), TELLING, AXIS)
    state = algorithm.init(start()[0], len(batch.labels))

    def share(x):
        return x.reshape(x.shape[0], 8, -1, *x.shape[2:]).swapaxes(0, 1)

    mapped = jax.pmap(
        lambda part: algorithm.gradient(*start(), state, part, KEY),
        axis_name=AXIS,
        out_axes=None,
    )
    gradient, shared = mapped(Batch(share(batch.inputs), share(batch.labels)))
    assert relative(gradient, expected) < 1e-4
    np.testing.assert_allclose(
        shared.metrics["loss"], aux.metrics["loss"], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("channels", [1, 2])
def test_networks_of_the_table(name, channels):
    settings = NetworkSettings(depth=10, width=2, hidden_units=(4,))
    built = NETWORKS[name].factory(settings, 3, 8, channels=channels, silence=0.0)
    params, batch_stats = jax.eval_shape(built.init, jax.random.key(0))
    inputs = jax.ShapeDtypeStruct((2, 5, 40, 8, 1), jnp.float32)
    assert jax.eval_shape(built.evaluate, params, batch_stats, inputs).logits.shape == (
        2,
        5,
        3,
    )


def test_a_resnet_unfolds_channels_of_each_band():
    settings = NetworkSettings(depth=10, width=2)
    built = NETWORKS["resnet"].factory(settings, 3, 6, channels=3)
    params, batch_stats = filled(built)
    assert params["encoder"]["stem"]["kernel"].shape == (7, 7, 3, 2)
    # Without the weights of the second channel, its features tell nothing.
    kernel = params["encoder"]["stem"]["kernel"].at[:, :, 1].set(0)
    stem = {**params["encoder"], "stem": {"kernel": kernel}}
    inputs = np.random.default_rng(0).normal(size=(1, 40, 6, 1)).astype(np.float32)

    # In turn nothing and each of the features is changed.
    changed = np.repeat(inputs, 7, axis=0)
    for place in range(6):
        changed[place + 1, :, place] += 5
    logits, _ = jax.jit(built.evaluate, compiler_options=QUICK)(
        {**params, "encoder": stem}, batch_stats, changed, None
    )
    same = [np.allclose(row, logits[0], atol=1e-6) for row in logits[1:]]
    assert same == [False, True, False] * 2
