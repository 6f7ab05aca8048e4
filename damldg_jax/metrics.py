"""How well emotions are told apart, or dimensions followed, beside mere guessing."""

import math
from typing import NamedTuple

import numpy as np

from damldg_jax.calibration import calibration


class PresentScores(NamedTuple):
    """Scores where only the classes that the set has may be predicted.

    For a corpus that lacks an emotion of the sources: a prediction of it is wrong
    whatever was said, so here the most probable of the others is taken instead.

    Attributes:
      classes: numbers of the classes that the set has, ascending.
      accuracy: as of ``Scores``.
      uar: likewise.
      macro_f1: likewise.
    """

    classes: np.ndarray
    accuracy: float
    uar: float
    macro_f1: float


class Scores(NamedTuple):
    """Scores on a set of utterances.

    Means over classes are means over the classes that the set has: a corpus that
    lacks an emotion is not scored on it.

    Attributes:
      accuracy: part of utterances that are right (the field's weighted accuracy).
      uar: unweighted average recall, the mean of the recalls.
      macro_f1: mean of the F1 scores.
      recall: of each class, NaN where the set has none of it.
      confusion: [classes, classes] counts, true class by predicted class.
      num_utterances: in the set.
      majority_accuracy: of always guessing the most frequent class.
      chance_uar: of any constant guess, and at least that of a random one.
      ece: expected calibration error, NaN where no probabilities are known.
      present: among the classes of the set alone; None without probabilities.
    """

    accuracy: float
    uar: float
    macro_f1: float
    recall: np.ndarray
    confusion: np.ndarray
    num_utterances: int
    majority_accuracy: float
    chance_uar: float
    ece: float = math.nan
    present: PresentScores | None = None


def score(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> Scores:
    """Scores predictions.

    Args:
      labels: [utterances] int, true classes; at least one.
      predicted: [utterances] int, predicted classes.
      num_classes: that a prediction may take.

    Returns:
      The scores.

    Examples:
      >>> scores = score(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), num_classes=2)
      >>> scores.accuracy, scores.majority_accuracy  # No better than guessing,
      (0.75, 0.75)
      >>> scores.uar, scores.chance_uar  # as its mean recall tells.
      (0.5, 0.5)
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.shape != predicted.shape or labels.ndim != 1 or not len(labels):
        raise ValueError(
            f"Expected as many labels as predictions, and at least one: got "
            f"{labels.shape} and {predicted.shape}."
        )
    if labels.dtype.kind not in "biu" or predicted.dtype.kind not in "biu":
        raise ValueError(
            f"Classes are whole numbers: got {labels.dtype} and {predicted.dtype}."
        )
    if min(labels.min(), predicted.min()) < 0 or num_classes <= max(
        labels.max(), predicted.max()
    ):
        raise ValueError(f"A class is not among 0 to {num_classes - 1}.")
    true, said = labels.astype(np.int64), predicted.astype(np.int64)
    pairs = np.bincount(true * num_classes + said, minlength=num_classes**2)
    confusion = pairs.reshape(num_classes, num_classes)
    support, right = confusion.sum(axis=1), np.diag(confusion)
    present = np.flatnonzero(support)
    recall = np.full(num_classes, np.nan)
    recall[present] = right[present] / support[present]
    # The harmonic mean of recall and precision, of each class.
    f1 = 2 * right[present] / (support + confusion.sum(axis=0))[present]
    return Scores(
        accuracy=float(np.mean(labels == predicted)),
        uar=float(recall[present].mean()),
        macro_f1=float(f1.mean()),
        recall=recall,
        confusion=confusion,
        num_utterances=len(labels),
        majority_accuracy=float(support.max() / support.sum()),
        chance_uar=1.0 / len(present),
    )


def score_probabilities(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Scores predictions that have probabilities; the most probable class is said.

    Args:
      labels: [utterances] int, true classes; at least one.
      probabilities: [utterances, classes], each row a distribution.

    Returns:
      The scores, calibration and those among present classes with them.
    """
    num_classes = probabilities.shape[1]
    scores = score(labels, probabilities.argmax(axis=1), num_classes)
    present = np.flatnonzero(scores.confusion.sum(axis=1))
    said = present[probabilities[:, present].argmax(axis=1)]
    among = score(labels, said, num_classes)
    return scores._replace(
        ece=calibration(np.asarray(labels), probabilities).ece,
        present=PresentScores(present, among.accuracy, among.uar, among.macro_f1),
    )


class DimensionScores(NamedTuple):
    """Scores of continuous predictions on a set of utterances.

    Attributes:
      ccc: concordance correlation coefficient of each dimension, Lin 1989
        (https://doi.org/10.2307/2532051); 0 where labels or predictions do not vary.
      pearson: correlation of each dimension, NaN where one of both does not vary.
      rmse: root mean square error of each dimension, in the unit of the labels.
      mean_ccc: mean over dimensions.
      num_utterances: in the set.
    """

    ccc: np.ndarray
    pearson: np.ndarray
    rmse: np.ndarray
    mean_ccc: float
    num_utterances: int


def score_dimensions(labels: np.ndarray, predicted: np.ndarray) -> DimensionScores:
    """Scores continuous predictions.

    Args:
      labels: [utterances, dimensions] float; at least one utterance.
      predicted: likewise.

    Returns:
      The scores.

    Examples:
      >>> truth = np.array([[-1.0], [0.0], [1.0]])
      >>> scores = score_dimensions(truth, truth / 2)
      >>> print(scores.pearson, scores.ccc)  # Right in order, but too timid.
      [1.] [0.8]
    """
    labels, predicted = np.asarray(labels, float), np.asarray(predicted, float)
    if labels.shape != predicted.shape or labels.ndim != 2 or not len(labels):
        raise ValueError(
            f"Expected as many labels as predictions, and at least one: got "
            f"{labels.shape} and {predicted.shape}."
        )
    covariance = (_rest(labels) * _rest(predicted)).mean(axis=0)
    deviations = np.array([_rest(x).std(axis=0) for x in (labels, predicted)])
    offset = labels.mean(axis=0) - predicted.mean(axis=0)
    spread, product = (deviations**2).sum(axis=0) + offset**2, deviations.prod(axis=0)
    varying = product > 0
    ccc, pearson = np.zeros(len(varying)), np.full(len(varying), np.nan)
    np.divide(2 * covariance, spread, out=ccc, where=varying)
    np.divide(covariance, product, out=pearson, where=varying)
    return DimensionScores(
        ccc=ccc,
        pearson=pearson,
        rmse=np.sqrt(((labels - predicted) ** 2).mean(0)),
        mean_ccc=float(ccc.mean()),
        num_utterances=len(labels),
    )


def _rest(x: np.ndarray) -> np.ndarray:
    """What remains of each column without its mean; nothing of a constant one."""
    # The mean of equal numbers may round to another number.
    return np.where(np.ptp(x, axis=0) > 0, x - x.mean(axis=0), 0.0)
