"""What a run said of utterances, as its files have it."""

import csv
import pathlib
from typing import NamedTuple

import numpy as np


class Predicted(NamedTuple):
    """What a run said of utterances.

    Attributes:
      corpora: [n] text.
      sides: [n] ``"test"``, ``"train"`` or ``"validation"``.
      utterances: [n] text.
      speakers: [n] text.
      labels: [n] int, index into the classes.
      predicted: [n] int, likewise.
      probabilities: [n, classes].
      energies: [n], NaN where a method has none.
    """

    corpora: np.ndarray
    sides: np.ndarray
    utterances: np.ndarray
    speakers: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray
    energies: np.ndarray


def read_rows(path: pathlib.Path) -> list[dict[str, str]]:
    """Reads the rows of a CSV file, by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def read_predicted(rows: list[dict[str, str]], classes: tuple[str, ...]) -> Predicted:
    """Understands rows.

    Args:
      rows: of a file of predictions.
      classes: names; empty of dimensions.

    Returns:
      What they say; of dimensions no labels, predictions or probabilities.

    Raises:
      KeyError: a column lacks, or a label is none of the classes.
      ValueError: a number is none.
    """

    def text(name: str) -> np.ndarray:
        return np.array([row[name] for row in rows])

    number = {name: place for place, name in enumerate(classes)}
    probabilities = [
        [float(row[f"probability_{name}"]) for name in classes] for row in rows
    ]
    return Predicted(
        *(text(name) for name in ("corpus", "side", "utterance", "speaker")),
        labels=np.array([number[row["label"]] for row in rows if classes], int),
        predicted=np.array([number[row["predicted"]] for row in rows if classes], int),
        probabilities=np.array(probabilities).reshape(len(rows), len(classes)),
        energies=np.array([float(row.get("energy") or "nan") for row in rows]),
    )
