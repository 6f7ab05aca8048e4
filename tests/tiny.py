"""Small networks and batches for the tests of algorithms."""

import jax
import jax.numpy as jnp
import numpy as np

from damldg_jax.batches import Store, pack
from damldg_jax.meta import Batch
from damldg_jax.models import Network, Outputs, resnet

CLASSES, FEATURES, FRAMES = 3, 8, 12


def tiny_resnet(axis_name: str | None = None, **options) -> Network:
    return resnet(
        CLASSES,
        FEATURES,
        depth=10,
        width=2,
        silence=-2.0,
        axis_name=axis_name,
        **options,
    )


def tiny_batch(
    domains: int = 3, per_domain: int = 8, seed: int = 0, dtype: type = np.float32
) -> Batch:
    """Examples whose domains differ in level and whose classes differ in slope."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, (domains, per_domain))
    slope = np.linspace(-1, 1, FEATURES) * labels[..., None, None]
    level = rng.normal(size=(domains, 1, 1, 1))
    noise = rng.normal(size=(domains, per_domain, FRAMES, FEATURES))
    inputs = (slope + level + noise)[..., None]
    return Batch(jnp.asarray(inputs, dtype), jnp.asarray(labels, jnp.int32))


def sloped_store() -> Store:
    """Sixty utterances whose class is the slope over their features."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, 60)
    slopes = np.linspace(-2, 2, FEATURES)
    spectrograms = [
        (rng.normal(size=(length, FEATURES)) + (label - 1) * slopes).astype(np.float32)
        for label, length in zip(labels, rng.integers(6, 30, 60), strict=True)
    ]
    return pack(spectrograms, labels, CLASSES)


def smooth_network(axis_name: str | None = None) -> Network:
    """Two smooth layers with batch normalisation by hand: exact derivatives.

    Where a ReLU bends, finite differences say nothing; here nothing bends.
    """

    def mean(x: jax.Array) -> jax.Array:
        x = x.mean(axis=0)
        return x if axis_name is None else jax.lax.pmean(x, axis_name)

    def init(key):
        first, second = jax.random.split(key)
        params = {
            "first": jax.random.normal(first, (FEATURES, 5)) / 3,
            "second": jax.random.normal(second, (5, CLASSES)) / 2,
        }
        return params, {"mean": jnp.zeros(5)}

    def encode(params, batch_stats, inputs):
        hidden = inputs[..., 0].mean(axis=-2) @ params["first"]
        center = mean(hidden.reshape(-1, 5))
        updated = {"mean": 0.9 * batch_stats["mean"] + 0.1 * center}
        center = jnp.expand_dims(center, range(hidden.ndim - 1))
        return jnp.tanh(hidden - center)[..., None, None, :], updated

    def classify(params, maps):
        return maps[..., 0, 0, :] @ params["second"]

    def evaluate(params, batch_stats, inputs, lengths=None):
        del lengths
        hidden = inputs[..., 0].mean(axis=-2) @ params["first"]
        center = jnp.expand_dims(batch_stats["mean"], range(hidden.ndim - 1))
        embedding = jnp.tanh(hidden - center)
        return Outputs(embedding @ params["second"], embedding)

    def statistics(params, batch_stats, inputs):
        _, updated = encode(params, jax.tree.map(jnp.zeros_like, batch_stats), inputs)
        return jax.tree.map(lambda x: 10 * x, updated)

    return Network(init, encode, statistics, classify, evaluate)
