"""Means of a method over scenarios, as Table III of the paper has them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Means(NamedTuple):
    """Means over scenarios.

    Attributes:
      unweighted: UM, each scenario counts the same.
      weighted: WM, each counts by the utterances of its target.
      geometric: GM, the n-th root of the product.
    """

    unweighted: float
    weighted: float
    geometric: float


def means(values: Sequence[float], utterances: Sequence[int] | None = None) -> Means:
    """Averages a score over scenarios.

    Args:
      values: of each scenario; at least one.
      utterances: of each scenario's target; NaN stands for WM where they are not known.

    Returns:
      The means; the geometric one is 0 where a value is.

    Examples:
      >>> means([0.2, 0.8], utterances=[300, 100])
      Means(unweighted=0.5, weighted=0.35, geometric=0.4)
    """
    array = np.asarray(values, float)
    weighted = np.nan
    if utterances is not None:
        weighted = np.average(array, weights=utterances)
    with np.errstate(divide="ignore"):
        geometric = np.exp(np.log(array).mean())
    return Means(float(array.mean()), float(weighted), float(geometric))
