"""What applies gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from damldg_jax.optimizers import OPTIMIZERS, OptimizerSettings, decayed

PARAMS = {"kernel": jnp.array([[2.0, -4.0]]), "bias": jnp.array([1.0])}
GRADIENT = {"kernel": jnp.array([[1.0, 1.0]]), "bias": jnp.array([1.0])}


def step(name, **settings):
    optimizer = OPTIMIZERS[name](OptimizerSettings(**settings))
    updates, _ = optimizer.update(GRADIENT, optimizer.init(PARAMS), PARAMS)
    return updates


def test_sgd_without_decay_is_the_papers_optimiser():
    optimizer = OPTIMIZERS["sgd"](OptimizerSettings())
    plain = optax.sgd(0.05, momentum=0.9)
    jax.tree.map(
        np.testing.assert_array_equal, optimizer.init(PARAMS), plain.init(PARAMS)
    )
    updates, _ = plain.update(GRADIENT, plain.init(PARAMS), PARAMS)
    jax.tree.map(np.testing.assert_array_equal, step("sgd"), updates)


def test_decay_of_sgd_is_that_of_a_penalty_and_spares_biases():
    updates = step("sgd", learning_rate=0.1, weight_decay=0.5)
    # -0.1 (1 + 0.5 * 2) and -0.1 (1 - 0.5 * 4).
    np.testing.assert_allclose(updates["kernel"], [[-0.2, 0.1]], rtol=1e-6)
    np.testing.assert_allclose(updates["bias"], [-0.1], rtol=1e-6)


def test_adamw_decays_beside_the_gradient():
    plain = step("adamw", learning_rate=0.1)
    updates = step("adamw", learning_rate=0.1, weight_decay=0.5)
    difference = updates["kernel"] - plain["kernel"]
    np.testing.assert_allclose(difference, [[-0.1, 0.2]], rtol=1e-5)
    np.testing.assert_array_equal(updates["bias"], plain["bias"])
    # Of the first step every number is as large as the learning rate.
    np.testing.assert_allclose(plain["kernel"], [[-0.1, -0.1]], rtol=1e-4)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimiser_descends(name):
    optimizer = OPTIMIZERS[name](OptimizerSettings(learning_rate=0.05))
    params, state = PARAMS, optimizer.init(PARAMS)
    for _ in range(200):
        updates, state = optimizer.update(params, state, params)
        params = optax.apply_updates(params, updates)
    assert float(optax.tree.norm(params)) < 0.1


def test_what_decays():
    assert decayed(PARAMS) == {"kernel": True, "bias": False}
