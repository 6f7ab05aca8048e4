"""Confidence against accuracy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.calibration import calibration


def test_bins_by_hand():
    probabilities = [[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.2, 0.8]]
    found = calibration(np.array([0, 1, 1, 0]), np.array(probabilities), num_bins=4)
    np.testing.assert_array_equal(found.edges, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(found.count, [0, 0, 2, 2])
    np.testing.assert_allclose(found.confidence, [np.nan, np.nan, 0.65, 0.85])
    np.testing.assert_allclose(found.accuracy, [np.nan, np.nan, 0.5, 0.5])
    # (2 * 0.15 + 2 * 0.35) / 4
    assert found.ece == pytest.approx(0.25)


def test_a_sure_and_right_prediction_has_no_error():
    found = calibration(np.array([1, 0]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert found.ece == 0
    assert found.count[-1] == 2


@given(st.integers(0, 1000), st.integers(1, 20))
def test_all_predictions_are_counted_and_the_error_is_a_part(seed, bins):
    rng = np.random.default_rng(seed)
    found = calibration(rng.integers(0, 3, 40), rng.dirichlet(np.ones(3), 40), bins)
    assert found.count.sum() == 40
    assert 0 <= found.ece <= 1
