"""How far apart corpora lie to a trained network, by the energies of its outputs."""

import itertools
import math

import numpy as np

_MOST_HALVES = 1000


def margin(first: np.ndarray, second: np.ndarray) -> float:
    """The domain-shift margin of Eq. (3) between two sets of utterances.

    Args:
      first: [n] energies, ``log sum_c exp z_c`` of each utterance.
      second: [m] likewise.

    Returns:
      ``|E(first) - E(second)|``.
    """
    return float(abs(np.mean(first) - np.mean(second)))


def margin_null(
    energies: np.ndarray, speakers: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Margins between two halves of one corpus, split by speaker.

    What a margin must exceed to tell of more than who speaks.

    Args:
      energies: [n] of the utterances of a corpus.
      speakers: [n] text.
      seed: of the draw, where there are too many halves to try all.

    Returns:
      A margin for each way to halve the speakers, or for some of very many; none with
      a single speaker.
    """
    names, place = np.unique(speakers, return_inverse=True)
    count, half = len(names), len(names) // 2
    if count < 2:
        return np.zeros(0)
    sums = np.bincount(place, energies, minlength=count)
    sizes = np.bincount(place, minlength=count)
    chosen = np.zeros((0, count))
    if math.comb(count, half) <= _MOST_HALVES:
        every = list(itertools.combinations(range(count), half))
        chosen = np.zeros((len(every), count))
        np.put_along_axis(chosen, np.array(every), 1, axis=1)
    else:
        rng = np.random.default_rng(seed)
        order = rng.random((_MOST_HALVES, count)).argsort(axis=1)
        chosen = (order < half).astype(float)
    means = [(side @ sums) / (side @ sizes) for side in (chosen, 1 - chosen)]
    return np.abs(means[0] - means[1])


def auroc(negatives: np.ndarray, positives: np.ndarray) -> float:
    """How well a number tells two sets apart: the area under the ROC curve.

    Args:
      negatives: [n] numbers of one set, such as energies of the target.
      positives: [m] of the other, such as energies of the sources.

    Returns:
      The probability that a positive's number is the larger, ties counting half.

    Examples:
      >>> auroc(np.array([0.1, 0.4]), np.array([0.3, 0.9]))
      0.75
    """
    from scipy.stats import mannwhitneyu

    statistic = mannwhitneyu(positives, negatives).statistic
    return float(statistic / (len(positives) * len(negatives)))
