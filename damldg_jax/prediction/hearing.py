"""What has been heard of each speaker, by which recordings are normalised."""

from collections.abc import Hashable, Sequence

import numpy as np

from damldg_jax.moments import Gathered, Moments


class Hearing:
    """Statistics of groups of recordings, such as those of a speaker."""

    def __init__(self, prior: Moments | None, past_only: bool):
        """Starts with nothing heard.

        Args:
          prior: what is believed of any group beforehand, or None.
          past_only: whether a recording is normalised by what came before it, for which
            there must be a prior, or by all that come with it.
        """
        self._gathered, self._past_only = Gathered(prior), past_only

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
            known.append(self._gathered.known(group))
            self._gathered.add(group, own)
        if not self._past_only:
            known = [self._gathered.known(group) for group in groups]
        each = zip(frames, known, strict=True)
        return [(own - of.shift[None]) * of.scale[None] for own, of in each]
