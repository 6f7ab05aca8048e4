"""Input that no device holds: of each step the frames that it reads, copied ahead.

What a step reads is known before it runs, as it is a function of (seed, step). The host
copies just that from the utterances, which may be views of a file, while the step
before is computed; the examples are those of a store that has all frames, to the bit.
"""

import collections
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from damldg_jax.augment import Augmentation, Windows
from damldg_jax.batches import Excerpt

Item = TypeVar("Item")
Made = TypeVar("Made")

# Of the stretched utterance: host and device may round a crop to neighbouring frames.
_MARGIN = 1


class Streamer:
    """Copies the frames that examples read."""

    def __init__(
        self,
        features: Sequence[np.ndarray],
        num_frames: int,
        augmentation: Augmentation,
        dtype: np.typing.DTypeLike,
    ):
        """Keeps the utterances, and how much of one an example can read.

        Args:
          features: of each utterance, [frames, features] float; may be memory-mapped.
          num_frames: of an example.
          augmentation: ranges from which each example is altered.
          dtype: of the frames that are given out, such as float32 or bfloat16.
        """
        self._features = features
        self._longest = max(map(len, features))
        self._width = features[0].shape[1]
        self._dtype = np.dtype(dtype)
        self._fastest = np.float32(augmentation.stretch[1])
        self._margin = math.ceil(_MARGIN * self._fastest) + 1
        # From the frame before the first position to the one behind the last.
        span = math.ceil((num_frames - 1) * self._fastest) + 2
        self._rows = self._at_most(span + 2 * self._margin)

    def excerpt(self, utterances: np.ndarray, windows: Windows) -> Excerpt:
        """Copies what training examples read.

        Args:
          utterances: [...] int, indices of utterances.
          windows: [...], where each is read, by ``draw_windows``.

        Returns:
          The excerpt, in host memory of its own; its size depends on how many examples
          there are and on nothing else.

        Raises:
          ValueError: a window is faster than the augmentation.
        """
        # The shift is left out: what it brings in from outside of the crop is silence.
        start, rate = np.asarray(windows.start), np.asarray(windows.rate)
        if (rate > self._fastest).any():
            raise ValueError(
                f"A window has the rate {rate.max()}, and the fastest stretch of the "
                f"augmentation is {self._fastest}."
            )
        first = np.floor(start * rate).astype(np.int64) - self._margin
        return self._copy(utterances, first, self._rows)

    def whole(self, utterances: np.ndarray, num_frames: int) -> Excerpt:
        """Copies utterances from end to end.

        Args:
          utterances: [...] int, indices of utterances.
          num_frames: the longest of them has no more.

        Returns:
          The excerpt, in host memory of its own; its size depends on how many
          utterances there are and on ``num_frames``.
        """
        return self._copy(
            utterances, np.zeros(utterances.shape, int), self._at_most(num_frames)
        )

    def _at_most(self, num_frames: int) -> int:
        """As many frames as that, or as the longest utterance has."""
        return min(num_frames, self._longest)

    def _copy(self, utterances: np.ndarray, first: np.ndarray, rows: int) -> Excerpt:
        """Copies up to ``rows`` frames of each utterance, from frame ``first`` on."""
        first = np.maximum(first, 0)
        # Zeros where there is nothing to copy. Each time new memory: a device may use
        # the host's own, as long as it likes.
        frames = np.zeros((utterances.size * rows, self._width), self._dtype)
        places = np.arange(utterances.size) * rows
        for utterance, begin, place in zip(
            utterances.flat, first.flat, places, strict=True
        ):
            copied = self._features[utterance][begin : begin + rows]
            frames[place : place + len(copied)] = copied
        offsets = places.reshape(utterances.shape) - first
        return Excerpt(frames, offsets.astype(np.int32))


def prefetch(
    make: Callable[[Item], Made], items: Iterable[Item], ahead: int = 2
) -> Iterator[Made]:
    """Makes things ahead of their use, one after the other in one thread.

    Args:
      make: from an item what is yielded for it; it runs in the thread.
      items: in the order of their use; iterated over where the results are.
      ahead: how many are made, or being made, while one is used.

    Yields:
      What ``make`` returns. An error of it is raised in the place of its result. When
      the generator is closed, the thread ends with what it is at.
    """
    items = iter(items)
    with ThreadPoolExecutor(1, "prefetch") as pool:
        begun = collections.deque(
            pool.submit(make, item) for item in itertools.islice(items, ahead)
        )
        try:
            while True:
                begun.extend(pool.submit(make, i) for i in itertools.islice(items, 1))
                if not begun:
                    return
                # No name for it: what was used up is not to be kept.
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
