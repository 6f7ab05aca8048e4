"""The pieces of the method on a model of two lines, with values worked out by hand.

The model is logistic regression: logits ``(0, w x)``. At w = 0 every loss is ln 2 and
the gradient of an example is -x/2 for label 1 and +x/2 for label 0.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.meta import (
    Batch,
    domain_shift_margin,
    hold_out,
    meta_test_loss,
    meta_train_loss,
    virtual_update,
)


def forward(w, inputs):
    return jnp.stack([jnp.zeros_like(inputs), w * inputs], axis=-1), None


def batch(inputs, labels):
    return Batch(jnp.array(inputs, jnp.float32), jnp.array(labels, jnp.int32))


UPDATE = jax.jit(virtual_update, static_argnums=1)
# Two domains of meta-train, one of meta-test; eta_s = 0.1.
TRAIN, TEST = batch([[2.0], [4.0]], [[1], [0]]), batch([[20.0]], [[1]])
ZERO = jnp.zeros(())


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-6)


def test_meta_train_loss_is_the_mean_over_domains():
    # w = 1: softplus(-2) and softplus(4) = 0.126928 and 4.018150.
    loss, risk = meta_train_loss(jnp.ones(()), forward, TRAIN)
    close(loss, 2.072539)
    close(risk.domain_risks, [0.126928, 4.018150])
    close(risk.logits, [[[0.0, 2.0]], [[0.0, 4.0]]])
    assert risk.state is None


def test_virtual_update_is_one_step_of_descent():
    # Gradients -2/2 and +4/2 by domain, their mean 0.5: theta' = 0 - 0.1 * 0.5.
    virtual, inner = UPDATE(ZERO, forward, TRAIN, 0.1)
    close(virtual, -0.05)
    close(inner.gradient, 0.5)
    close(inner.loss, np.log(2))
    close(inner.risk.domain_risks, [np.log(2), np.log(2)])


def test_virtual_update_on_a_quadratic_shrinks_by_its_curvature():
    # Two equal logits w^2/2 x above label 0: the cross-entropy grows as w^2 x / 4 for
    # small w, whose gradient at w is w x sigmoid(w^2 x / 2).
    def quadratic(params, inputs):
        raised = 0.5 * params["w"] ** 2 * inputs
        return jnp.stack([jnp.zeros_like(inputs), raised], axis=-1), None

    virtual, _ = UPDATE({"w": jnp.array(0.1)}, quadratic, batch([[1.0]], [[0]]), 1.0)
    # 0.1 - 0.1 * sigmoid(0.005) = 0.1 * (1 - 0.50125).
    close(virtual["w"], 0.049875)


def test_margin_at_the_virtual_parameters():
    # Energies softplus(-0.1), softplus(-0.2) and softplus(-1):
    # (0.644397 + 0.598139) / 2 - 0.313262.
    virtual = jnp.array(-0.05)
    train, test = forward(virtual, TRAIN.inputs)[0], forward(virtual, TEST.inputs)[0]
    close(domain_shift_margin(train, test), 0.308006)
    # T = 1/2: (softplus(-0.2) + softplus(-0.4)) / 2 - softplus(-2).
    close(domain_shift_margin(train, test, 0.5), 0.428649)


def test_meta_test_loss_is_weighted():
    # softplus(1) = 1.313262, and times gamma.
    virtual = jnp.array(-0.05)
    close(meta_test_loss(virtual, forward, TEST)[0], 1.313262)
    loss, risk = meta_test_loss(virtual, forward, TEST, jnp.array(0.308006))
    close(loss, 0.404493)
    close(risk.domain_risks, [1.313262])


def test_the_virtual_update_is_differentiable_to_second_order():
    # dtheta'/dtheta = 1 - 0.1 * (4 + 16) / 2 / 4 = 0.75, and at theta' the loss of V
    # has the slope -20 (1 - sigmoid(-1)) = -14.621172.
    def ahead(w):
        virtual, _ = virtual_update(w, forward, TRAIN, 0.1)
        return meta_test_loss(virtual, forward, TEST)[0]

    close(jax.jit(jax.grad(ahead))(ZERO), -10.965879)


def test_refuses_a_weight_for_each_example():
    with pytest.raises(AssertionError):
        meta_test_loss(ZERO, forward, TEST, jnp.ones(1))


@given(st.permutations(range(5)), st.permutations(range(3)))
def test_the_order_of_samples_and_domains_does_not_matter(samples, domains):
    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(3, 5)), rng.integers(0, 2, (3, 5))
    mixed = np.ix_(domains, samples)
    w = jnp.array(0.7)
    expected, _ = UPDATE(w, forward, batch(inputs, labels), 0.5)
    actual, _ = UPDATE(w, forward, batch(inputs[mixed], labels[mixed]), 0.5)
    close(actual, expected)


logits = st.lists(st.floats(-30, 30, width=32), min_size=6, max_size=6).map(
    lambda values: jnp.array(values).reshape(1, 2, 3)
)


@given(logits, logits)
def test_margin_is_symmetric_and_not_negative(a, b):
    margin = domain_shift_margin(a, b)
    assert margin >= 0
    assert margin == domain_shift_margin(b, a)
    assert domain_shift_margin(a, a) == 0
    close(domain_shift_margin(a[:, ::-1], b), margin)


def labelled(domains):
    """A batch in which every number tells its domain, times ten, and its sample."""
    names = 10 * np.arange(domains)[:, None] + np.arange(2)
    return batch(names[..., None, None, None], names)


@pytest.mark.parametrize(
    ("domains", "held_out"),
    [(d, h) for d in range(2, 7) for h in range(1, d)],
)
def test_hold_out_divides_the_domains(domains, held_out):
    whole = labelled(domains)
    split = hold_out(jax.random.key(domains), whole, held_out)
    kept = domains - held_out
    assert split.meta_train.inputs.shape == (kept, 2, 1, 1, 1)
    assert split.meta_test.inputs.shape == (held_out, 2, 1, 1, 1)
    assert split.held_out.shape == (held_out,)
    np.testing.assert_array_equal(split.meta_test.labels[:, 0], 10 * split.held_out)
    both = np.concatenate([split.meta_train.labels, split.meta_test.labels])
    np.testing.assert_array_equal(np.sort(both.ravel()), whole.labels.ravel())
    for part in (split.meta_train, split.meta_test):
        np.testing.assert_array_equal(part.inputs[..., 0, 0, 0], part.labels)


@pytest.mark.parametrize(("domains", "held_out"), [(5, 1), (4, 2), (4, 3)])
def test_every_set_of_domains_is_held_out_as_often(domains, held_out):
    keys = jax.random.split(jax.random.key(0), 6000)
    whole = labelled(domains)
    draw = jax.jit(jax.vmap(lambda key: hold_out(key, whole, held_out).held_out))
    sets = np.sort(draw(keys), axis=1).tolist()
    counts = [
        sets.count(list(s)) for s in itertools.combinations(range(domains), held_out)
    ]
    expected = len(keys) / len(counts)
    # At most five degrees of freedom: chance exceeds 25.7 once in 10 000.
    assert sum((n - expected) ** 2 for n in counts) / expected < 25.7


@pytest.mark.parametrize(("domains", "held_out"), [(1, 1), (3, 3), (3, 4), (3, 0)])
def test_refuses_an_impossible_split(domains, held_out):
    with pytest.raises(ValueError, match=f"Cannot hold {held_out} of {domains}"):
        hold_out(jax.random.key(0), labelled(domains), held_out)
