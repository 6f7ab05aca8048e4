"""What statistics of the inputs cannot tell, and networks that learn it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.meta import Batch
from tests.heads import HEADS

DOMAINS, FRAMES, FEATURES = 2, 40, 4
STEPS, PER_DOMAIN = 150, 32


def telling_frame(seed, per_domain):
    """Noise, and somewhere a loud frame that alone has the class as its sign."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(DOMAINS * per_domain, FRAMES, FEATURES))
    labels = rng.integers(0, 2, len(inputs))
    place = rng.integers(0, FRAMES, len(inputs))
    rows = np.arange(len(inputs))
    inputs[rows, place, 0] = 6
    inputs[rows, place, 1] = 2 * labels - 1
    return _domains(inputs, labels)


def order_of_two(seed, per_domain):
    """Noise, and somewhere two loud frames, one after the other, in either order."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(0, 0.5, (DOMAINS * per_domain, FRAMES, FEATURES))
    labels = rng.integers(0, 2, len(inputs))
    place = rng.integers(0, FRAMES - 1, len(inputs))
    rows = np.arange(len(inputs))
    inputs[rows, place + labels, 0] += 4
    inputs[rows, place + 1 - labels, 1] += 4
    return _domains(inputs, labels)


def _domains(inputs, labels):
    shape = (DOMAINS, len(labels) // DOMAINS)
    inputs = inputs.reshape(*shape, FRAMES, FEATURES, 1)
    return Batch(
        jnp.asarray(inputs, jnp.float32),
        jnp.asarray(labels.reshape(shape), jnp.int32),
    )


def _train(network, batches):
    """Parameters after a step on each batch, by Deep-All."""
    algorithm = ALGORITHMS["deep_all"].factory(network, Hyperparameters(), None)
    optimizer = optax.adam(0.01)

    def step(carry, batch):
        params, batch_stats, state = carry
        gradient, aux = algorithm.gradient(
            params, batch_stats, (), batch, jax.random.key(0)
        )
        updates, state = optimizer.update(gradient, state, params)
        return (optax.apply_updates(params, updates), aux.batch_stats, state), None

    params, batch_stats = network.init(jax.random.key(0))
    carry = params, batch_stats, optimizer.init(params)
    return jax.lax.scan(step, carry, batches)[0][:2]


@functools.cache
def accuracy(name, task):
    """Of a small network on utterances that it was not trained on."""
    network = HEADS[name](2, FEATURES, hidden_units=(16,))
    batches = [task(seed, PER_DOMAIN) for seed in range(STEPS)]
    batches = jax.tree.map(lambda *x: jnp.stack(x), *batches)
    params, batch_stats = jax.jit(_train, static_argnums=0)(network, batches)
    batch_stats = network.statistics(params, batch_stats, batches.inputs[-1])
    tested = task(STEPS, 500)
    logits = network.evaluate(params, batch_stats, tested.inputs).logits
    return float((logits.argmax(axis=-1) == tested.labels).mean())


@pytest.mark.parametrize(
    ("name", "task"), [("attentive", telling_frame), ("temporal", order_of_two)]
)
def test_it_learns_what_the_inputs_statistics_do_not_tell(name, task):
    plain, learnt = accuracy("pooled", task), accuracy(name, task)
    assert plain < 0.7
    assert learnt > 0.9
