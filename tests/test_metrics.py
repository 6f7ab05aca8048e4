"""Scores worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import confusion_matrix, f1_score, recall_score

from damldg_jax.metrics import score, score_dimensions, score_probabilities


def test_scores_by_hand():
    # Recalls 3/4, 1/2 and 1; precisions 3/4, 1/2 and 1: the F1 scores are the same.
    labels = [0, 0, 0, 0, 1, 1, 2]
    scores = score(labels, [0, 0, 0, 1, 1, 0, 2], 3)
    assert scores.accuracy == pytest.approx(5 / 7)
    assert scores.uar == pytest.approx(0.75)
    assert scores.macro_f1 == pytest.approx(0.75)
    np.testing.assert_allclose(scores.recall, [0.75, 0.5, 1.0])
    np.testing.assert_array_equal(scores.confusion, [[3, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert scores.num_utterances == 7
    assert scores.majority_accuracy == pytest.approx(4 / 7)
    assert scores.chance_uar == pytest.approx(1 / 3)


def test_a_row_of_the_confusion_is_a_true_class():
    np.testing.assert_array_equal(score([0, 0], [1, 1], 2).confusion, [[0, 2], [0, 0]])


def test_f1_is_the_harmonic_mean():
    # Class 0: precision 1, recall 1/2, F1 2/3. Class 1: 2/3, 1, 4/5.
    scores = score([0, 0, 1, 1], [0, 1, 1, 1], 2)
    assert scores.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_a_class_that_the_set_lacks_is_not_scored_but_may_be_guessed():
    # Class 1 is missing; guessing it is a mistake like any other.
    scores = score([0, 0, 2, 2], [0, 1, 2, 2], 4)
    np.testing.assert_array_equal(scores.recall, [0.5, np.nan, 1.0, np.nan])
    assert scores.uar == pytest.approx(0.75)
    # F1 of class 0 is 2/3 and of class 2 is 1; a zero for class 1 would lower both.
    assert scores.macro_f1 == pytest.approx(5 / 6)
    assert scores.accuracy == pytest.approx(0.75)
    assert scores.chance_uar == pytest.approx(0.5)
    assert scores.confusion.shape == (4, 4)
    assert scores.confusion[0, 1] == 1


def test_a_class_that_is_never_guessed_has_no_f1():
    scores = score([0, 1], [0, 0], 2)
    assert scores.macro_f1 == pytest.approx(1 / 3)
    np.testing.assert_array_equal(scores.recall, [1.0, 0.0])


@pytest.mark.parametrize(("guess", "right"), [(1, 1.0), (0, 0.0)])
def test_a_single_utterance(guess, right):
    scores = score([1], [guess], 3)
    assert scores.accuracy == scores.uar == scores.macro_f1 == right
    assert scores.majority_accuracy == scores.chance_uar == 1.0


pairs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40
)


@given(pairs)
def test_agrees_with_definitions_on_any_predictions(pairs):
    labels, predicted = np.array(pairs).T
    scores = score(labels, predicted, 5)
    assert scores.accuracy == pytest.approx(np.mean(labels == predicted))
    for c in range(5):
        expected = np.mean(predicted[labels == c] == c) if c in labels else np.nan
        np.testing.assert_allclose(scores.recall[c], expected)
    mean = {"labels": np.unique(labels), "average": "macro", "zero_division": 0.0}
    assert scores.uar == pytest.approx(recall_score(labels, predicted, **mean))
    assert scores.macro_f1 == pytest.approx(f1_score(labels, predicted, **mean))
    expected = confusion_matrix(labels, predicted, labels=np.arange(5))
    np.testing.assert_array_equal(scores.confusion, expected)
    assert scores.confusion.sum() == scores.num_utterances == len(pairs)


@given(pairs)
def test_a_constant_guess_reaches_chance_and_the_majority(pairs):
    labels = np.array(pairs)[:, 0]
    majority = np.bincount(labels).argmax()
    scores = score(labels, np.full_like(labels, majority), 5)
    assert scores.accuracy == pytest.approx(scores.majority_accuracy)
    assert scores.uar == pytest.approx(scores.chance_uar)


@pytest.mark.parametrize(
    ("labels", "predicted"),
    [([], []), ([0, 1], [0]), ([[0], [1]], [[0], [1]])],
    ids=["none", "fewer predictions", "two axes"],
)
def test_refuses_what_cannot_be_scored(labels, predicted):
    with pytest.raises(ValueError, match="as many labels as predictions"):
        score(labels, predicted, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64])
def test_any_whole_numbers_are_classes(dtype):
    labels = np.arange(20)
    predicted = np.where(labels == 19, 0, labels)
    scores = score(labels.astype(dtype), predicted.astype(dtype), 20)
    assert scores.uar == pytest.approx(19 / 20)
    assert scores.confusion[19, 0] == scores.confusion[18, 18] == 1


def test_refuses_classes_that_are_no_whole_numbers():
    with pytest.raises(ValueError, match="whole numbers: got float64"):
        score([0.0, 1.0], [0, 1], 2)


def test_dimensions_by_hand():
    # Means 0 and 1/2, variances 2/3 and 1/6, covariance 1/3; the second is perfect.
    labels = [[-1, 0.1], [0, 0.2], [1, 0.6]]
    scores = score_dimensions(labels, [[0, 0.1], [0.5, 0.2], [1, 0.6]])
    np.testing.assert_allclose(scores.ccc, [8 / 13, 1], rtol=1e-12)
    np.testing.assert_allclose(scores.pearson, [1, 1], rtol=1e-12)
    np.testing.assert_allclose(scores.rmse, [np.sqrt(1.25 / 3), 0], rtol=1e-12)
    assert scores.mean_ccc == pytest.approx(21 / 26)
    assert scores.num_utterances == 3


@pytest.mark.parametrize("constant", [0.1, 0.0, -1.0])
def test_a_constant_has_no_concordance_and_no_correlation(constant):
    varying = np.linspace(-1, 1, 7)[:, None]
    same = np.full_like(varying, constant)
    for labels, predicted in [(varying, same), (same, varying), (same, same)]:
        scores = score_dimensions(labels, predicted)
        assert scores.ccc == scores.mean_ccc == 0
        assert np.isnan(scores.pearson)
    assert scores.rmse == 0


@given(arrays(np.float64, (2, 8, 2), elements=st.floats(-1, 1)))
def test_dimensions_agree_with_definitions(pair):
    labels, predicted = pair
    scores = score_dimensions(labels, predicted)
    assert np.isfinite(scores.ccc).all()
    np.testing.assert_allclose(scores.ccc, score_dimensions(predicted, labels).ccc)
    slope = np.abs(np.nan_to_num(scores.pearson))
    # Correlation bounds concordance, which an offset or another scale lowers.
    assert (np.abs(scores.ccc) <= slope + 1e-9).all()
    np.testing.assert_allclose(scores.rmse**2, ((labels - predicted) ** 2).mean(0))
    for dimension in np.flatnonzero((np.ptp(pair, axis=1) > 1e-3).all(axis=0)):
        expected = np.corrcoef(labels[:, dimension], predicted[:, dimension])[0, 1]
        np.testing.assert_allclose(scores.pearson[dimension], expected, atol=1e-9)
        perfect = score_dimensions(labels, labels).ccc[dimension]
        np.testing.assert_allclose(perfect, 1, rtol=1e-9)


@pytest.mark.parametrize("shape", [(0, 2), (3, 3), (3,)])
def test_refuses_dimensions_that_cannot_be_scored(shape):
    with pytest.raises(ValueError, match="as many labels as predictions"):
        score_dimensions(
            np.zeros((3, 2)) if shape[0] else np.zeros(shape), np.zeros(shape)
        )


def test_among_present_classes_the_most_probable_of_them_counts():
    # Class 1 is absent. The second utterance says 1; of the others 2 is more probable.
    probabilities = np.array([[0.6, 0.3, 0.1], [0.1, 0.5, 0.4], [0.2, 0.3, 0.5]])
    scores = score_probabilities(np.array([0, 2, 2]), probabilities)
    assert scores.accuracy == pytest.approx(2 / 3)
    np.testing.assert_array_equal(scores.present.classes, [0, 2])
    assert scores.present.accuracy == scores.present.uar == scores.present.macro_f1 == 1
    # Confidences 0.6, 0.5, 0.5 in two bins of 15: |0.6 - 1| / 3 + 2 |0.5 - 0.5| / 3.
    assert scores.ece == pytest.approx(0.4 / 3)


def test_with_all_classes_present_nothing_is_left_out():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 30)
    labels = np.arange(30) % 3
    scores = score_probabilities(labels, probabilities)
    assert scores.present.uar == scores.uar
    assert scores.uar == score(labels, probabilities.argmax(1), 3).uar
