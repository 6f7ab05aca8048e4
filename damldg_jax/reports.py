"""How results for a target are scored, named and headed.

Two reports serve all targets: of classes, and of continuous dimensions.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.metrics import (
    DimensionScores,
    Scores,
    score_dimensions,
    score_probabilities,
)


class Column(NamedTuple):
    """A column of the table of results.

    Attributes:
      heading: of the column.
      path: keys that lead to the number in an entry of ``results.json``.
      factor: the number is multiplied by it.
      decimals: that are shown.
      of_data: whether the number depends on the test set alone, so that all trials
        have the same.
    """

    heading: str
    path: tuple[str, ...]
    factor: float = 100.0
    decimals: int = 1
    of_data: bool = False

    def read(self, entry: Mapping[str, Any]) -> float:
        """The number in an entry, as it is shown."""
        for key in self.path:
            entry = entry[key]
        return self.factor * entry


class Report(NamedTuple):
    """How results are told.

    Attributes:
      score: ``(labels, outputs) -> scores``, of a set of utterances; ``outputs`` are
        what the objective predicts.
      criterion: name of the score by which the best step is chosen.
      entry: ``(scores, names) -> dict``, scores as ``results.json`` has them, by names
        of classes or dimensions.
      columns: of the table.
      if_lacking: further columns where a target lacks classes.
      notes: lines below the table.
      predictions: ``(names, labels, outputs) -> rows`` of the file of predictions, the
        header being the first; ``names`` are those of the classes or dimensions.
      best: which step the best one is, in words.
    """

    score: Callable[[np.ndarray, np.ndarray], Scores | DimensionScores]
    criterion: str
    entry: Callable[[Any, Sequence[str]], dict[str, Any]]
    columns: tuple[Column, ...]
    if_lacking: tuple[Column, ...]
    notes: tuple[str, ...]
    predictions: Callable[
        [Sequence[str], np.ndarray, np.ndarray], Sequence[Sequence[str]]
    ]
    best: str = "the step best on held-out speakers of the sources"

    def columns_for(self, entries: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
        """The columns of a table of entries, with those for targets that lack classes.

        Args:
          entries: of ``results.json``.

        Returns:
          The columns; those of present classes only where a class is absent.
        """
        return self.columns + self.if_lacking * _lacking(entries)

    def notes_for(self, entries: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """The lines below a table of entries, which explain its columns.

        Args:
          entries: of ``results.json``.

        Returns:
          The lines.
        """
        told = _lacking(entries) and bool(self.if_lacking)
        return self.notes + (_OF_PRESENT,) * told


_OF_PRESENT = "of present: only classes that the target has may be said;"


def _lacking(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a target lacks classes that are told apart."""
    return any(
        "present" in entry and len(entry["present"]["classes"]) < len(entry["recall"])
        for entry in entries
    )


def _class_entry(scores: Scores, names: Sequence[str]) -> dict[str, Any]:
    entry = scores._asdict()
    entry["recall"] = dict(zip(names, scores.recall.tolist(), strict=True))
    present = scores.present._asdict()
    entry["present"] = {**present, "classes": [names[i] for i in present["classes"]]}
    return entry


def _dimension_entry(scores: DimensionScores, names: Sequence[str]) -> dict[str, Any]:
    entry = scores._asdict()
    for name in ("ccc", "pearson", "rmse"):
        entry[name] = dict(zip(names, entry[name].tolist(), strict=True))
    return entry


def _predicted_classes(
    names: Sequence[str], labels: np.ndarray, outputs: np.ndarray
) -> list[list[str]]:
    header = ["label", "predicted", *(f"probability_{name}" for name in names)]
    rows = [
        [names[label], names[row.argmax()], *(f"{number:.6f}" for number in row)]
        for label, row in zip(labels, outputs, strict=True)
    ]
    return [header, *rows]


def _predicted_dimensions(
    names: Sequence[str], labels: np.ndarray, outputs: np.ndarray
) -> list[list[str]]:
    header = [*names, *(f"predicted_{name}" for name in names)]
    rows = np.concatenate([labels, outputs], axis=1)
    return [header, *([f"{number:.6f}" for number in row] for row in rows)]


CLASS_REPORT = Report(
    score=score_probabilities,
    criterion="uar",
    entry=_class_entry,
    columns=(
        Column("accuracy %", ("accuracy",)),
        Column("UAR %", ("uar",)),
        Column("macro F1 %", ("macro_f1",)),
        Column("majority %", ("majority_accuracy",), of_data=True),
        Column("chance UAR %", ("chance_uar",), of_data=True),
    ),
    if_lacking=(Column("UAR % of present", ("present", "uar")),),
    notes=(
        "majority: accuracy of always guessing the target's most frequent emotion;",
    ),
    predictions=_predicted_classes,
)


def _speaker_entry(scores: Scores, names: Sequence[str]) -> dict[str, Any]:
    # Of a thousand speakers the confusions are a million numbers.
    kept = ("accuracy", "uar", "num_utterances", "majority_accuracy", "chance_uar")
    entry = {name: getattr(scores, name) for name in kept}
    return {**entry, "num_speakers": len(names)}


def _predicted_speakers(
    names: Sequence[str], labels: np.ndarray, outputs: np.ndarray
) -> list[list[str]]:
    rows = [
        [names[label], names[row.argmax()], f"{row.max():.6f}"]
        for label, row in zip(labels, outputs, strict=True)
    ]
    return [["label", "predicted", "probability"], *rows]


SPEAKER_REPORT = Report(
    score=score_probabilities,
    criterion="accuracy",
    entry=_speaker_entry,
    columns=(
        Column("accuracy %", ("accuracy",)),
        Column("UAR %", ("uar",)),
        Column("speakers", ("num_speakers",), factor=1, decimals=0, of_data=True),
        Column("majority %", ("majority_accuracy",), of_data=True),
    ),
    if_lacking=(),
    notes=(
        "accuracy: part of other utterances of the same speakers that are told right;",
        "majority: accuracy of always guessing the speaker with the most of them;",
    ),
    predictions=_predicted_speakers,
    best="the step best on utterances held out of the sources",
)

# Of two classes that emotions are sorted into, it is no emotion that is guessed.
BINARY_REPORT = CLASS_REPORT._replace(
    notes=("majority: accuracy of always guessing the target's most frequent class;",)
)


def dimension_report(names: Sequence[str]) -> Report:
    """Makes the report of continuous dimensions.

    Args:
      names: of the dimensions.

    Returns:
      The report; its criterion is the mean CCC.
    """
    of_each = [Column(f"CCC {n}", ("ccc", n), factor=1, decimals=3) for n in names]
    return Report(
        score=score_dimensions,
        criterion="mean_ccc",
        entry=_dimension_entry,
        columns=(
            *of_each,
            Column("mean CCC", ("mean_ccc",), factor=1, decimals=3),
        ),
        if_lacking=(),
        notes=(
            "CCC: concordance correlation coefficient, 1 at best; of any constant "
            "guess it is 0;",
        ),
        predictions=_predicted_dimensions,
    )
