"""What has been heard of each speaker, by which recordings are normalised."""

from collections.abc import Hashable, Sequence

import numpy as np

from damldg_jax.moments import Moments, moments_of


class Hearing:
    """Statistics of groups of recordings, such as those of a speaker."""

    def __init__(self, prior: Moments | None, past_only: bool):
        """Starts with nothing heard.

        Args:
          prior: what is believed of any group beforehand, or None.
          past_only: whether a recording is normalised by what came before it, for which
            there must be a prior, or by all that come with it.
        """
        self._prior, self._past_only = prior, past_only
        self._heard: dict[Hashable, Moments] = {}

    def normalize(
        self, groups: Sequence[Hashable], frames: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """Normalises recordings, and remembers them.

        Args:
          groups: of each.
          frames: of each, [frames, features], in the order in which they came.

        Returns:
          Of each, [frames, features] float32.
        """
        known = []
        for group, own in zip(groups, frames, strict=True):
            known.append(self._heard.get(group, self._prior))
            before, more = known[-1], moments_of(own)
            self._heard[group] = more if before is None else before + more
        if not self._past_only:
            known = [self._heard[group] for group in groups]
        each = zip(frames, known, strict=True)
        return [(own - of.shift[None]) * of.scale[None] for own, of in each]
