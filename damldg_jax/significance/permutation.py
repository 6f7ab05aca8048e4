"""Permutation tests: is a difference one that names could be swapped at random for?

If two methods are alike, it does not matter whose prediction is called whose. Once
the names are swapped for whole speakers, once trials are dealt out anew to both
methods; the first asks whether other speakers might turn the difference, the second
whether other seeds might (Ernst 2004, https://doi.org/10.1214/088342304000000396).
"""

import itertools
import math
from collections.abc import Hashable, Sequence

import numpy as np

from damldg_jax.significance.measures import MEASURES

NUM_PERMUTATIONS = 5000
# As many ways to deal trials out are all tried, of more some are drawn.
_MOST_WAYS = 20_000
# A rounding error is no difference.
_TOLERANCE = 1e-12

Counts = Sequence[np.ndarray]


def speakers_p_value(
    a: Counts,
    b: Counts,
    metric: str,
    seed: int = 0,
    keys: Sequence[Hashable] | None = None,
) -> float:
    """Two-sided p-value of swapping the methods for whole speakers.

    Args:
      a: of a method, target by target, [trials, speakers, classes, classes].
      b: of another, with the same speakers and classes.
      metric: key of ``MEASURES``.
      seed: of the draws, where not all swaps can be tried.
      keys: of the targets; those of one key have the same speakers, who are swapped in
        all of them at once. None if each has its own.

    Returns:
      The p-value, of all swaps or of ``NUM_PERMUTATIONS`` among which is none at all.
    """
    keys = range(len(a)) if keys is None else keys
    sizes = {key: counts.shape[1] for key, counts in zip(keys, a, strict=True)}
    swaps = _swaps(sum(sizes.values()), seed)
    ends = np.cumsum([*sizes.values()])[:-1]
    parts = dict(zip(sizes, np.split(swaps, ends, axis=1), strict=True))
    differences = np.mean(
        [
            _swapped(x, y, parts[key], metric)
            for x, y, key in zip(a, b, keys, strict=True)
        ],
        axis=0,
    )
    return _p_value(differences)


def trials_p_value(
    a: Counts,
    b: Counts,
    metric: str,
    seed: int = 0,
    networks: Sequence[Hashable] | None = None,
) -> float:
    """Two-sided p-value of dealing the trials out anew, target by target.

    Args:
      a: of a method, target by target, [trials, speakers, classes, classes].
      b: of another.
      metric: key of ``MEASURES``.
      seed: of the draws, where not all deals can be tried.
      networks: what each target was tested by; the trials of those of one key are
        dealt out for all of them at once. None if each has its own.

    Returns:
      The p-value.
    """
    networks = range(len(a)) if networks is None else networks
    measure, scores = MEASURES[metric], {}
    for x, y, key in zip(a, b, networks, strict=True):
        own = np.concatenate([measure(x.sum(axis=1)), measure(y.sum(axis=1))])
        total, _ = scores.get(key, (0.0, 0))
        scores[key] = total + own, len(x)
    tables = [_deals(own, first, seed) for own, first in scores.values()]
    total = math.prod(map(len, tables))
    if total <= NUM_PERMUTATIONS:
        picked = np.array(list(itertools.product(*map(range, map(len, tables)))))
    else:
        rng = np.random.default_rng(seed)
        ways = [len(table) for table in tables]
        picked = rng.integers(ways, size=(NUM_PERMUTATIONS, len(ways)))
        picked[0] = 0
    columns = [t[picked[:, place]] for place, t in enumerate(tables)]
    return _p_value(np.mean(columns, axis=0))


def least_speakers_p(num_speakers: int) -> float:
    """The least p-value that swapping so many speakers can give."""
    return max(2.0 ** (1 - num_speakers), 1 / NUM_PERMUTATIONS)


def least_trials_p(num_trials: Sequence[tuple[int, int]]) -> float:
    """The least p-value that dealing trials out anew can give.

    Args:
      num_trials: of both methods, target by target.
    """
    total = math.prod(math.comb(x + y, x) for x, y in num_trials)
    # The mirrored deal differs as much, if both have as many trials.
    sides = 2 if all(x == y for x, y in num_trials) else 1
    return max(min(1.0, sides / total), 1 / NUM_PERMUTATIONS)


def _swaps(num_speakers: int, seed: int) -> np.ndarray:
    """[swaps, speakers] of zeros and ones; the first swaps nothing."""
    if 2**num_speakers <= NUM_PERMUTATIONS:
        numbers = np.arange(2**num_speakers)[:, None]
        return (numbers >> np.arange(num_speakers) & 1).astype(float)
    rng = np.random.default_rng(seed)
    swaps = rng.integers(2, size=(NUM_PERMUTATIONS, num_speakers)).astype(float)
    swaps[0] = 0
    return swaps


def _swapped(
    x: np.ndarray, y: np.ndarray, swaps: np.ndarray, metric: str
) -> np.ndarray:
    """[swaps] differences of the methods' means over trials."""
    measure, means = MEASURES[metric], []
    for own, other in ((x, y), (y, x)):
        # Trials of the two need not be as many: each keeps its own and takes those
        # of the other for swapped speakers, paired in order, over and over.
        other = other[np.arange(len(own)) % len(other)]
        kept = np.einsum("rs,tsij->rtij", 1 - swaps, own, optimize=True)
        taken = np.einsum("rs,tsij->rtij", swaps, other, optimize=True)
        means.append(measure(kept + taken).mean(axis=1))
    return means[0] - means[1]


def _deals(scores: np.ndarray, first: int, seed: int) -> np.ndarray:
    """Differences of means for each way to call ``first`` of the scores the first's.

    The actual way comes first.
    """
    total, count = scores.sum(), len(scores)
    sums = scores[_choices(count, first, seed)].sum(axis=1)
    return sums / first - (total - sums) / (count - first)


def _choices(count: int, first: int, seed: int) -> np.ndarray:
    """[ways, first] all ways, or as many drawn ones as there are permutations."""
    if math.comb(count, first) <= _MOST_WAYS:
        return np.array(list(itertools.combinations(range(count), first)))
    rng = np.random.default_rng(seed)
    every = np.tile(np.arange(count), (NUM_PERMUTATIONS, 1))
    drawn = rng.permuted(every, axis=1)[:, :first]
    drawn[0] = np.arange(first)
    return drawn


def _p_value(differences: np.ndarray) -> float:
    """Part of the permutations that differ as much as the actual one, the first."""
    actual = abs(differences[0]) - _TOLERANCE
    return float(np.mean(np.abs(differences) >= actual))
