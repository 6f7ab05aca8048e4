"""The training step: over devices, over time, and against its own past."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.augment import NO_AUGMENTATION, Augmentation
from damldg_jax.batches import Draw, pack, share_out, utterances_of_step
from damldg_jax.errors import InputError
from damldg_jax.parallel import AXIS, replicate
from damldg_jax.training import (
    Windowing,
    compile_train_step,
    init_state,
    sample_batch,
    train_step,
)
from tests.tiny import (
    CLASSES,
    FEATURES,
    FRAMES,
    smooth_network,
    tiny_batch,
    tiny_resnet,
)

WINDOWING = Windowing(FRAMES, -2.0, Augmentation())
OPTIMIZER = optax.sgd(0.05, momentum=0.9)
DOMAINS = [np.arange(0, 20), np.arange(20, 30), np.arange(30, 60)]
PER_DOMAIN = 8


@pytest.fixture(scope="module")
def store():
    """Sixty utterances whose class is the slope over their features."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, 60)
    slopes = np.linspace(-2, 2, FEATURES)
    spectrograms = [
        (rng.normal(size=(length, FEATURES)) + (label - 1) * slopes).astype(np.float32)
        for label, length in zip(labels, rng.integers(6, 30, 60), strict=True)
    ]
    return pack(spectrograms, labels, CLASSES)


NETWORK = smooth_network(AXIS)


@functools.cache
def compiled(method, network, num_devices):
    """Compiled once for all tests that use it."""
    algorithm = ALGORITHMS[method].factory(network, Hyperparameters(), AXIS)
    devices = jax.local_devices()[:num_devices]
    step = compile_train_step(algorithm, OPTIMIZER, WINDOWING, devices)
    return algorithm, step, devices


def train(method, num_devices, store, steps, seed=3, network=NETWORK):
    algorithm, step, devices = compiled(method, network, num_devices)
    state = init_state(network, algorithm, OPTIMIZER, seed, len(DOMAINS))
    state = replicate(state, devices)
    store = replicate(store, devices)
    losses = []
    for number in range(steps):
        drawn = utterances_of_step(DOMAINS, PER_DOMAIN, number, seed)
        drawn = Draw(share_out(drawn, len(devices)))
        state, metrics = step(state, store, drawn, np.uint32(seed))
        losses.append(float(metrics["loss"]))
    return state, losses


@pytest.mark.parametrize("method", ALGORITHMS)
def test_eight_devices_train_as_one(method, store):
    one, _ = train(method, 1, store, 20)
    eight, _ = train(method, 8, store, 20)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(eight), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_batch_normalisation_is_shared_among_devices():
    one, many = tiny_resnet(), tiny_resnet(AXIS)
    params, batch_stats = one.init(jax.random.key(0))
    inputs = tiny_batch().inputs
    maps, updated = jax.jit(one.encode)(params, batch_stats, inputs)
    shares = jnp.stack(jnp.split(inputs, 8, axis=1))
    encode = jax.pmap(many.encode, AXIS, in_axes=(None, None, 0), out_axes=(0, None))
    shared_maps, shared = encode(params, batch_stats, shares)
    joined = jnp.concatenate(list(shared_maps), axis=1)
    np.testing.assert_allclose(joined, maps, rtol=1e-4, atol=1e-4)
    for a, b in zip(jax.tree.leaves(shared), jax.tree.leaves(updated), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ALGORITHMS)
def test_training_lowers_the_loss(method, store):
    # Steps hold different domains out: only means over many of them compare.
    _, losses = train(method, 1, store, 200)
    assert np.mean(losses[-40:]) < 0.8 * np.mean(losses[:20])


@pytest.mark.parametrize("method", ALGORITHMS)
def test_the_step_is_traced_once(method, store):
    traced = []

    def encode(*arguments):
        traced.append(1)
        return NETWORK.encode(*arguments)

    network = NETWORK._replace(encode=encode)
    train(method, 2, store, 1, network=network)
    once = len(traced)
    train(method, 2, store, 4, network=network)
    assert len(traced) == once


def test_same_seed_same_bits_other_seed_other_bits(store):
    finals = [
        np.asarray(ravel_pytree(train("da_mldg", 1, store, 4, seed)[0])[0])
        for seed in (3, 3, 4)
    ]
    assert np.array_equal(finals[0], finals[1])
    assert not np.array_equal(finals[0], finals[2])


