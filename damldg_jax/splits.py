"""Keeps whole speakers of each source corpus for validation."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# With two speakers, keeping one would take half of the corpus from training, and
# keeping utterances instead would reward knowing the speaker.
MIN_SPEAKERS = 3


class SpeakerSplit(NamedTuple):
    """A corpus divided by speaker.

    Attributes:
      train: indices of utterances to train on, ascending.
      validation: indices of utterances to select on, ascending; may be empty.
      speakers: those kept for validation.
      notice: what the user should know about this split, or empty.
    """

    train: np.ndarray
    validation: np.ndarray
    speakers: tuple[str, ...]
    notice: str


def split_speakers(
    corpus: str, speakers: Sequence[str], fraction: float, seed: int
) -> SpeakerSplit:
    """Keeps a fraction of the speakers for validation, and at least one.

    A corpus of fewer than three speakers gives none: it is trained on as a whole and
    has no part in selection, and the notice says so.

    Args:
      corpus: its name, for the draw and the notice.
      speakers: speaker of each utterance.
      fraction: of the speakers, in [0, 1).
      seed: of the draw.

    Returns:
      The split.
    """
    speakers = np.asarray(speakers)
    names = np.unique(speakers)
    if fraction == 0 or len(names) < MIN_SPEAKERS:
        notice = (
            f"{corpus}: has {len(names)} speaker(s), too few to keep one for "
            "validation; all of it is trained on."
        )
        everything = np.arange(len(speakers))
        empty = np.zeros(0, everything.dtype)
        return SpeakerSplit(everything, empty, (), notice if fraction else "")
    # At least one to select on, and at least one to train on.
    count = min(max(1, round(fraction * len(names))), len(names) - 1)
    # Keyed by the name, so that a corpus is split alike whatever it is joined with.
    entropy = [seed, *corpus.encode()]
    kept = np.random.default_rng(entropy).choice(names, count, replace=False)
    held = np.isin(speakers, kept)
    return SpeakerSplit(
        np.flatnonzero(~held), np.flatnonzero(held), tuple(sorted(kept.tolist())), ""
    )
