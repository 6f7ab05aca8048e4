"""Intervals by resampling trials and whole speakers.

Utterances of one speaker are alike, so speakers are drawn and not utterances. Of n
speakers, or trials, n - 1 are drawn with replacement: the spread of a mean of so many
is the spread of the mean itself, where n draws would understate it, by much for the few
speakers and trials of this field (Rao and Wu 1988,
https://doi.org/10.1080/01621459.1988.10478591).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.significance.measures import MEASURES
from damldg_jax.significance.outcome import Outcome, speaker_counts

NUM_RESAMPLES = 2000


class Interval(NamedTuple):
    """A score and how sure it is.

    Attributes:
      value: mean over trials and targets.
      low: lower end of the interval; NaN where there is nothing to resample.
      high: upper end.
      sd: standard deviation over trials; NaN of a single one.
      covers: what other draws the interval allows for: ``"trials and speakers"``,
        ``"speakers"``, ``"trials"`` or nothing.
    """

    value: float
    low: float
    high: float
    sd: float
    covers: str


def interval(
    outcomes: Sequence[Outcome],
    metric: str = "uar",
    *,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """The mean of a score over targets, with its interval.

    Args:
      outcomes: of one method, target by target.
      metric: key of ``MEASURES``.
      num_resamples: draws of trials and speakers.
      seed: of the draws.
      level: of the interval.

    Returns:
      The interval; of trials alone (Student's t) where no target has two speakers.
    """
    measure, rng = MEASURES[metric], np.random.default_rng(seed)
    counts = [speaker_counts(outcome) for outcome in outcomes]
    by_trial = [measure(x.sum(axis=1)) for x in counts]
    value = float(np.mean([x.mean() for x in by_trial]))
    sd = _deviation(by_trial)
    trials = any(len(x) > 1 for x in counts)
    speakers = any(x.shape[1] > 1 for x in counts)
    covers = " and ".join(["trials"] * trials + ["speakers"] * speakers)
    if not speakers:
        return Interval(value, *_students(by_trial, value, level), sd, covers)
    draws = []
    for x in counts:
        drawn = [draw(rng, count, num_resamples) for count in (x.shape[1], len(x))]
        draws.append(resampled(x, *drawn, metric))
    low, high = quantiles(np.mean(draws, axis=0), level)
    return Interval(value, low, high, sd, covers)


def draw(rng: np.random.Generator, count: int, num_resamples: int) -> np.ndarray:
    """How often each of some is drawn.

    Args:
      rng: of the draws.
      count: of speakers or trials.
      num_resamples: how many times.

    Returns:
      [num_resamples, count] float64; ones where there is a single one.
    """
    if count == 1:
        return np.ones((num_resamples, 1))
    even = np.full(count, 1 / count)
    return rng.multinomial(count - 1, even, num_resamples).astype(float)


def resampled(
    counts: np.ndarray, speakers: np.ndarray, trials: np.ndarray, metric: str
) -> np.ndarray:
    """Scores of resamples of a target.

    Args:
      counts: [trials, speakers, classes, classes].
      speakers: [resamples, speakers], how often each is drawn.
      trials: [resamples, trials], likewise.
      metric: key of ``MEASURES``.

    Returns:
      [resamples], each a mean over the trials drawn.
    """
    confusion = np.einsum("rs,tsij->rtij", speakers, counts, optimize=True)
    scores = MEASURES[metric](confusion)
    return (scores * trials).sum(axis=1) / trials.sum(axis=1)


def quantiles(draws: np.ndarray, level: float) -> tuple[float, float]:
    """The ends of the middle part of draws."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _deviation(by_trial: Sequence[np.ndarray]) -> float:
    """Over trials, of their means over targets."""
    lengths = {len(x) for x in by_trial}
    if len(lengths) > 1 or lengths == {1}:
        return math.nan
    return float(np.mean(by_trial, axis=0).std(ddof=1))


def _students(
    by_trial: Sequence[np.ndarray], value: float, level: float
) -> tuple[float, float]:
    from scipy import stats

    count = min(map(len, by_trial))
    if count < 2:
        return math.nan, math.nan
    variances = [x.var(ddof=1) / len(x) for x in by_trial]
    error = math.sqrt(sum(variances)) / len(by_trial)
    reach = float(stats.t.ppf((1 + level) / 2, count - 1)) * error
    return value - reach, value + reach
