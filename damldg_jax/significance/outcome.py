"""What a method said of the utterances of a target, and its counts by speaker."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Outcome(NamedTuple):
    """What a method said on one target.

    Attributes:
      labels: [utterances] int, true classes.
      predicted: [trials, utterances] int.
      speakers: [utterances] text; all alike where speakers are not known.
      utterances: [utterances] text, names.
      deterministic: whether the method knows no seed, so that its one trial is all
        that there can be.
    """

    labels: np.ndarray
    predicted: np.ndarray
    speakers: np.ndarray
    utterances: np.ndarray
    deterministic: bool = False

    @property
    def num_trials(self) -> int:
        """How often the method was trained."""
        return len(self.predicted)

    @property
    def num_speakers(self) -> int:
        """Of the target."""
        return len(np.unique(self.speakers))


def check_alike(first: Sequence[Outcome], second: Sequence[Outcome]) -> None:
    """Refuses outcomes that are not of the same utterances.

    Args:
      first: of a method, target by target.
      second: of another, in the same order.

    Raises:
      ValueError: targets, utterances, labels or speakers differ.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} targets against {len(second)}.")
    for a, b in zip(first, second, strict=True):
        for name in ("utterances", "labels", "speakers"):
            if not np.array_equal(getattr(a, name), getattr(b, name)):
                raise ValueError(f"Two methods were tested on other {name}.")


def speaker_counts(outcome: Outcome) -> np.ndarray:
    """Confusion matrices of each speaker.

    Sums of them over any choice of speakers are confusion matrices again, so a resample
    of speakers is a weighted sum.

    Args:
      outcome: of a method on a target.

    Returns:
      [trials, speakers, classes, classes] float64, true class by predicted class;
      speakers sorted by name.
    """
    labels, predicted = np.asarray(outcome.labels), np.asarray(outcome.predicted)
    names, speaker = np.unique(outcome.speakers, return_inverse=True)
    classes = 1 + max(labels.max(), predicted.max())
    counts = np.zeros((len(predicted), len(names), classes, classes))
    trial = np.arange(len(predicted))[:, None]
    np.add.at(counts, (trial, speaker[None], labels[None], predicted), 1)
    return counts
