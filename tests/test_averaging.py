"""Averages of parameters over a run."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.averaging import AVERAGES, averaging, evaluated

SGD = optax.sgd(0.1, momentum=0.9)
START = {"kernel": jnp.array([[1.0, -2.0]]), "bias": jnp.array([0.5])}


def descend(optimizer, steps, params=START):
    """Parameters after each step down ``|theta|^2 / 2``, and the last state."""
    state, path = optimizer.init(params), []
    update = jax.jit(optimizer.update)
    for _ in range(steps):
        updates, state = update(params, state, params)
        params = optax.apply_updates(params, updates)
        path.append(params)
    return path, state


@pytest.mark.parametrize("average", ["ema", "polynomial"])
def test_training_goes_on_as_if_nobody_looked(average):
    plain, _ = descend(SGD, 7)
    watched, _ = descend(averaging(SGD, average, 0.9), 7)
    for one, other in zip(plain, watched, strict=True):
        jax.tree.map(np.testing.assert_array_equal, one, other)


def test_without_an_average_it_is_the_optimiser_itself():
    assert averaging(SGD, "none", 0.9) is SGD
    params, state = descend(SGD, 3)
    assert evaluated(params[-1], state) is params[-1]


def test_before_the_first_step_there_is_no_average():
    state = averaging(SGD, "ema", 0.9).init(START)
    other = jax.tree.map(lambda x: x + 1, START)
    assert evaluated(other, state) is other


def test_an_exponential_average_by_hand():
    path, state = descend(averaging(SGD, "ema", 0.5), 12)
    mean = np.zeros((1, 2))
    for count, params in enumerate(path):
        kept = min(0.5, count / (count + 9))
        mean = kept * mean + (1 - kept) * np.asarray(params["kernel"])
    found = evaluated(path[-1], state)["kernel"]
    np.testing.assert_allclose(found, mean, rtol=1e-5)


def test_a_polynomial_average_weighs_the_latest_steps():
    path, state = descend(averaging(SGD, "polynomial", 0.0), 30)
    # The weights that the recursion comes to: of step t products of (t - k) / ...
    weights = np.cumprod([1.0] + [(t + 8) / t for t in range(1, 30)])
    weights /= weights.sum()
    kernels = np.array([params["kernel"] for params in path])
    expected = np.einsum("t,tij->ij", weights, kernels)
    found = evaluated(path[-1], state)["kernel"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    # The last fifth of the steps weigh more than the first four.
    assert weights[24:].sum() > 0.75


@given(st.sampled_from(["ema", "polynomial"]), st.integers(1, 40))
def test_an_average_of_equal_parameters_is_these(average, steps):
    still = averaging(optax.sgd(0.0), average, 0.99)
    _, state = descend(still, steps)
    found = evaluated({}, state)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, START)


def test_the_first_step_leaves_nothing_of_what_was_before():
    for keep in filter(None, AVERAGES.values()):
        assert float(keep(jnp.zeros(()), 0.99)) == 0
