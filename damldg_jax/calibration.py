"""Whether a prediction of probability p is right in a part p of all cases."""

from typing import NamedTuple

import numpy as np


class Calibration(NamedTuple):
    """A reliability diagram, after Guo et al. 2017 (https://arxiv.org/abs/1706.04599).

    Attributes:
      edges: [bins + 1], of equally wide bins of confidence from 0 to 1.
      count: [bins] int, predictions in each.
      confidence: [bins], mean confidence in each, NaN in an empty one.
      accuracy: [bins], part of them that is right, likewise.
      ece: expected calibration error, the mean over predictions of how far confidence
        and accuracy of their bin are apart.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    ece: float


def calibration(
    labels: np.ndarray, probabilities: np.ndarray, num_bins: int = 15
) -> Calibration:
    """Compares the confidence of predictions with how often they are right.

    Args:
      labels: [n] int, true classes; at least one.
      probabilities: [n, classes], each row a distribution.
      num_bins: of confidence, the probability of the class that is predicted.

    Returns:
      The calibration.

    Examples:
      >>> said = np.array([[0.9, 0.1], [0.9, 0.1]])  # Sure of class 0,
      >>> round(calibration([0, 1], said).ece, 3)  # and right in half of the cases.
      0.4
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, float)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, num_bins + 1)
    # Bins are open below and closed above.
    places = np.clip(np.searchsorted(edges, confidence) - 1, 0, num_bins - 1)
    count = np.bincount(places, minlength=num_bins)
    sums = [np.bincount(places, x, minlength=num_bins) for x in (confidence, right)]
    ece = np.abs(sums[0] - sums[1]).sum() / len(labels)
    means = [np.where(count, x / np.maximum(count, 1), np.nan) for x in sums]
    return Calibration(edges, count, *means, float(ece))
