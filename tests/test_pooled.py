"""The network on statistics over time of its inputs, and the table of networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from damldg_jax.networks import NETWORKS, NetworkSettings
from damldg_jax.pooling import pool_statistics
from tests.baselines import QUICK, relative
from tests.heads import embeddings, filled, head, start, step
from tests.tiny import FEATURES


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


def test_single_frames_have_no_deviation_that_could_tell_anything():
    """What the deviations' weights are does not matter then."""
    params, batch_stats = start("pooled")
    kernel = params["encoder"]["hidden1"]["kernel"]
    other = kernel.at[FEATURES:].add(1.0)
    changed = {**params, "encoder": {**params["encoder"], "hidden1": {"kernel": other}}}
    single, several = embeddings(8, 1), embeddings(8, 3)
    encode = head("pooled").encode
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


def test_names_of_its_parameters_are_those_of_models_that_there_are():
    params, batch_stats = start("pooled")
    assert jax.tree.map(jnp.shape, params["encoder"]) == {
        "hidden1": {"kernel": (2 * FEATURES, 6)},
        "norm1": {"bias": (6,), "scale": (6,)},
    }
    assert jax.tree.map(jnp.shape, batch_stats) == {
        "input_norm": {"mean": (2 * FEATURES,), "var": (2 * FEATURES,)},
        "norm1": {"mean": (6,), "var": (6,)},
    }


def test_rsc_mutes_channels_at_each_step_where_there_is_one_place():
    muting, batch = step("pooled", "rsc")
    plain, _ = step("pooled", "deep_all")
    for seed in range(4):
        key = jax.random.key(seed, impl="rbg")
        assert relative(muting(batch, key)[0], plain(batch, key)[0]) > 0.01


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
