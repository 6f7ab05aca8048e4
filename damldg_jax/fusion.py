"""Fuses what several models say of the same utterances, without anything learnt.

Ensembles of trials and late fusion of other features or networks are the same: a mean
of distributions with weights that are given. See "Combining pattern classifiers" by
Kuncheva (https://doi.org/10.1002/0471660264), chapter 5, for the means and their names:
that of logarithms is the product rule, the arithmetic one the sum rule.
"""

from collections.abc import Sequence

import numpy as np

MEANS = ("log", "arithmetic")
# Files tell probabilities to six decimals: what they tell as zero is not impossible, so
# that one model cannot rule out alone what all others say. Small enough to be told as
# zero again.
FLOOR = 1e-7
# Rows as files tell them add up to 1 but for the rounding of each class.
_ROUNDING = 1e-3


def fuse(
    probabilities: np.ndarray,
    weights: Sequence[float] | None = None,
    mean: str = "log",
) -> np.ndarray:
    """Fuses distributions over classes.

    Args:
      probabilities: [models, utterances, classes], each row a distribution, as files
        round it.
      weights: of each model, above 0; they count by their ratios. None: all the same.
      mean: ``"log"``, the mean of logarithms, normalised anew; or ``"arithmetic"``.

    Returns:
      [utterances, classes] float64, each row a distribution. The order of the models
      changes no bit of it.

    Raises:
      ValueError: shapes, weights, the mean or a row is none that can be used.

    Examples:
      >>> said = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])
      >>> fuse(said).round(2)  # sqrt(0.9 * 0.5) to sqrt(0.1 * 0.5) is 3 to 1,
      array([[0.75, 0.25]])
      >>> fuse(said, mean="arithmetic").round(2)  # and this their mean.
      array([[0.7, 0.3]])
    """
    probabilities = _checked(probabilities)
    shares = _shares(weights, len(probabilities))[:, None, None]
    if mean not in MEANS:
        raise ValueError(f"mean is {mean!r}, and must be one of {', '.join(MEANS)}.")
    if mean == "arithmetic":
        return _normalised(_total(shares * _normalised(probabilities)))
    logs = _total(shares * np.log(np.maximum(probabilities, FLOOR)))
    return _normalised(np.exp(logs - logs.max(axis=-1, keepdims=True)))


def places_of(names: Sequence[str], among: Sequence[str]) -> np.ndarray:
    """Finds names in another order of them.

    Args:
      names: [n] that are wanted, each once.
      among: [n] the same ones, each once, in any order.

    Returns:
      [n] int, such that ``among[places[k]] == names[k]``.

    Raises:
      ValueError: one of both has a name that the other lacks, or one twice; it names
        the first such.

    Examples:
      >>> places_of(["b", "a"], ["a", "b"])
      array([1, 0])
    """
    place = {str(name): number for number, name in enumerate(among)}
    wanted = {str(name): number for number, name in enumerate(names)}
    for which, found in ((among, place), (names, wanted)):
        if len(found) < len(which):
            seen = [str(name) for name in which]
            raise ValueError(f"{next(x for x in seen if seen.count(x) > 1)} is twice")
    if lacking := sorted(wanted.keys() ^ place.keys()):
        raise ValueError(f"{lacking[0]} is in one of them alone")
    return np.array([place[name] for name in wanted], int)


def _checked(probabilities: np.ndarray) -> np.ndarray:
    probabilities = np.asarray(probabilities, np.float64)
    if probabilities.ndim != 3 or not len(probabilities):
        raise ValueError(
            "Expected [models, utterances, classes] of at least one model: got "
            f"{probabilities.shape}."
        )
    # A comparison that NaN does not pass.
    if not (probabilities >= 0).all():
        raise ValueError("A probability is no number, or below 0.")
    if not (np.abs(probabilities.sum(axis=-1) - 1) <= _ROUNDING).all():
        raise ValueError("The probabilities of an utterance do not add up to 1.")
    return probabilities


def _shares(weights: Sequence[float] | None, models: int) -> np.ndarray:
    """[models] weights that add up to 1."""
    shares = np.ones(models) if weights is None else np.asarray(weights, np.float64)
    if shares.shape != (models,):
        raise ValueError(f"Expected {models} weights: got {shares.shape}.")
    if not (np.isfinite(shares).all() and (shares > 0).all()):
        raise ValueError(f"Weights must be above 0: got {shares.tolist()}.")
    return shares / np.sort(shares).sum()


def _total(terms: np.ndarray) -> np.ndarray:
    """The sum over the first axis, the same bits in whatever order."""
    return np.sort(terms, axis=0).sum(axis=0)


def _normalised(x: np.ndarray) -> np.ndarray:
    return x / x.sum(axis=-1, keepdims=True)
