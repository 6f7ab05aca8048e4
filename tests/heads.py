"""What the tests of the networks on statistics over time share."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.attentive import attentive
from damldg_jax.pooled import pooled
from damldg_jax.temporal import temporal
from tests.baselines import QUICK, TELLING
from tests.tiny import CLASSES, FEATURES, tiny_batch

SILENCE = -2.0
LEARNT = {
    "attentive": functools.partial(attentive, width=5),
    "temporal": functools.partial(temporal, width=5),
}
HEADS = {"pooled": pooled, **LEARNT}


@functools.cache
def head(name, hidden_units=(6,), axis_name=None, silence=SILENCE):
    """A small network on statistics over time."""
    return HEADS[name](
        CLASSES,
        FEATURES,
        hidden_units=hidden_units,
        silence=silence,
        axis_name=axis_name,
    )


@functools.cache
def start(name, hidden_units=(6,), dtype=np.float32):
    """Its parameters and running statistics."""
    return filled(head(name, hidden_units), dtype)


def filled(network, dtype=np.float32):
    """Random weights, and statistics that are neither zero nor one."""
    rng = np.random.default_rng(0)
    params, batch_stats = jax.eval_shape(network.init, jax.random.key(0))
    params = jax.tree.map(
        lambda x: jnp.asarray(rng.normal(0, 0.5, x.shape), dtype), params
    )
    batch_stats = jax.tree.map(
        lambda x: jnp.asarray(rng.uniform(0.5, 1.5, x.shape), dtype), batch_stats
    )
    return params, batch_stats


def embeddings(*shape, seed=0):
    """Random inputs [*shape, features, 1]."""
    values = np.random.default_rng(seed).normal(size=(*shape, FEATURES, 1))
    return values.astype(np.float32)


@functools.cache
def step(name, method):
    """An algorithm's gradient, of a batch and a key, and such a batch."""
    batch = tiny_batch()
    algorithm = ALGORITHMS[method].factory(head(name), TELLING, None)
    state = algorithm.init(start(name)[0], len(batch.labels))
    compiled = jax.jit(algorithm.gradient, compiler_options=QUICK)
    return functools.partial(compiled, *start(name), state), batch
