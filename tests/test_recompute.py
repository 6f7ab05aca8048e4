import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.augment import NO_AUGMENTATION
from damldg_jax.batches import draw_utterances, pack, pack_domains
from damldg_jax.parallel import replicate
from damldg_jax.recompute import NUM_BATCHES, SEED, compile_recompute
from damldg_jax.sampling import Windowing
from tests.tiny import FEATURES, FRAMES, smooth_network, tiny_batch, tiny_resnet

WINDOWING = Windowing(FRAMES, -2.0, NO_AUGMENTATION)
DOMAINS = pack_domains([np.arange(0, 12), np.arange(12, 20)])
ONE = tuple(jax.local_devices()[:1])


def recomputed(network, params, batch_stats, store, domains=DOMAINS, devices=ONE):
    recompute = compile_recompute(network, WINDOWING, 4, devices)
    return recompute(*replicate((params, batch_stats, store, domains), devices))


@pytest.fixture(scope="module")
def store():
    rng = np.random.default_rng(0)
    spectrograms = rng.normal(1, 2, size=(20, FRAMES, FEATURES)).astype(np.float32)
    return jax.tree.map(jnp.asarray, pack(list(spectrograms), [0] * 20, 1))


def test_statistics_of_a_batch_are_its_own():
    """Normalising by them is normalising by the batch."""
    network = tiny_resnet()
    params, batch_stats = network.init(jax.random.key(0))
    inputs = tiny_batch().inputs
    statistics = jax.jit(network.statistics)(params, batch_stats, inputs)
    by_batch = network.classify(params, network.encode(params, batch_stats, inputs)[0])
    by_statistics = network.evaluate(params, statistics, inputs, None).logits
    np.testing.assert_allclose(by_statistics, by_batch, rtol=1e-3, atol=1e-3)


def test_recomputed_statistics_are_the_mean_over_training_batches(store):
    """Of windows as long as the utterances nothing is cut: the mean is known."""
    network = smooth_network()
    params, batch_stats = network.init(jax.random.key(0))
    actual = recomputed(network, params, batch_stats, store)
    drawn = [draw_utterances(DOMAINS, 4, step, SEED) for step in range(NUM_BATCHES)]
    frames = np.asarray(store.frames).reshape(20, FRAMES, FEATURES)
    expected = frames[np.concatenate(drawn)].mean(axis=(0, 1, 2)) @ params["first"]
    np.testing.assert_allclose(actual["mean"], expected, rtol=1e-4, atol=1e-5)


def test_they_depend_on_neither_the_running_ones_nor_the_call(store):
    network = smooth_network()
    params, batch_stats = network.init(jax.random.key(0))
    one = recomputed(network, params, batch_stats, store)
    other = recomputed(network, params, {"mean": jnp.full(5, 9.0)}, store)
    np.testing.assert_array_equal(one["mean"], other["mean"])


def test_utterances_of_other_domains_have_no_part(store):
    network = smooth_network()
    params, batch_stats = network.init(jax.random.key(0))
    frames = store.frames.at[12 * FRAMES :].set(jnp.nan)
    poisoned = store._replace(frames=frames)
    domains = pack_domains([np.arange(12)])
    statistics = recomputed(network, params, batch_stats, poisoned, domains)
    assert np.isfinite(statistics["mean"]).all()


@pytest.mark.parametrize("count", [3, 8])
def test_whatever_the_number_of_devices_they_are_the_same(store, count):
    """Three does not divide the batches: what is seen twice counts once."""
    network = smooth_network()
    params, batch_stats = network.init(jax.random.key(0))
    devices = tuple(jax.local_devices()[:count])
    one = recomputed(network, params, batch_stats, store)
    many = recomputed(network, params, batch_stats, store, devices=devices)
    np.testing.assert_array_equal(one["mean"], many["mean"])
