"""Scores of many confusion matrices at once, as `damldg_jax.metrics` defines them."""

from collections.abc import Callable, Mapping

import numpy as np


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Part of the utterances that are right.

    Args:
      confusion: [..., classes, classes], true class by predicted class, weighted.

    Returns:
      [...]
    """
    right = np.trace(confusion, axis1=-2, axis2=-1)
    return right / confusion.sum(axis=(-2, -1))


def uar(confusion: np.ndarray) -> np.ndarray:
    """Mean recall of the classes that there are; shapes as of ``accuracy``.

    A class of which a resample has no utterance drops out of the resample's mean.

    Examples:
      >>> print(uar(np.array([[3.0, 1.0], [0.0, 4.0]])))  # true by predicted
      0.875
    """
    support = confusion.sum(axis=-1)
    return _mean_of_present(_diagonal(confusion), support, support)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 score of the classes that there are; shapes as of ``accuracy``."""
    support, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return _mean_of_present(2 * _diagonal(confusion), support + said, support)


def _diagonal(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _mean_of_present(
    above: np.ndarray, below: np.ndarray, support: np.ndarray
) -> np.ndarray:
    present = support > 0
    ratio = np.divide(above, below, out=np.zeros_like(below), where=present)
    return ratio.sum(axis=-1) / present.sum(axis=-1)


MEASURES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "uar": uar,
    "macro_f1": macro_f1,
}
