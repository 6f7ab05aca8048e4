"""Other margins than Eq. (3), and what meta-learning carries from step to step."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.algorithms.margins import MARGINS, null_margin
from damldg_jax.algorithms.meta_state import make_meta_state
from damldg_jax.meta import (
    domain_shift_margin,
    hold_out,
    meta_test_loss,
    meta_train_loss,
    virtual_update,
)
from damldg_jax.objectives import CLASSES
from tests.test_meta_gradient import relative, setup
from tests.tiny import smooth_network, tiny_batch

SETTINGS = Hyperparameters(inner_learning_rate=0.2)


def logits(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def margin(name, **changes):
    settings = dataclasses.replace(SETTINGS, margin=name, **changes)
    return MARGINS[name](settings, CLASSES, None)


def test_plain_is_eq_3():
    train, test = logits(2, 4, 5), logits(1, 4, 5, seed=1)
    found = margin("plain", temperature=2.0)(train, test)
    assert found == domain_shift_margin(train, test, 2.0)


def test_the_null_by_hand():
    # Energies 0, 2 | 4, 8 and 1, 1 | 1, 1, of one class each.
    energies = jnp.array([[0.0, 2.0, 4.0, 8.0], [1.0, 1.0, 1.0, 1.0]])[..., None]
    assert float(null_margin(energies, 1.0, None, CLASSES)) == (5.0 + 0.0) / 2
    assert float(null_margin(energies[:, :1], 1.0, None, CLASSES)) == 0
    # Of five the last one is in no half.
    odd = jnp.concatenate([energies, jnp.full((2, 1, 1), 99.0)], axis=1)
    assert float(null_margin(odd, 1.0, None, CLASSES)) == 2.5


def test_above_the_null_by_hand():
    train = jnp.array([[0.0, 2.0, 4.0, 8.0]])[..., None]  # energy 3.5, null 5
    far, near = jnp.full((1, 4, 1), 10.0), jnp.full((1, 4, 1), 5.0)
    assert float(margin("above_null")(train, far)) == 6.5 - 5
    assert float(margin("above_null")(train, near)) == 0


@given(st.floats(0.05, 50.0), st.integers(0, 99))
def test_a_scaled_margin_does_not_see_the_scale_of_the_logits(factor, seed):
    train, test = logits(2, 6, 5, seed=seed), logits(1, 6, 5, seed=seed + 100)
    one, other = (margin("scaled")(k * train, k * test) for k in (1.0, factor))
    assert float(one) == pytest.approx(float(other), rel=1e-3, abs=1e-5)
    # Eq. (3) does.
    assert float(margin("plain")(2 * train, 2 * test)) != pytest.approx(
        float(margin("plain")(train, test)), rel=1e-3
    )


def test_logits_that_are_all_alike_have_no_unit():
    still = jnp.zeros((2, 4, 5))
    value, slope = jax.value_and_grad(lambda x: margin("scaled")(x, x[:1] + 1))(still)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", sorted(MARGINS))
def test_the_gradient_is_that_of_nested_reverse_mode(name):
    network, settings = smooth_network(), dataclasses.replace(SETTINGS, margin=name)
    params, batch_stats, batch, rng = setup(network)
    algorithm = ALGORITHMS["da_mldg"].factory(network, settings, None)
    fast, aux = jax.jit(algorithm.gradient)(params, batch_stats, (), batch, rng)
    weigh = MARGINS[name](settings, CLASSES, None)

    def objective(theta):
        split = hold_out(rng, batch)
        forward = network.training_forward(batch_stats)
        loss, risk = meta_train_loss(theta, forward, split.meta_train)
        virtual, _ = virtual_update(
            theta, forward, split.meta_train, settings.inner_learning_rate
        )
        after = network.training_forward(jax.lax.stop_gradient(risk.state))
        train_logits, _ = after(virtual, split.meta_train.inputs)
        test_logits, _ = after(virtual, split.meta_test.inputs)
        gamma = weigh(train_logits, test_logits)
        return loss + meta_test_loss(virtual, after, split.meta_test, gamma)[0]

    assert relative(fast, jax.jit(jax.grad(objective))(params)) < 1e-10
    assert aux.metrics["gamma"] >= 0


@functools.cache
def stepping(**changes):
    network = smooth_network()
    settings = dataclasses.replace(SETTINGS, **changes)
    algorithm = ALGORITHMS["da_mldg"].factory(network, settings, None)
    return network, algorithm, jax.jit(algorithm.gradient)


def beginning(network):
    return *network.init(jax.random.key(1)), tiny_batch()


def steps(count, **changes):
    """Metrics and states of some steps with the same parameters."""
    network, algorithm, gradient = stepping(**changes)
    params, batch_stats, batch = beginning(network)
    state, found = algorithm.init(params, 3), []
    for number in range(count):
        rng = jax.random.key(number)
        slope, aux = gradient(params, batch_stats, state, batch, rng)
        state = aux.state
        found.append((slope, aux))
    return found


def test_the_same_domains_are_held_out_for_so_many_steps():
    held = [int(aux.metrics["held_out"][0]) for _, aux in steps(12, hold_out_steps=4)]
    blocks = np.array(held).reshape(3, 4)
    assert (blocks == blocks[:, :1]).all()
    alone = [int(aux.metrics["held_out"][0]) for _, aux in steps(12)]
    # The first of each block is what it would be anyway.
    assert held[::4] == alone[::4]
    assert len(set(alone[:4])) > 1


def test_a_relative_margin_weighs_one_on_average():
    found = steps(60, relative_margin=True)
    gammas = np.array([float(aux.metrics["gamma"]) for _, aux in found])
    means = np.array([float(aux.state.mean) for _, aux in found])
    np.testing.assert_allclose(means[0], gammas[0], rtol=1e-5)
    weights = gammas[20:] / means[19:-1]
    assert weights.mean() == pytest.approx(1, abs=0.35)


def test_the_unit_of_gamma_divides_the_second_term_alone():
    plain = steps(1)[0][0]
    _, _, gradient = stepping(relative_margin=True)
    network, algorithm, _ = stepping(relative_margin=True)
    params, batch_stats, batch = beginning(network)
    start = algorithm.init(params, 3)
    rng = jax.random.key(0)
    once, _ = gradient(params, batch_stats, start, batch, rng)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), once, plain
    )
    unit = start._replace(mean=jnp.asarray(2.0, start.mean.dtype))
    halved, _ = gradient(params, batch_stats, unit, batch, rng)
    nothing = start._replace(mean=jnp.asarray(1e30, start.mean.dtype))
    first, _ = gradient(params, batch_stats, nothing, batch, rng)
    expected = jax.tree.map(lambda a, b: (a + b) / 2, once, first)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5),
        halved,
        expected,
    )


def test_the_papers_algorithm_carries_nothing():
    meta_state = make_meta_state(SETTINGS)
    assert meta_state.init({}, 3) == ()
    rng = jax.random.key(3)
    assert meta_state.look((), rng) == (rng, 1.0)
