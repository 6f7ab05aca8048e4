"""Dimensions in the hands of the algorithms: gradients, devices, learning."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.meta import (
    domain_shift_margin,
    hold_out,
    meta_test_loss,
    meta_train_loss,
    virtual_update,
)
from damldg_jax.objectives import DIMENSION_LOSSES, dimensions
from tests.baselines import KEY, QUICK, TELLING, flat, relative
from tests.tiny import smooth_network, tiny_batch

BINS, DIMENSIONS = 4, 3
OBJECTIVES = {name: dimensions(BINS, loss) for name, loss in DIMENSION_LOSSES.items()}


def problem(loss="ccc", axis_name=None):
    """The smooth network with outputs of three dimensions, and a batch of these."""
    network = smooth_network(axis_name)._replace(objective=OBJECTIVES[loss])
    rng, dtype = np.random.default_rng(1), jnp.result_type(float)
    params, batch_stats = network.init(jax.random.key(1))
    params["second"] = jnp.zeros((5, DIMENSIONS * BINS))
    params, batch_stats = jax.tree.map(
        lambda x: jnp.array(rng.normal(0, 0.5, x.shape), dtype), (params, batch_stats)
    )
    batch = tiny_batch(dtype=dtype)
    level = batch.labels[..., None] - 1 + rng.normal(0, 0.3, (3, 8, DIMENSIONS))
    return network, params, batch_stats, batch._replace(labels=level.clip(-1, 1))


@functools.cache
def gradient(method, loss):
    """In double precision, which all callers ask for."""
    network, params, batch_stats, batch = problem(loss)
    algorithm = ALGORITHMS[method].factory(network, TELLING, None)
    state = algorithm.init(params, 3)
    compiled = jax.jit(algorithm.gradient, compiler_options=QUICK)
    return compiled(params, batch_stats, state, batch, KEY)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("method", ALGORITHMS)
def test_every_method_takes_dimensions(method):
    found, aux = gradient(method, "ccc")
    assert np.isfinite(flat(found)).all()
    assert np.linalg.norm(flat(found)) > 1e-3
    assert np.isfinite(flat(aux)).all()


# Those that ask for risks, energies or evidence in a way of their own.
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("method", ["deep_all", "irm", "rsc", "fish", "da_mldg"])
def test_eight_devices_give_the_gradient_of_one(method):
    """The concordance of a domain is none of its parts on devices."""
    expected, aux = gradient(method, "ccc")
    network, params, batch_stats, batch = problem(axis_name="devices")
    shared = jax.tree.map(
        lambda x: x.reshape(x.shape[0], 8, -1, *x.shape[2:]).swapaxes(0, 1), batch
    )
    algorithm = ALGORITHMS[method].factory(network, TELLING, "devices")
    found, shared_aux = jax.pmap(
        algorithm.gradient,
        axis_name="devices",
        in_axes=(None, None, None, 0, None),
        out_axes=None,
    )(params, batch_stats, algorithm.init(params, 3), shared, KEY)
    assert relative(found, expected) < 1e-10
    assert relative(shared_aux.metrics, aux.metrics) < 1e-10


def meta_objective(params, network, batch_stats, batch, settings, weighted):
    """``L_theta(S') + gamma L_theta'(V)`` as one expression, from the paper."""
    kind = {"objective": network.objective}
    split = hold_out(KEY, batch, settings.num_held_out)
    forward = network.training_forward(batch_stats)
    loss, risk = meta_train_loss(params, forward, split.meta_train, **kind)
    rate = settings.inner_learning_rate
    virtual, _ = virtual_update(params, forward, split.meta_train, rate, **kind)
    after = network.training_forward(jax.lax.stop_gradient(risk.state))
    gamma = 1.0
    if weighted:
        logits = [
            after(virtual, part.inputs)[0]
            for part in (split.meta_train, split.meta_test)
        ]
        gamma = domain_shift_margin(*logits, settings.temperature, **kind)
    return loss + meta_test_loss(virtual, after, split.meta_test, gamma, **kind)[0]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("method", "loss"), [("da_mldg", "ccc"), ("mldg", "mse")])
def test_meta_gradient_of_dimensions_equals_nested_reverse_mode(method, loss):
    network, params, batch_stats, batch = problem(loss)
    weighted = method == "da_mldg"

    def value(params):
        return meta_objective(params, network, batch_stats, batch, TELLING, weighted)

    oracle = jax.jit(jax.grad(value), compiler_options=QUICK)(params)
    found, aux = gradient(method, loss)
    assert relative(found, oracle) < 1e-10
    assert (aux.metrics["gamma"] == 1) == (method == "mldg")
    theta, unflatten = ravel_pytree(params)
    compiled, step = jax.jit(lambda theta: value(unflatten(theta))), 1e-5
    along = jnp.array(np.random.default_rng(2).normal(size=theta.shape))
    difference = compiled(theta + step * along) - compiled(theta - step * along)
    np.testing.assert_allclose(
        difference / (2 * step), flat(found) @ along, rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_dimensions_are_learnt(loss):
    network, params, batch_stats, batch = problem(loss)
    algorithm = ALGORITHMS["deep_all"].factory(network, TELLING, None)

    @jax.jit
    def step(params, _):
        grads, aux = algorithm.gradient(params, batch_stats, (), batch, KEY)
        return jax.tree.map(lambda p, g: p - 0.5 * g, params, grads), aux.metrics

    _, metrics = jax.lax.scan(step, params, None, length=200)
    first, last = metrics["loss"][0], metrics["loss"][-1]
    assert last < 0.4 * first
