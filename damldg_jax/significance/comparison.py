"""Compares two methods on the same utterances."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.significance.bootstrap import (
    NUM_RESAMPLES,
    draw,
    quantiles,
    resampled,
)
from damldg_jax.significance.measures import MEASURES
from damldg_jax.significance.outcome import Outcome, check_alike, speaker_counts
from damldg_jax.significance.permutation import (
    least_speakers_p,
    least_trials_p,
    speakers_p_value,
    trials_p_value,
)


class Comparison(NamedTuple):
    """How far one method is ahead of another.

    Attributes:
      difference: of the first from the second, mean over targets of means over trials.
      low: lower end of its 95 % interval, over speakers and trials; NaN where there is
        one speaker only.
      high: upper end.
      p_value: the larger one of the next two, as neither must explain the difference.
      p_speakers: of swapping the methods for whole speakers.
      p_trials: of dealing the trials out anew; NaN where a method knows no seed.
      least_p: the least p-value that so many speakers and trials could give.
      num_trials: of the method and target that has fewest, those without seed aside.
      num_speakers: of all targets.
      num_targets: that are averaged.
    """

    difference: float
    low: float
    high: float
    p_value: float
    p_speakers: float
    p_trials: float
    least_p: float
    num_trials: int
    num_speakers: int
    num_targets: int


def compare(
    first: Sequence[Outcome],
    second: Sequence[Outcome],
    metric: str = "uar",
    *,
    names: Sequence[Hashable] | None = None,
    networks: Sequence[Hashable] | None = None,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Comparison:
    """Compares two methods, paired by utterance.

    Args:
      first: of a method, target by target.
      second: of another, on the same utterances in the same order.
      metric: key of ``MEASURES``.
      names: of the targets, where several are the same utterances, after training on
        other sources: their speakers are drawn and swapped in all of them at once.
      networks: what each target was tested by, where the networks of a trial were
        tested on several: trials are drawn and dealt out for all of these at once.
      num_resamples: of the interval.
      seed: of all draws.
      level: of the interval.

    Returns:
      The comparison.

    Raises:
      ValueError: the methods were not tested on the same utterances, or targets of one
        name have other speakers, or those of one network other numbers of trials.
    """
    check_alike(first, second)
    pairs = [_alike_counts(x, y) for x, y in zip(first, second, strict=True)]
    a, b = zip(*pairs, strict=True)
    keys = range(len(first)) if names is None else names
    trained = range(len(first)) if networks is None else networks
    speakers = [tuple(np.unique(x.speakers)) for x in first]
    _check_shared("name", "speakers", keys, speakers)
    _check_shared("network", "trials", trained, [(len(x), len(y)) for x, y in pairs])
    given = metric, num_resamples, seed, level
    low, high = _interval(a, b, keys, trained, *given)
    p_speakers = speakers_p_value(a, b, metric, seed, keys)
    heard = sum({key: x.shape[1] for key, x in zip(keys, a, strict=True)}.values())
    trials = [
        outcome.num_trials for outcome in (*first, *second) if not outcome.deterministic
    ]
    p_trials, least = float("nan"), least_speakers_p(heard)
    if not (first[0].deterministic or second[0].deterministic):
        p_trials = trials_p_value(a, b, metric, seed, trained)
        of_each = {
            key: (len(x), len(y)) for key, (x, y) in zip(trained, pairs, strict=True)
        }
        least = max(least, least_trials_p([*of_each.values()]))
    return Comparison(
        difference=_score(a, metric) - _score(b, metric),
        low=low,
        high=high,
        p_value=float(np.fmax(p_speakers, p_trials)),
        p_speakers=p_speakers,
        p_trials=p_trials,
        least_p=least,
        num_trials=min(trials, default=1),
        num_speakers=heard,
        num_targets=len(first),
    )


def _check_shared(
    what: str, of: str, keys: Sequence[Hashable], values: Sequence[Hashable]
) -> None:
    """Refuses targets of one key whose draws cannot be the same."""
    seen: dict[Hashable, Hashable] = {}
    for key, value in zip(keys, values, strict=True):
        if seen.setdefault(key, value) != value:
            raise ValueError(f"Targets of the {what} {key!r} have other {of}.")


def _alike_counts(x: Outcome, y: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both over the same classes."""
    counts = speaker_counts(x), speaker_counts(y)
    classes = max(each.shape[-1] for each in counts)
    spare = [(0, 0), (0, 0)]
    wide = [np.pad(c, [*spare, *[(0, classes - c.shape[-1])] * 2]) for c in counts]
    return wide[0], wide[1]


def _score(counts: Sequence[np.ndarray], metric: str) -> float:
    measure = MEASURES[metric]
    return float(np.mean([measure(x.sum(axis=1)).mean() for x in counts]))


def _interval(
    a: Sequence[np.ndarray],
    b: Sequence[np.ndarray],
    keys: Sequence[Hashable],
    trained: Sequence[Hashable],
    metric: str,
    num_resamples: int,
    seed: int,
    level: float,
) -> tuple[float, float]:
    """Of the difference: both methods are heard by the speakers that are drawn.

    Targets of one key have the same speakers, who are drawn for all of them at once,
    and so are the trials of those that the same networks were tested on.
    """
    if all(x.shape[1] == 1 for x in a):
        return float("nan"), float("nan")
    rng, draws = np.random.default_rng(seed), []
    drawn: dict[Hashable, np.ndarray] = {}

    def draw_once(key: Hashable, count: int) -> np.ndarray:
        if key not in drawn:
            drawn[key] = draw(rng, count, num_resamples)
        return drawn[key]

    for x, y, key, network in zip(a, b, keys, trained, strict=True):
        speakers = draw_once(("speakers", key), x.shape[1])
        trials = draw_once(("first", network), len(x))
        others = draw_once(("second", network), len(y))
        ahead = resampled(x, speakers, trials, metric)
        draws.append(ahead - resampled(y, speakers, others, metric))
    return quantiles(np.mean(draws, axis=0), level)
