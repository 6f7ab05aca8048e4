"""Margins between corpora, their null, and telling corpora apart by energy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from damldg_jax.shift import auroc, margin, margin_null


def test_margin_by_hand():
    assert margin(np.array([1.0, 3.0]), np.array([5.0])) == 3
    assert margin(np.array([5.0]), np.array([1.0, 3.0])) == 3


def test_null_of_four_speakers_by_hand():
    # Means 0, 1, 2 and 5 of one utterance each: halves {0,1} {0,2} {0,5} and mirrors.
    null = margin_null(np.array([0.0, 1.0, 2.0, 5.0]), np.array([*"abcd"]))
    assert sorted(null) == pytest.approx([1, 1, 2, 2, 3, 3])


def test_one_speaker_has_no_halves():
    assert margin_null(np.ones(3), np.array([*"aaa"])).shape == (0,)


def test_of_many_speakers_some_halves_are_drawn_the_same_each_time():
    rng = np.random.default_rng(0)
    energies, speakers = rng.normal(size=90), np.arange(90).astype(str)
    null = margin_null(energies, speakers)
    assert len(null) == 1000
    np.testing.assert_array_equal(null, margin_null(energies, speakers))
    # The difference of means of 45 and 45 has a deviation of 2 / sqrt(90).
    assert np.median(null) == pytest.approx(0.674 * 2 / 90**0.5, rel=0.15)


@given(st.integers(0, 200))
def test_auroc_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    low, high = rng.integers(0, 5, 12), rng.integers(1, 6, 9)
    expected = roc_auc_score([0] * 12 + [1] * 9, [*low, *high])
    assert auroc(low, high) == pytest.approx(expected)
