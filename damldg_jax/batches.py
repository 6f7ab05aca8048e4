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

from damldg_jax.errors import InputError


class Store(NamedTuple):
    """Spectrograms of many utterances, packed.

    Attributes:
      frames: [total_frames, features] float32, all utterances one behind the other.
      offsets: [utterances] int32, first frame of each.
      lengths: [utterances] int32, frames in each.
      labels: [utterances] int32, class of each; or [utterances, dimensions] float32.
      shift: [utterances, features] float32, taken from each frame where it is read,
        or None.
      scale: likewise, by which the difference is multiplied; None with ``shift``.
    """

    frames: np.ndarray | jax.Array
    offsets: np.ndarray | jax.Array
    lengths: np.ndarray | jax.Array
    labels: np.ndarray | jax.Array
    shift: np.ndarray | jax.Array | None = None
    scale: np.ndarray | jax.Array | None = None


class Draw(NamedTuple):
    """What one step is given.

    Attributes:
      utterances: [domains, per_domain] int32, indices into the store.
      weights: [domains] float32, what each domain counts in a mean over domains; None
        for all alike.
    """

    utterances: np.ndarray | jax.Array
    weights: np.ndarray | jax.Array | None = None


def pack(
    spectrograms: Sequence[np.ndarray],
    labels: Sequence[int] | np.ndarray,
    num_classes: int | None,
) -> Store:
    """Packs spectrograms.

    Args:
      spectrograms: each [frames, features] float32.
      labels: class of each; or [utterances, dimensions] float.
      num_classes: labels are below it; None where they are no classes.

    Returns:
      The store, in host memory.

    Raises:
      InputError: a label is no class; it names the first such utterance.
    """
    # In a compiled step such a label would quietly make the loss not finite.
    for place, label in enumerate(labels if num_classes is not None else ()):
        if not 0 <= label < num_classes:
            raise InputError(
                f"Utterance {place} has the label {label}, but the {num_classes} "
                f"classes are numbered 0 to {num_classes - 1}."
            )
    lengths = np.array([len(s) for s in spectrograms], np.int32)
    return Store(
        frames=np.concatenate(spectrograms),
        offsets=(np.cumsum(lengths) - lengths).astype(np.int32),
        lengths=lengths,
        labels=np.asarray(labels, np.float32 if num_classes is None else np.int32),
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


def share_out(utterances: np.ndarray, num_devices: int) -> np.ndarray:
    """Deals each domain's utterances out to devices.

    Args:
      utterances: [domains, per_domain].
      num_devices: must divide ``per_domain``.

    Returns:
      [devices, domains, per_domain / devices].

    Raises:
      InputError: they do not divide; it names the nearest batch sizes that do.
    """
    domains, per_domain = utterances.shape
    if per_domain % num_devices:
        lower = per_domain // num_devices * num_devices
        near = [n * domains for n in (lower, lower + num_devices) if n]
        raise InputError(
            f"{per_domain} utterances of each domain cannot be shared out to "
            f"{num_devices} devices. Nearest batch sizes that can, for {domains} "
            f"domains: {' or '.join(map(str, near))} (--batch_size), or use one "
            "device (--parallel=none)."
        )
    return utterances.reshape(domains, num_devices, -1).swapaxes(0, 1)


def samples_per_domain(batch_size: int, num_domains: int) -> int:
    """Utterances of each domain in a step, so that their sum is near the batch size.

    Args:
      batch_size: wanted in all.
      num_domains: source domains.

    Returns:
      The nearest whole number, at least 1.
    """
    return max(1, round(batch_size / num_domains))
