"""What the tests of algorithms other than the paper's share."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.meta import Batch
from damldg_jax.models import Network
from tests import tiny

# A generator that compiles faster than the default one.
KEY = jax.random.key(6, impl="rbg")
# Programs that run for milliseconds are not worth optimising.
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
# So that each algorithm does what tells it from Deep-All.
TELLING = Hyperparameters(
    inner_learning_rate=0.3,
    group_dro_step_size=1.0,
    penalty_warmup=0,
    mixstyle_probability=1.0,
    sam_radius=0.5,
)


def problem(domains=3, per_domain=8):
    """Parameters and running statistics of the smooth network, and a batch."""
    rng, dtype = np.random.default_rng(1), jnp.result_type(float)
    params, batch_stats = jax.tree.map(
        lambda x: jnp.array(rng.normal(0, 0.5, x.shape), dtype),
        jax.eval_shape(tiny.smooth_network().init, jax.random.key(0)),
    )
    batch = tiny.tiny_batch(domains, per_domain, dtype=dtype)
    return params, batch_stats, batch


def build(method, settings=TELLING, network=None, axis_name=None):
    network = network or tiny.smooth_network(axis_name)
    return ALGORITHMS[method].factory(network, settings, axis_name)


@functools.cache
def _compiled(method, settings):
    return jax.jit(build(method, settings).gradient, compiler_options=QUICK)


def initial(method, batch):
    return build(method).init((), len(batch.labels))


def run(method, settings=TELLING, params=None, batch=None, state=None):
    """The algorithm on the smooth network, compiled once for all tests of a shape."""
    start, batch_stats, whole = problem()
    params = start if params is None else params
    batch = whole if batch is None else batch
    state = initial(method, batch) if state is None else state
    return _compiled(method, settings)(params, batch_stats, state, batch, KEY)


def transparent():
    """Logits are the inputs times the parameters; their mean over time and frequency.

    What it hands on for running statistics is the very inputs it was given.
    """

    def encode(params, batch_stats, inputs):
        return inputs * jnp.expand_dims(params, range(inputs.ndim - 1)), inputs

    def classify(params, maps):
        return maps.mean(axis=(-3, -2))

    return Network(None, encode, None, classify, None)


def examples(logits, labels, weights=None):
    """A batch of [domains, per_domain, classes] logits for the transparent network."""
    inputs = jnp.asarray(logits, jnp.result_type(float))[:, :, None, None]
    return Batch(inputs, jnp.asarray(labels, jnp.int32), weights)


def see_through(method, batch, state=None, **settings):
    """The algorithm on the transparent network at parameters of 1."""
    compiled = jax.jit(
        transparent_step(method, batch, **settings), compiler_options=QUICK
    )
    return compiled(KEY, batch, initial(method, batch) if state is None else state)


def transparent_step(method, batch, **settings):
    """As a function of the key, the batch and the state."""
    algorithm = build(method, Hyperparameters(**settings), transparent())
    params = jnp.ones(batch.inputs.shape[-1], batch.inputs.dtype)

    def step(key, batch, state):
        return algorithm.gradient(params, (), state, batch, key)

    return step


def flat(tree):
    return np.asarray(ravel_pytree(tree)[0])


def relative(a, b):
    return np.linalg.norm(flat(a) - flat(b)) / np.linalg.norm(flat(b))
