"""The meta-gradient against nested reverse mode and against finite differences."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.meta import (
    domain_shift_margin,
    hold_out,
    meta_test_loss,
    meta_train_loss,
    virtual_update,
)
from tests.heads import LEARNT, head
from tests.tiny import smooth_network, tiny_batch, tiny_resnet

OPTIONS = [
    Hyperparameters(
        inner_learning_rate=0.3,
        num_held_out=held_out,
        margin_gradient=margin_gradient,
        energy_statistics=statistics,
        temperature=0.7,
    )
    for held_out, margin_gradient, statistics in itertools.product(
        (1, 2), (True, False), ("running", "batch")
    )
]
OPTIONS.append(dataclasses.replace(OPTIONS[1], inner_steps=3))


def objective(params, anchor, network, batch_stats, batch, rng, settings, weighted):
    """``L_theta(S') + gamma L_theta'(V)`` as one expression, written from the paper.

    ``anchor`` equals ``params`` and enters only through what the one documented line
    says is no function of theta: the running statistics.
    """
    split = hold_out(rng, batch, settings.num_held_out)
    forward = network.training_forward(batch_stats)
    loss, _ = meta_train_loss(params, forward, split.meta_train)
    virtual = look_ahead(params, forward, split.meta_train, settings)
    _, risk = meta_train_loss(anchor, forward, split.meta_train)
    updated = network.training_forward(risk.state)
    energy_forward = {
        "running": network.running_forward(risk.state),
        "batch": updated,
    }[settings.energy_statistics]
    gamma = 1.0
    if weighted:
        at = virtual
        if not settings.margin_gradient:
            at = look_ahead(anchor, forward, split.meta_train, settings)
        gamma = domain_shift_margin(
            energy_forward(at, split.meta_train.inputs)[0],
            energy_forward(at, split.meta_test.inputs)[0],
            settings.temperature,
        )
    return loss + meta_test_loss(virtual, updated, split.meta_test, gamma)[0]


def look_ahead(params, forward, batch, settings):
    for _ in range(settings.inner_steps):
        rate = settings.inner_learning_rate
        params, _ = virtual_update(params, forward, batch, rate)
    return params


def flat(tree):
    return np.asarray(ravel_pytree(tree)[0])


def relative(a, b):
    return np.linalg.norm(flat(a) - flat(b)) / np.linalg.norm(flat(b))


def setup(network, seed=1):
    params, batch_stats = jax.tree.map(
        lambda x: x.astype(jnp.float64), network.init(jax.random.key(seed))
    )
    return params, batch_stats, tiny_batch(dtype=np.float64), jax.random.key(7)


CASES = [
    *itertools.product(["mldg", "da_mldg"], OPTIONS, [smooth_network]),
    # The nested gradient of a real network takes long to compile: one case will do.
    ("da_mldg", OPTIONS[0], tiny_resnet),
    *(("da_mldg", OPTIONS[0], functools.partial(head, name)) for name in LEARNT),
]


def name(value):
    """Of a case; the same in each process, as an address would not be."""
    if isinstance(value, functools.partial):
        return value.args[0]
    return getattr(value, "__name__", str(value))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("method", "settings", "build"), CASES, ids=name)
def test_equals_nested_reverse_mode(method, settings, build):
    network = build()
    params, batch_stats, batch, rng = setup(network)
    algorithm = ALGORITHMS[method].factory(network, settings, None)
    fast, _ = jax.jit(algorithm.gradient)(params, batch_stats, (), batch, rng)
    oracle = jax.jit(
        functools.partial(
            jax.grad(objective),
            network=network,
            settings=settings,
            weighted=method == "da_mldg",
        )
    )(params, params, batch_stats=batch_stats, batch=batch, rng=rng)
    assert relative(fast, oracle) < 1e-10


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("method", "settings"),
    [("mldg", OPTIONS[0]), *(("da_mldg", settings) for settings in OPTIONS)],
    ids=name,
)
def test_equals_finite_differences(method, settings):
    network = smooth_network()
    params, batch_stats, batch, rng = setup(network)
    algorithm = ALGORITHMS[method].factory(network, settings, None)
    gradient, _ = algorithm.gradient(params, batch_stats, (), batch, rng)
    theta, unflatten = ravel_pytree(params)

    @jax.jit
    def value(theta):
        weighted = method == "da_mldg"
        theta = unflatten(theta)
        return objective(
            theta, params, network, batch_stats, batch, rng, settings, weighted
        )

    step = 1e-5
    differences = [
        (value(theta + step * e) - value(theta - step * e)) / (2 * step)
        for e in jnp.eye(len(theta))
    ]
    assert relative(gradient, jnp.array(differences)) < 1e-6


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("method", ["deep_all", "rsc", "mldg", "da_mldg"])
def test_eight_devices_give_the_gradient_of_one(method):
    """Sharing out each domain's samples changes nothing but the rounding."""
    settings = Hyperparameters(inner_learning_rate=0.3)
    one, many = smooth_network(), smooth_network("devices")
    params, batch_stats, batch, rng = setup(one)
    expected, aux = (
        ALGORITHMS[method]
        .factory(one, settings, None)
        .gradient(params, batch_stats, (), batch, rng)
    )
    shared = jax.tree.map(
        lambda x: x.reshape(x.shape[0], 8, -1, *x.shape[2:]).swapaxes(0, 1), batch
    )
    algorithm = ALGORITHMS[method].factory(many, settings, "devices")
    gradient, shared_aux = jax.pmap(
        algorithm.gradient,
        axis_name="devices",
        in_axes=(None, None, None, 0, None),
        out_axes=None,
    )(params, batch_stats, (), shared, rng)
    assert relative(gradient, expected) < 1e-12
    assert relative(shared_aux, aux) < 1e-12
