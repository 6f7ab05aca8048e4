"""Which utterances make up a step, and their spectrograms as one packed array.

All utterances of a command lie one behind the other in one array on the device, and a
step is given their indices. Every choice of sources then runs the same compiled
program, and the target's frames are there but no training index points to them.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np


class Store(NamedTuple):
    """Spectrograms of many utterances, packed.

    Attributes:
      frames: [total_frames, features] float32, all utterances one behind the other.
      offsets: [utterances] int32, first frame of each.
      lengths: [utterances] int32, frames in each.
      labels: [utterances] int32, class of each.
    """

    frames: np.ndarray | jax.Array
    offsets: np.ndarray | jax.Array
    lengths: np.ndarray | jax.Array
    labels: np.ndarray | jax.Array


def pack(spectrograms: Sequence[np.ndarray], labels: Sequence[int]) -> Store:
    """Packs spectrograms.

    Args:
      spectrograms: each [frames, features] float32.
      labels: class of each.

    Returns:
      The store, in host memory.
    """
    lengths = np.array([len(s) for s in spectrograms], np.int32)
    return Store(
        frames=np.concatenate(spectrograms),
        offsets=(np.cumsum(lengths) - lengths).astype(np.int32),
        lengths=lengths,
        labels=np.asarray(labels, np.int32),
    )


def utterances_of_step(
    domains: Sequence[np.ndarray], per_domain: int, step: int, seed: int
) -> np.ndarray:
    """Draws a step's utterances, as many from each domain.

    Each domain is gone through in a random order that is drawn anew for each pass, so
    none of its utterances comes twice before all have come once. The result depends
    on the arguments alone: a resumed run draws what it would have drawn.

    Args:
      domains: for each domain the indices of its utterances, [n] int.
      per_domain: utterances from each.
      step: number of the step, from 0.
      seed: of the run.

    Returns:
      [domains, per_domain] int32.
    """
    drawn = np.empty((len(domains), per_domain), np.int32)
    for number, members in enumerate(domains):
        for slot in range(per_domain):
            rounds, place = divmod(step * per_domain + slot, len(members))
            order = _order(seed, number, rounds, len(members))
            drawn[number, slot] = members[order[place]]
    return drawn


@functools.lru_cache(maxsize=256)
def _order(seed: int, domain: int, rounds: int, size: int) -> np.ndarray:
    # A generator of its own for each pass, so that no state is carried along.
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(domain, rounds))
    return np.random.default_rng(sequence).permutation(size)


def samples_per_domain(batch_size: int, num_domains: int) -> int:
    """Utterances of each domain in a step, so that their sum is near the batch size.

    Args:
      batch_size: wanted in all.
      num_domains: source domains.

    Returns:
      The nearest whole number, at least 1.
    """
    return max(1, round(batch_size / num_domains))
