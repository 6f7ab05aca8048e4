"""Keeps whole speakers of a corpus for validation, or for the test within it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.errors import InputError

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
            f"{corpus}: has {len(names)} speaker(s) to train on, too few to keep one "
            "for validation."
        )
        everything = np.arange(len(speakers))
        empty = np.zeros(0, everything.dtype)
        return SpeakerSplit(everything, empty, (), notice if fraction else "")
    # Keyed by the name, so that a corpus is split alike whatever it is joined with.
    kept = _draw(names, fraction, [seed, *corpus.encode()])
    held = np.isin(speakers, kept)
    return SpeakerSplit(
        np.flatnonzero(~held), np.flatnonzero(held), tuple(sorted(kept.tolist())), ""
    )


def split_off_test(
    corpus: str, speakers: Sequence[str], fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Keeps a fraction of the speakers for the test within their own corpus.

    Args:
      corpus: its name, for the draw and the error.
      speakers: speaker of each utterance.
      fraction: of the speakers, in (0, 1); at least one is tested on and at least one
        is left.
      seed: of the draw.

    Returns:
      Indices of the other utterances and of those to test on, ascending.

    Raises:
      InputError: there is one speaker only.
    """
    speakers = np.asarray(speakers)
    names = np.unique(speakers)
    if len(names) < 2:
        raise InputError(
            f"The corpus '{corpus}' has one speaker, '{names[0]}': it cannot be "
            "divided by speaker. Leave it out of --corpora, or tell its speakers by a "
            "manifest."
        )
    # Another draw than that of the validation speakers.
    held = np.isin(speakers, _draw(names, fraction, [seed, *corpus.encode(), 0]))
    return np.flatnonzero(~held), np.flatnonzero(held)


def _draw(names: np.ndarray, fraction: float, entropy: list[int]) -> np.ndarray:
    """A fraction of the names, at least one and not all."""
    count = min(max(1, round(fraction * len(names))), len(names) - 1)
    return np.random.default_rng(entropy).choice(names, count, replace=False)