def test_pmap_on_one_device_equals_jit_and_no_jit(store):
    network = smooth_network()
    algorithm = ALGORITHMS["da_mldg"].factory(network, Hyperparameters(), None)
    plain = functools.partial(
        train_step, algorithm=algorithm, optimizer=OPTIMIZER, windowing=WINDOWING
    )
    drawn = Draw(utterances_of_step(DOMAINS, PER_DOMAIN, 0, 3))
    state = init_state(network, algorithm, OPTIMIZER, 3, len(DOMAINS))
    store = jax.tree.map(jnp.asarray, store)
    expected, _ = plain(state, store, drawn, np.uint32(3))
    jitted, _ = jax.jit(plain)(state, store, drawn, np.uint32(3))
    mapped, _ = train("da_mldg", 1, store, 1)
    for other in (jitted, mapped):
        for a, b in zip(jax.tree.leaves(expected), jax.tree.leaves(other), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_step_that_is_not_finite_is_not_taken(store):
    """Neither is any after it: the state before it waits to be looked at."""
    poisoned = store._replace(frames=store.frames.copy())
    poisoned.frames[store.offsets[7] : store.offsets[7] + 3] = np.inf
    algorithm, step, devices = compiled("da_mldg", NETWORK, 1)
    state = init_state(NETWORK, algorithm, OPTIMIZER, 3, len(DOMAINS))
    state, poisoned = replicate((state, poisoned), devices)
    clean = np.stack([[members[-1]] * PER_DOMAIN for members in DOMAINS])[None]
    ill = np.full_like(clean, 7)
    seen = []
    for drawn in (clean, ill, clean):
        state, metrics = step(state, poisoned, Draw(drawn), np.uint32(3))
        kept = jax.tree.map(np.array, state._replace(finite=None))
        seen.append((bool(state.finite), kept, np.isfinite(metrics["loss"])))
    assert [finite for finite, _, _ in seen] == [True, False, False]
    assert [loss for *_, loss in seen] == [True, False, True]
    assert seen[0][1].step == 1
    for later in seen[1:]:
        jax.tree.map(np.testing.assert_array_equal, later[1], seen[0][1])


def test_domains_may_count_by_their_size(store):
    """Weights reach the loss from outside of the compiled step."""
    drawn = share_out(utterances_of_step(DOMAINS, PER_DOMAIN, 0, 3), 1)
    algorithm, step, devices = compiled("deep_all", NETWORK, 1)
    weights = np.array([1, 2, 5], np.float32)
    losses = []
    for draw in (Draw(drawn), Draw(drawn, weights)):
        state = init_state(NETWORK, algorithm, OPTIMIZER, 3, len(DOMAINS))
        state = replicate(state, devices)
        _, metrics = step(state, replicate(store, devices), draw, np.uint32(3))
        losses.append(metrics)
    risks = np.asarray(losses[0]["domain_loss"])
    np.testing.assert_allclose(losses[0]["loss"], risks.mean(), rtol=1e-6)
    np.testing.assert_allclose(losses[1]["loss"], risks @ weights / 8, rtol=1e-6)


def test_batch_is_domain_major_and_labels_follow_their_utterances(store):
    drawn = utterances_of_step(DOMAINS, PER_DOMAIN, 0, 3)
    windowing = Windowing(40, -2.0, NO_AUGMENTATION)
    batch = sample_batch(
        jax.tree.map(jnp.asarray, store), Draw(drawn), jax.random.key(0), windowing
    )
    assert batch.inputs.shape == (3, PER_DOMAIN, 40, FEATURES, 1)
    np.testing.assert_array_equal(batch.labels, store.labels[drawn])
    for place in np.ndindex(drawn.shape):
        inputs = np.asarray(batch.inputs[place][..., 0])
        first, length = store.offsets[drawn[place]], store.lengths[drawn[place]]
        spoken = inputs[(inputs != -2.0).any(axis=1)]
        np.testing.assert_array_equal(spoken, store.frames[first : first + length])


def test_shares_deal_out_every_utterance():
    drawn = np.arange(24).reshape(3, 8)
    shares = share_out(drawn, 4)
    assert shares.shape == (4, 3, 2)
    np.testing.assert_array_equal(np.concatenate(list(shares), axis=1), drawn)


def test_batches_that_do_not_divide_are_refused_with_the_nearest_that_do():
    with pytest.raises(InputError, match=r"24 or 48 \(--batch_size\)"):
        share_out(np.zeros((3, 11)), 8)
    with pytest.raises(InputError, match=r"for 3 domains: 24 \(--batch_size\)"):
        share_out(np.zeros((3, 5)), 8)
