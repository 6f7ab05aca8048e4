"""Keeps whole speakers of a corpus, or utterances of each, for validation or test."""

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


class UtteranceSplit(NamedTuple):
    """A corpus divided by utterance: all its speakers are on every side.

    Attributes:
      train: indices of utterances to train on, ascending.
      validation: indices of utterances to select on, ascending.
      test: indices of utterances to test on, ascending.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_utterances(
    corpus: str,
    speakers: Sequence[str],
    validation_fraction: float,
    test_fraction: float,
    seed: int,
) -> UtteranceSplit:
    """Keeps a fraction of the utterances of each speaker for validation and for test.

    Args:
      corpus: its name, for the draw.
      speakers: speaker of each utterance.
      validation_fraction: of the utterances of each; 0, or at least one of each.
      test_fraction: likewise.
      seed: of the draw.

    Returns:
      The split. A speaker with fewer than three utterances is trained on alone.
    """
    names, numbers = np.unique(np.asarray(speakers), return_inverse=True)
    of_each = np.split(
        np.argsort(numbers, kind="stable"), np.bincount(numbers).cumsum()[:-1]
    )
    sides: tuple[list[np.ndarray], ...] = ([], [], [])
    for name, members in zip(names, of_each, strict=True):
        # Keyed by the name, so that a speaker is divided alike in any company.
        rng = np.random.default_rng([seed, *f"{corpus}/{name}".encode()])
        fractions = validation_fraction, test_fraction
        held = [max(1, round(f * len(members))) if f else 0 for f in fractions]
        rest = len(members) - sum(held)
        bounds = [rest, rest + held[0]] if rest > 0 else [len(members)] * 2
        parts = np.split(rng.permutation(members), bounds)
        for side, part in zip(sides, parts, strict=True):
            side.append(part)
    return UtteranceSplit(*(np.sort(np.concatenate(side)) for side in sides))


def _draw(names: np.ndarray, fraction: float, entropy: list[int]) -> np.ndarray:
    """A fraction of the names, at least one and not all."""
    count = min(max(1, round(fraction * len(names))), len(names) - 1)
    return np.random.default_rng(entropy).choice(names, count, replace=False)
