"""The files of a run, in formats that others read: JSON, JSON lines, CSV, TensorBoard.

A file that says that something is finished is written whole or not at all.
"""

import contextlib
import csv
import json
import os
import pathlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError
from damldg_jax.evaluation import Predictions
from experiments.events import Events

# Of a run: a line for each step, and one for each evaluation.
METRICS = "metrics.jsonl"
# Of a run, or of all of a command: a row for each utterance of the target.
PREDICTIONS = "predictions.csv"
# Far more than a difference of energies that means anything.
_RUNAWAY_GAMMA = 1e4


def write_json(path: pathlib.Path, content: Any) -> None:
    """Writes JSON whole or not at all; what is not a number becomes null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(plain(content), indent=2, allow_nan=False)
    write_text(path, text + "\n")


def write_text(path: pathlib.Path, text: str) -> None:
    """Writes a file of text whole or not at all."""
    with _whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Writes a file whole or not at all, and its folder if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def _whole(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Gives a file to write to, which takes the place of another when it is whole."""
    # A name that no other process on any machine has.
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    try:
        with _named(path):
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _named(path: pathlib.Path) -> Iterator[None]:
    """Has errors of the system name a file: those of writing to an open one do not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def plain(value: Any) -> Any:
    """What JSON can store of a value: arrays become lists, and NaN null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return str(value) if isinstance(value, pathlib.Path) else value


class MetricsLog:
    """Metrics of each step, as JSON lines and TensorBoard events; to be closed."""

    def __init__(
        self,
        folder: pathlib.Path,
        domains: Sequence[str],
        first_step: int,
        writes: bool = True,
        evaluated: bool = True,
    ):
        """Opens the log of a run that goes on at a step.

        Args:
          folder: of the run.
          domains: names of the domains, for metrics that number them.
          first_step: steps done; what the log holds of later ones is dropped, for a
            run that was killed has written them after its last checkpoint.
          writes: whether to write, or only to look at the numbers.
          evaluated: whether the evaluation after that step is done; if not, what the
            log holds of it is dropped too.
        """
        self._domains, self._file = domains, None
        if not writes:
            return
        path = self._path = folder / METRICS
        # In one go: what is lost here is lost for good.
        kept = [
            line
            for line in lines_until(path, first_step)
            if evaluated or "finite" in line or line["step"] < first_step
        ]
        write_text(path, "".join(json.dumps(line) + "\n" for line in kept))
        self._file = path.open("a", encoding="utf-8")
        with _named(path):
            self._events = Events(folder / "tensorboard", first_step + 1)

    def sync(self) -> None:
        """Has what was written reach the disk."""
        if self._file:
            with _named(self._path):
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the files."""
        if self._file:
            self._file.close()
            self._events.close()

    def write_step(self, step: int, metrics: Mapping[str, np.ndarray]) -> None:
        """Writes the metrics of a step.

        Args:
          step: number of the step, from 1.
          metrics: small arrays.

        Raises:
          FloatingPointError: a number is not finite.
        """
        values = {name: np.asarray(value).tolist() for name, value in metrics.items()}
        if "held_out" in values:
            values["held_out"] = [self._domains[i] for i in values["held_out"]]
        self.write(step, values)
        if not values["finite"]:
            raise FloatingPointError(
                f"A number is not finite any more at step {step}: {values}. Try a "
                f"smaller --learning_rate or --inner_learning_rate{_also(values)}."
            )

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Writes a line; numbers also become TensorBoard events."""
        if not self._file:
            return
        line = json.dumps(plain({"step": step, **values}), allow_nan=False)
        with _named(self._path):
            self._file.write(line + "\n")
            self._file.flush()
            for name, value in values.items():
                if isinstance(value, int | float) and np.isfinite(value):
                    self._events.add_scalar(name, value, step)


def _also(values: Mapping[str, Any]) -> str:
    """What else to try where the gradient of gamma has driven gamma itself."""
    if not abs(values.get("gamma", 0.0)) > _RUNAWAY_GAMMA:
        return ""
    return ", or, as gamma ran away, --nomargin_gradient, unless that is given"


def read_metrics(path: pathlib.Path, finished: bool = True) -> list[dict[str, Any]]:
    """Reads the log of a run.

    Args:
      path: of it.
      finished: whether the run is; if not, its last line may have been cut short when
        the process ended, and does not count.

    Returns:
      Its lines, as ``MetricsLog`` was given them.

    Raises:
      InputError: it is damaged; the message says what to do.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if not finished:
            text = text[: text.rfind("\n") + 1]
        lines = [json.loads(line) for line in text.splitlines()]
        if not all(isinstance(line, dict) and "step" in line for line in lines):
            raise ValueError("a line is none of a step")
    except (OSError, ValueError) as error:
        raise damaged_log(path, error) from error
    return lines


def lines_until(
    path: pathlib.Path, step: int, finished: bool = False
) -> list[dict[str, Any]]:
    """Reads the lines of a log up to a step, of which it must have all.

    Args:
      path: of it.
      step: up to which; 0 for none.
      finished: whether the run is, as for ``read_metrics``.

    Raises:
      InputError: it is damaged, or lacks steps.
    """
    lines = read_metrics(path, finished) if path.exists() else []
    found = {line["step"] for line in lines if "finite" in line}
    if missing := set(range(1, step + 1)) - found:
        raise damaged_log(path, f"step {min(missing)} is missing")
    return [line for line in lines if line["step"] <= step]


def damaged_log(path: pathlib.Path, reason: object) -> InputError:
    """The error that a log of a run is not what it was, with the remedy."""
    return InputError(
        f"{path} is damaged ({reason}). Delete its folder, {path.parent}: the same "
        "command then trains that run again."
    )


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
    header, rows = [], []
    for selection, predicted in predictions.items():
        columns, told = prediction_rows(dataset, utterances, predicted)
        header = ["selection", *columns]
        rows += [[selection, *row] for row in told]
    write_csv(path, header, rows)


def prediction_rows(
    dataset: Dataset, utterances: np.ndarray, predicted: Predictions
) -> tuple[list[str], list[list[str]]]:
    """What was predicted for utterances, as text.

    Args:
      dataset: names, speakers and labels.
      utterances: [n] indices into it.
      predicted: in the order of ``utterances``.

    Returns:
      The names of the columns, and a row for each utterance.
    """
    target = dataset.target
    labels = dataset.store.labels[utterances]
    names, *told = target.report.predictions(target.classes, labels, predicted.outputs)
    rows = [
        [dataset.utterances[index], dataset.speakers[index], *row, f"{energy:.6f}"]
        for index, row, energy in zip(utterances, told, predicted.energy, strict=True)
    ]
    return ["utterance", "speaker", *names, "energy"], rows


def write_arrays(path: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays of numbers and text as one ``.npz`` file, whole or not at all."""
    with _whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def write_csv(
    path: pathlib.Path, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Writes a CSV file whole or not at all."""
    with (
        _whole(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
