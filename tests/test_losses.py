"""Risks and energies on arrays small enough to work out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.losses import cross_entropy, domain_risks, energy
from damldg_jax.objectives import CLASSES

LN2, LN3 = np.log(2.0), np.log(3.0)
energy_score = CLASSES.energy_score


def integers(values):
    return jnp.array(values, jnp.int32)


def test_cross_entropy_of_known_odds():
    # Odds 1 : 3, so p = 1/4 and 3/4: ln 4 and ln 4/3. Even odds of four: ln 4.
    logits = jnp.array([[0.0, LN3], [0.0, LN3], [5.0, 5.0 + LN3]])
    losses = cross_entropy(logits, integers([0, 1, 1]))
    np.testing.assert_allclose(losses, [1.386294, 0.287682, 0.287682], atol=1e-6)
    uniform = cross_entropy(jnp.full((1, 4), 7.0), integers([2]))
    np.testing.assert_allclose(uniform, [1.386294], atol=1e-6)


def test_cross_entropy_keeps_every_leading_axis():
    logits = jnp.zeros((2, 3, 4, 5))
    losses = cross_entropy(logits, jnp.zeros((2, 3, 4), jnp.int32))
    np.testing.assert_allclose(losses, np.full((2, 3, 4), np.log(5)), rtol=1e-6)


def test_cross_entropy_of_a_hopeless_case_is_finite():
    losses = cross_entropy(jnp.array([[0.0, 1e4]]), integers([0]))
    np.testing.assert_allclose(losses, [1e4])


def test_domain_risks_are_means_within_domains():
    logits = jnp.array([[[0.0, LN3], [0.0, LN3]], [[1.0, 1.0], [2.0, 2.0]]])
    risks = domain_risks(logits, integers([[0, 1], [0, 1]]))
    # (ln 4 + ln 4/3) / 2 and ln 2.
    np.testing.assert_allclose(risks, [0.836988, 0.693147], atol=1e-6)


def test_energy_of_known_sums():
    logits = jnp.log(jnp.array([[1.0, 2.0, 5.0], [1.0, 1.0, 1.0]]))
    np.testing.assert_allclose(energy(logits), [2.079442, 1.098612], atol=1e-6)
    # At T = 1/2 every term is squared: ln (1 + 4 + 25) and ln 3.
    np.testing.assert_allclose(energy(logits, 0.5), [3.401197, 1.098612], atol=1e-6)
    # At T = 2 it is the root: ln (1 + sqrt 2 + sqrt 5).
    np.testing.assert_allclose(energy(logits, 2.0)[0], 1.536928, atol=1e-6)


def test_energy_does_not_overflow():
    logits = jnp.array([[1000.0, 1000.0], [-1000.0, -1000.0]])
    np.testing.assert_allclose(energy(logits), [1000 + LN2, -1000 + LN2])


def test_energy_score_is_the_mean_over_all_examples():
    logits = jnp.log(jnp.array([[[1.0, 1.0], [1.0, 3.0]], [[4.0, 4.0], [8.0, 8.0]]]))
    # ln (2 * 4 * 8 * 16) / 4 = 10 ln 2 / 4.
    assert energy_score(logits).shape == ()
    np.testing.assert_allclose(energy_score(logits), 2.5 * LN2, rtol=1e-6)
    # Squares at T = 1/2: ln (2 * 10 * 32 * 128) / 4.
    np.testing.assert_allclose(energy_score(logits, 0.5), np.log(81_920) / 4, rtol=1e-6)


rows = st.lists(st.floats(-20, 20, width=32), min_size=3, max_size=3)


@given(rows, st.integers(0, 2), st.floats(-20, 20, width=32))
def test_a_shift_of_all_logits_moves_the_energy_but_not_the_loss(row, label, shift):
    logits, label = jnp.array(row), integers(label)
    moved = logits + shift
    np.testing.assert_allclose(
        cross_entropy(moved, label), cross_entropy(logits, label), atol=1e-4
    )
    np.testing.assert_allclose(
        energy(moved, 2.0), energy(logits, 2.0) + shift / 2, atol=1e-4
    )


@given(rows, st.integers(0, 2))
def test_cross_entropy_is_the_energy_above_the_true_logit(row, label):
    logits = jnp.array(row)
    np.testing.assert_allclose(
        cross_entropy(logits, integers(label)),
        energy(logits) - logits[label],
        atol=1e-4,
    )


@given(st.permutations(range(4)))
def test_the_order_of_samples_does_not_matter(order):
    rng = np.random.default_rng(0)
    logits = jnp.array(rng.normal(size=(2, 4, 3)), jnp.float32)
    labels = integers(rng.integers(0, 3, (2, 4)))
    order = np.array(order)
    np.testing.assert_allclose(
        domain_risks(logits[:, order], labels[:, order]),
        domain_risks(logits, labels),
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        energy_score(logits[:, order]), energy_score(logits), rtol=1e-6
    )


def test_devices_share_out_a_mean():
    logits = jnp.log(jnp.arange(1.0, 25.0)).reshape(2, 2, 3, 2)
    labels = integers(np.arange(12).reshape(2, 2, 3) % 2)
    whole = jnp.moveaxis(logits, 0, 1).reshape(2, 6, 2)
    whole_labels = jnp.moveaxis(labels, 0, 1).reshape(2, 6)

    def both(logits, labels):
        risks = domain_risks(logits, labels, "devices")
        return risks, energy_score(logits, 1.0, "devices")

    risks, score = jax.pmap(both, axis_name="devices", out_axes=None)(logits, labels)
    np.testing.assert_allclose(risks, domain_risks(whole, whole_labels), rtol=1e-6)
    np.testing.assert_allclose(score, energy_score(whole), rtol=1e-6)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        (np.zeros((2, 3, 4)), np.zeros((2, 3))),
        (np.zeros((2, 3, 4)), np.zeros((2, 2), np.int32)),
        (np.zeros((6, 4)), np.zeros(6, np.int32)),
    ],
    ids=["labels that are not integers", "too few labels", "no axis of domains"],
)
def test_refuses_other_shapes_and_types(logits, labels):
    with pytest.raises(AssertionError):
        domain_risks(jnp.array(logits, jnp.float32), jnp.array(labels))


def test_smoothed_labels_by_hand():
    logits, labels = jnp.log(jnp.array([[0.7, 0.2, 0.1]])), jnp.array([0])
    smoothed = cross_entropy(logits, labels, label_smoothing=0.3)
    of_any = -(np.log(0.7) + np.log(0.2) + np.log(0.1)) / 3
    np.testing.assert_allclose(smoothed, [-0.7 * np.log(0.7) + 0.3 * of_any], rtol=1e-6)
    risks = domain_risks(logits[None], labels[None], label_smoothing=0.3)
    np.testing.assert_allclose(risks, smoothed, rtol=1e-6)
