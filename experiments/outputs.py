"""The files of a run, in formats that others read: JSON, JSON lines, CSV, TensorBoard.

A file that says that something is finished is written whole or not at all.
"""

import csv
import json
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from tensorboardX import SummaryWriter

from damldg_jax.dataset import Dataset
from damldg_jax.evaluation import Predictions


def write_json(path: pathlib.Path, content: Any) -> None:
    """Writes JSON whole or not at all; what is not a number becomes null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    text = json.dumps(_plain(content), indent=2, allow_nan=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


def _plain(value: Any) -> Any:
    """Turns arrays into lists and NaN into null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return str(value) if isinstance(value, pathlib.Path) else value


class MetricsLog:
    """Metrics of each step, as JSON lines and TensorBoard events; context manager."""

    def __init__(self, folder: pathlib.Path, first_step: int):
        """Opens the log of a run that goes on at a step.

        Args:
          folder: of the run.
          first_step: what the log holds of this step and later ones is dropped; a
            run that was killed has written them after its last checkpoint.
        """
        path = folder / "metrics.jsonl"
        lines = _whole_lines(path) if path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= first_step]
        path.write_text("".join(kept), encoding="utf-8")
        self._file = path.open("a", encoding="utf-8")
        self._events = SummaryWriter(
            str(folder / "tensorboard"), purge_step=first_step + 1
        )

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._events.close()

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Appends a line; numbers also become TensorBoard events."""
        line = json.dumps(_plain({"step": step, **values}), allow_nan=False)
        self._file.write(line + "\n")
        for name, value in values.items():
            if isinstance(value, int | float):
                self._events.add_scalar(name, value, step)

    def flush(self) -> None:
        """Hands everything to the operating system."""
        self._file.flush()


def _whole_lines(path: pathlib.Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if line.endswith("\n")]


def write_predictions(
    path: pathlib.Path,
    dataset: Dataset,
    utterances: np.ndarray,
    predictions: Mapping[str, Predictions],
) -> None:
    """Writes what was predicted for each utterance of the target.

    Args:
      path: of the CSV file.
      dataset: names, speakers and labels.
      utterances: [n] indices into it.
      predictions: of each selection rule, in the order of ``utterances``.
    """
    names = [f"probability_{emotion}" for emotion in dataset.emotions]
    header = ["utterance", "speaker", "label", "predicted", *names, "energy"]
    rows = []
    for selection, predicted in predictions.items():
        classes = predicted.probabilities.argmax(axis=1)
        for row, index in enumerate(utterances):
            rows.append(
                [
                    selection,
                    dataset.utterances[index],
                    dataset.speakers[index],
                    dataset.emotions[dataset.store.labels[index]],
                    dataset.emotions[classes[row]],
                    *(f"{p:.6f}" for p in predicted.probabilities[row]),
                    f"{predicted.energy[row]:.6f}",
                ]
            )
    write_csv(path, ["selection", *header], rows)


def write_csv(
    path: pathlib.Path, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Writes a CSV file whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    temporary.replace(path)
