"""Holm's correction for several comparisons."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjusts p-values so that any false claim among them is as rare as one alone.

    Holm 1979, "A simple sequentially rejective multiple test procedure"
    (https://www.jstor.org/stable/4615733).

    Args:
      p_values: of a family of comparisons.

    Returns:
      The adjusted ones, in the same order, at most 1.

    Examples:
      >>> print(holm([0.01, 0.04, 0.03]))
      [0.03 0.06 0.06]
    """
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    result = np.empty_like(adjusted)
    result[order] = adjusted
    return result
