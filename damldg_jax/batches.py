"""Which utterances make up a step, and their spectrograms as one packed array.

All utterances of a command lie one behind the other in one array on the device, and a
step works out by itself, from the seed and its number, which of them it takes. Every
choice of sources then runs the same compiled program, and the target's frames are there
but no training index points to them. Frames that no device can hold stay on the disk;
each step is then given an excerpt of those that it reads (`streaming.py`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.order import key_of, permuted

Array = np.ndarray | jax.Array

# By what the utterances of a domain are drawn equally often.
BALANCES = ("none", "classes")


class Store(NamedTuple):
    """Spectrograms of many utterances, packed.

    Attributes:
      frames: [total_frames, features] float32 or bfloat16, all utterances one behind
        the other; None where they stay on the host.
      offsets: [utterances] int32, first frame of each.
      lengths: [utterances] int32, frames in each.
      labels: [utterances] int32, class of each; or [utterances, dimensions] float32.
      shift: [utterances, features] float32, taken from each frame where it is read,
        or None.
      scale: likewise, by which the difference is multiplied; None with ``shift``.
    """

    frames: Array | None
    offsets: Array
    lengths: Array
    labels: Array
    shift: Array | None = None
    scale: Array | None = None


class Domains(NamedTuple):
    """The training utterances of each source domain, packed.

    Attributes:
      members: [capacity] int32, indices into the store, those of each domain one behind
        the other; what is past the last is not looked at.
      offsets: [domains] int32, where those of each domain begin.
      sizes: [domains] int32, how many it has.
      weights: [domains] float32, what each domain counts in a mean over domains; None
        for all alike.
    """

    members: Array
    offsets: Array
    sizes: Array
    weights: Array | None = None


class Excerpt(NamedTuple):
    """The frames that some examples read, where a store has none.

    Attributes:
      frames: [n, features], those of all examples one behind the other.
      offsets: [...] int32, for each example the row of ``frames`` in which frame 0 of
        its utterance lies, or would lie: only frames that are read are there.
    """

    frames: Array
    offsets: Array


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
    store = index([len(s) for s in spectrograms], labels, num_classes)
    return store._replace(frames=np.concatenate(spectrograms))


def index(
    lengths: Sequence[int],
    labels: Sequence[int] | np.ndarray,
    num_classes: int | None,
) -> Store:
    """Makes a store that has no frames yet.

    Args:
      lengths: frames of each utterance.
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
    ends = np.cumsum(lengths, dtype=np.int64)
    if len(ends) and ends[-1] > np.iinfo(np.int32).max:
        raise InputError(
            f"{ends[-1]} frames are more than one store can number, {2**31 - 1}. Train "
            "on fewer corpora at a time, or on features with fewer frames a second."
        )
    lengths = np.asarray(lengths, np.int32)
    return Store(
        frames=None,
        offsets=(ends - lengths).astype(np.int32),
        lengths=lengths,
        labels=np.asarray(labels, np.float32 if num_classes is None else np.int32),
    )


def join(features: Sequence[np.ndarray], dtype: np.typing.DTypeLike) -> np.ndarray:
    """Joins utterances to the frames of a store.

    Args:
      features: each [frames, features] float; may be memory-mapped.
      dtype: of the result, such as float32 or bfloat16.

    Returns:
      [total_frames, features], in host memory.
    """
    total = sum(map(len, features))
    joined, row = np.empty((total, features[0].shape[1]), dtype), 0
    for frames in features:
        joined[row : row + len(frames)] = frames
        row += len(frames)
    return joined


def pack_domains(
    domains: Sequence[np.ndarray],
    capacity: int | None = None,
    weights: np.ndarray | None = None,
) -> Domains:
    """Packs the training utterances of the source domains.

    Args:
      domains: for each domain the indices of its utterances, [n] int, n at least 1.
      capacity: size of the packed array, so that all choices of sources are alike to
        the compiled step; by default as many as there are.
      weights: [domains], what each counts in a mean over domains; all alike if None.

    Returns:
      The domains, in host memory.
    """
    members = np.concatenate(domains).astype(np.int32)
    sizes = np.array([len(each) for each in domains], np.int32)
    spare = (capacity or len(members)) - len(members)
    return Domains(
        members=np.pad(members, (0, spare)),
        offsets=(np.cumsum(sizes) - sizes).astype(np.int32),
        sizes=sizes,
        weights=None if weights is None else np.asarray(weights, np.float32),
    )


def balanced(members: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Repeats utterances of rarer classes until there are as many of each class.

    Args:
      members: [n] indices of utterances.
      classes: [n] of each.

    Returns:
      [m], m at least n: each at least once, and of a class none more than once oftener
      than another.
    """
    own = [members[classes == label] for label in np.unique(classes)]
    most = max(map(len, own))
    return np.concatenate([np.resize(of_class, most) for of_class in own])


def draw_utterances(
    domains: Domains, per_domain: int, step: jax.Array | int, seed: jax.Array | int
) -> jax.Array:
    """Draws a step's utterances, as many from each domain; pure.

    Each domain is gone through in a pseudo-random order that is another in each pass,
    so none of its utterances comes twice before all have come once. The result depends
    on the arguments alone: a resumed run draws what it would have drawn.

    Args:
      domains: of the run.
      per_domain: utterances from each.
      step: number of the step, from 0.
      seed: of the run.

    Returns:
      [domains, per_domain] int32, indices into the store.
    """
    step = jnp.asarray(step, jnp.int32)
    count = step * per_domain + jnp.arange(per_domain, dtype=jnp.int32)[None]
    sizes = jnp.asarray(domains.sizes)[:, None]
    passes, place = count // sizes, count % sizes
    numbers = jnp.arange(len(domains.sizes), dtype=jnp.int32)[:, None]
    place = permuted(place, sizes, key_of(seed, numbers, passes))
    return jnp.asarray(domains.members)[jnp.asarray(domains.offsets)[:, None] + place]


def check_shares(per_domain: int, num_domains: int, num_devices: int) -> None:
    """Checks that each domain's utterances can be shared out to devices.

    Args:
      per_domain: utterances of each domain in a step.
      num_domains: source domains.
      num_devices: that share the step.

    Raises:
      InputError: they do not divide; it names the nearest batch sizes that do.
    """
    if per_domain % num_devices:
        lower = per_domain // num_devices * num_devices
        near = [n * num_domains for n in (lower, lower + num_devices) if n]
        raise InputError(
            f"{per_domain} utterances of each domain cannot be shared out to "
            f"{num_devices} devices. Nearest batch sizes that can, for {num_domains} "
            f"domains: {' or '.join(map(str, near))} (--batch_size), or use one "
            "device for a step (--parallel=trials or --parallel=none)."
        )


def samples_per_domain(batch_size: int, num_domains: int) -> int:
    """Utterances of each domain in a step, so that their sum is near the batch size.

    Args:
      batch_size: wanted in all.
      num_domains: source domains.

    Returns:
      The nearest whole number, at least 1.
    """
    return max(1, round(batch_size / num_domains))
