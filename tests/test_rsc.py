"""Which features RSC mutes, in which samples, seen through a transparent network.

Its maps are the inputs times a parameter of the same shape, so the gradient of that
parameter is zero exactly where a feature has been muted.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.meta import Batch
from damldg_jax.models import Network

TIME, BANDS, CHANNELS, CLASSES = 3, 2, 6, 3
STEPS = 600
# Channels 2y and 2y + 1 speak for class y, and no weight is zero.
WEIGHTS = np.full((CHANNELS, CLASSES), -0.3) + 0.1 * np.arange(CHANNELS)[:, None] / 9
WEIGHTS[np.arange(CHANNELS), np.arange(CHANNELS) // 2] += 1.0


def transparent():
    def encode(params, batch_stats, inputs):
        return inputs * params, batch_stats

    def classify(params, maps):
        return maps.mean(axis=(-3, -2)) @ jnp.asarray(WEIGHTS, maps.dtype)

    return Network(None, encode, None, classify, None)


def examples(per_domain=6):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, (2, per_domain))
    inputs = rng.uniform(0.5, 1.5, (2, per_domain, TIME, BANDS, CHANNELS))
    return Batch(jnp.array(inputs, jnp.float32), jnp.array(labels, jnp.int32))


def gradient(method, batch, key):
    """Of the network's parameter, which has the shape of the inputs."""
    algorithm = ALGORITHMS[method].factory(transparent(), Hyperparameters(), None)
    return algorithm.gradient(jnp.ones(batch.inputs.shape), (), (), batch, key)[0]


@functools.cache
def gradients(per_domain):
    keys = jax.random.split(jax.random.key(3), STEPS)
    draw = jax.vmap(functools.partial(gradient, "rsc"), in_axes=(None, 0))
    return np.asarray(jax.jit(draw)(examples(per_domain), keys))


def muted(per_domain=6):
    return gradients(per_domain) == 0


def telling(batch):
    """The third of the channels, and of the places, that raise the true logit most."""
    by_channel = WEIGHTS.T[np.asarray(batch.labels)]
    channels = by_channel >= np.sort(by_channel)[..., [-2]]
    by_place = np.einsum("dntfc,dnc->dntf", batch.inputs, by_channel)
    ranked = np.sort(by_place.reshape(*by_place.shape[:2], -1))
    places = by_place >= ranked[..., -2][..., None, None]
    shape = batch.inputs.shape
    return (
        np.broadcast_to(channels[:, :, None, None, :], shape),
        np.broadcast_to(places[..., None], shape),
    )


def test_mutes_the_third_that_speaks_for_the_true_class():
    """A mask made with another sample's label or features would be another one."""
    batch = examples()
    channels, places = telling(batch)
    # So that every sample's mask tells its label and its features apart from others.
    assert len(np.unique(batch.labels)) == CLASSES
    assert channels[0, 0, 0, 0].sum() == 2
    assert places[0, 0, :, :, 0].sum() == 2
    modes = {"channels": 0, "places": 0}
    for mask in muted()[:40]:
        challenged = mask.any(axis=(2, 3, 4))
        by_channel = (mask == mask[:, :, :1, :1]).all()
        modes["channels" if by_channel else "places"] += 1
        expected = (channels if by_channel else places) & challenged[
            ..., None, None, None
        ]
        np.testing.assert_array_equal(mask, expected)
    # A fair coin: fewer than eight of forty comes up once in 20 000.
    assert min(modes.values()) >= 8


@pytest.mark.parametrize(("per_domain", "challenged"), [(1, 1), (6, 2), (8, 2)])
def test_challenges_a_third_of_each_domain(per_domain, challenged):
    counts = muted(per_domain).any(axis=(3, 4, 5)).sum(axis=2)
    np.testing.assert_array_equal(counts, np.full((STEPS, 2), challenged))


def test_challenges_every_sample_as_often_and_each_domain_on_its_own():
    chosen = muted().any(axis=(3, 4, 5))
    # 200 of 600 expected, with a deviation of 11.5.
    assert abs(chosen.sum(axis=0) - 200).max() < 5 * 11.5
    assert (chosen[:, 0] != chosen[:, 1]).any(axis=1).mean() > 0.5


def test_muting_is_not_derived_through():
    """Where nothing is muted the gradient is that of the plain loss."""
    plain = jax.jit(functools.partial(gradient, "deep_all"))(examples(), None)
    challenged = gradients(6)[0]
    untouched = ~muted()[0].any(axis=(2, 3, 4))
    np.testing.assert_allclose(plain[untouched], challenged[untouched], rtol=1e-5)
    assert not np.allclose(plain[~untouched], challenged[~untouched], rtol=1e-2)
