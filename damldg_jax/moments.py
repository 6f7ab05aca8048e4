"""Mean and deviation of sets of frames, as they grow and are added."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

# Below this a feature does not vary: it is shifted and not scaled.
MIN_DEVIATION = 1e-6
# What stands for no deviation where its inverse is stored.
_NEXT_TO_NOTHING = 1e-9


class Moments(NamedTuple):
    """Of a set of frames: how many, their mean, and the squares around it.

    Attributes:
      frames: how many; of what was not seen but is believed beforehand any number.
      mean: [features] float64.
      squares: [features] float64, the sum of the squares of the distances to the mean.
    """

    frames: float
    mean: np.ndarray
    squares: np.ndarray

    def __add__(self, other: "Moments") -> "Moments":
        """Those of both sets together."""
        # By way of the means: a difference of large squares would lose digits.
        frames = self.frames + other.frames
        step = other.mean - self.mean
        return Moments(
            frames,
            self.mean + step * (other.frames / frames),
            self.squares
            + other.squares
            + step**2 * (self.frames * other.frames / frames),
        )

    @property
    def shift(self) -> np.ndarray:
        """What to subtract for a mean of 0, [features] float32."""
        return self.mean.astype(np.float32)

    @property
    def scale(self) -> np.ndarray:
        """What to multiply by then for a deviation of 1, [features] float32."""
        deviation = np.sqrt(self.squares / self.frames)
        scale = 1 / np.where(deviation > MIN_DEVIATION, deviation, 1)
        return scale.astype(np.float32)

    @property
    def inverse_deviation(self) -> np.ndarray:
        """By which moments are known again; of what does not vary it is large."""
        deviation = np.sqrt(self.squares / self.frames)
        return (1 / np.maximum(deviation, _NEXT_TO_NOTHING)).astype(np.float32)


def moments_of(frames: np.ndarray) -> Moments:
    """The moments of frames [frames, features]."""
    frames = frames.astype(np.float64)
    mean = frames.mean(axis=0)
    return Moments(len(frames), mean, ((frames - mean) ** 2).sum(axis=0))


def typical(groups: Sequence[Moments], frames: float) -> Moments:
    """What is believed of a group of which nothing has been seen yet.

    Args:
      groups: some that have been seen, such as the speakers of the training.
      frames: what this belief weighs, in frames.

    Returns:
      The mean of their means, and the mean of their variances, as if of so many frames.
    """
    mean = np.mean([group.mean for group in groups], axis=0)
    variance = np.mean([group.squares / group.frames for group in groups], axis=0)
    return Moments(frames, mean, frames * variance)


class Gathered:
    """Moments of groups of recordings, such as those of a speaker, as they come."""

    def __init__(self, prior: Moments | None = None):
        """Starts with nothing.

        Args:
          prior: what is believed of any group beforehand, or None.
        """
        self._prior = prior
        self._groups: dict[Hashable, Moments] = {}

    @property
    def groups(self) -> list[Moments]:
        """Of each group of which there is anything."""
        return [*self._groups.values()]

    def known(self, group: Hashable) -> Moments | None:
        """What is known of a group so far; None of nothing, without a prior."""
        return self._groups.get(group, self._prior)

    def add(self, group: Hashable, frames: np.ndarray) -> None:
        """Adds the frames [frames, features] of a recording to its group."""
        before, more = self.known(group), moments_of(frames)
        self._groups[group] = more if before is None else before + more
