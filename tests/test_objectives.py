"""What outputs mean: dimensions as distributions over bins, and their risks."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from damldg_jax.losses import concordance_risks, concordances, squared_error_risks
from damldg_jax.objectives import CLASSES, DIMENSION_LOSSES, dimensions
from tests.baselines import relative

BINS, DIMENSIONS = 4, 3
OBJECTIVES = {name: dimensions(BINS, loss) for name, loss in DIMENSION_LOSSES.items()}
CCC = OBJECTIVES["ccc"]


def column(*values):
    """One domain, one dimension."""
    return jnp.array(values, jnp.result_type(float))[None, :, None]


def test_concordance_by_hand():
    # Means 0 and 1/2, variances 2/3 and 1/6, covariance 1/3.
    labels, values = column(-1, 0, 1), column(0, 0.5, 1)
    expected = (2 / 3) / (2 / 3 + 1 / 6 + 1 / 4)
    np.testing.assert_allclose(concordances(values, labels), [[expected]], rtol=1e-6)
    assert expected == pytest.approx(8 / 13)
    # Of two dimensions, one of them perfect.
    both = jnp.concatenate([values, labels], axis=-1)
    twice = jnp.concatenate([labels, labels], axis=-1)
    np.testing.assert_allclose(concordance_risks(both, twice), [5 / 26], rtol=1e-6)
    # (1 + 1/4 + 0) / 3 and 0.
    np.testing.assert_allclose(squared_error_risks(both, twice), [5 / 24], rtol=1e-6)


def test_domains_are_held_apart():
    labels = jnp.concatenate([column(-1, 0, 1), column(-1, 0, 1)])
    values = jnp.concatenate([column(0, 0.5, 1), column(1, 0, -1)])
    risks = concordance_risks(values, labels)
    np.testing.assert_allclose(risks, [5 / 13, 2], rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (column(0.5, 0.5), column(0.5, 0.5)),
        (column(0.5, 0.5), column(-1, 1)),
        (column(-1, 1), column(0.5, 0.5)),
        (column(0.3), column(0.3)),
    ],
)
def test_what_does_not_vary_has_no_concordance_and_harms_nothing(values, labels):
    risks, pull_back = jax.vjp(lambda x: concordance_risks(x, labels), values)
    np.testing.assert_array_equal(risks, [1])
    assert np.isfinite(pull_back(jnp.ones(1, risks.dtype))[0]).all()


pairs = arrays(
    np.float64, (2, 2, 6, 2), elements=st.floats(-1, 1, allow_subnormal=False)
)


@pytest.mark.usefixtures("float64")
@given(pairs, st.floats(0.1, 10), st.floats(-2, 2))
def test_concordance_is_symmetric_bounded_and_knows_no_unit(pair, scale, shift):
    x, y = pair
    found = np.asarray(concordances(x, y))
    np.testing.assert_allclose(found, concordances(y, x), rtol=1e-9, atol=1e-12)
    assert (np.abs(found) <= 1 + 1e-9).all()
    varies = np.ptp(x, axis=1) > 1e-3
    np.testing.assert_allclose(concordances(x, x)[varies], 1, rtol=1e-9)
    order = [3, 0, 5, 1, 4, 2]
    mixed = concordances(x[:, order], y[:, order])
    moved = concordances(scale * x + shift, scale * y + shift)
    both = varies & (np.ptp(y, axis=1) > 1e-3)
    np.testing.assert_allclose(mixed[both], found[both], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(moved[both], found[both], rtol=1e-6, atol=1e-9)


def test_a_value_is_the_mean_of_its_bins():
    # Bins at -1, -1/3, 1/3 and 1.
    logits = jnp.log(jnp.array([[1, 1, 1, 1, 1e-9, 1e-9, 1, 1], [1, 2, 2, 5] * 2]))
    np.testing.assert_allclose(
        CCC.predict(logits), [[0, 2 / 3], [0.4, 0.4]], rtol=1e-5, atol=1e-6
    )


def test_energy_is_the_mean_over_dimensions_of_that_of_classes():
    logits = jax.random.normal(jax.random.key(0), (2, 5, DIMENSIONS * BINS))
    parts = [CLASSES.energies(part, 0.7) for part in jnp.split(logits, 3, axis=-1)]
    np.testing.assert_allclose(
        CCC.energies(logits, 0.7), sum(parts) / DIMENSIONS, rtol=1e-6
    )
    np.testing.assert_allclose(
        CCC.energy_score(logits, 0.7), sum(parts).mean() / DIMENSIONS, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("label", "evidence"), [(-1, 10), (1 / 3, 30), (0, 25), (2 / 3, 50), (1, 70)]
)
def test_evidence_is_the_logit_of_the_true_value(label, evidence):
    logits = jnp.array([10.0, 20, 30, 70, 1, 1, 1, 1])
    # The second dimension says the same of any value.
    found = CCC.evidence(logits, jnp.array([label, 0.2]))
    np.testing.assert_allclose(found, (evidence + 1) / 2, rtol=1e-5)


def test_evidence_of_classes_is_the_true_logit():
    logits = jnp.arange(12.0).reshape(2, 2, 3)
    labels = jnp.array([[0, 2], [1, 0]])
    np.testing.assert_array_equal(CLASSES.evidence(logits, labels), [[0, 5], [7, 9]])


def test_labels_of_another_kind_are_refused():
    logits = jnp.zeros((2, 4, DIMENSIONS * BINS))
    with pytest.raises(AssertionError):
        CCC.domain_risks(logits, jnp.zeros((2, 4), jnp.int32))
    with pytest.raises(AssertionError):
        CCC.domain_risks(logits, jnp.zeros((2, 4, DIMENSIONS), jnp.int32))
    with pytest.raises(AssertionError):
        CLASSES.domain_risks(logits, jnp.zeros((2, 4, DIMENSIONS)))
    with pytest.raises(ValueError, match="two bins"):
        dimensions(1, DIMENSION_LOSSES["ccc"])


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("loss", OBJECTIVES)
def test_risks_equal_finite_differences(loss):
    rng = np.random.default_rng(0)
    labels = jnp.array(rng.uniform(-1, 1, (2, 3, DIMENSIONS)))
    logits = jnp.array(rng.normal(size=(2, 3, DIMENSIONS * BINS)))

    @jax.jit
    def value(logits):
        risks = OBJECTIVES[loss].domain_risks(logits.reshape(2, 3, -1), labels)
        return (risks * jnp.array([1.0, 2.0])).sum()

    theta, step = logits.ravel(), 1e-6
    differences = [
        (value(theta + step * e) - value(theta - step * e)) / (2 * step)
        for e in jnp.eye(len(theta))
    ]
    assert relative(jax.grad(value)(theta), np.array(differences)) < 1e-8
