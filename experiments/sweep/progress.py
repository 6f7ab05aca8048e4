"""What of a sweep is done, as the files in its work directory tell."""

import json
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from damldg_jax.corpora.scenarios import Split
from experiments.adoption import is_adopted
from experiments.sweep.units import Unit

# Of a log of metrics enough for its last lines.
_TAIL = 1 << 16


class RunState(NamedTuple):
    """How far a run is.

    Attributes:
      split: sources and target.
      trial: its number.
      folder: of its files.
      done: whether it has a result.
      diverged: whether it has ended by a number that is not finite.
      seconds: that it took; None if it has no result, or a damaged one.
      adopted: whether another run was trained for it.
    """

    split: Split
    trial: int
    folder: pathlib.Path
    done: bool
    diverged: bool
    seconds: float | None
    adopted: bool

    @property
    def result(self) -> pathlib.Path:
        """The file that says that the run is finished."""
        return self.folder / "result.json"

    @property
    def is_damaged(self) -> bool:
        """Whether it has a result that cannot be read."""
        return self.done and self.seconds is None


class UnitState(NamedTuple):
    """How far a unit is.

    Attributes:
      unit: that it is of.
      runs: how far each of its runs is.
      size: utterances that its training draws from, or 1 where its length does not
        depend on them; None if that is not known.
    """

    unit: Unit
    runs: Sequence[RunState]
    size: float | None


def read_unit(unit: Unit, size: float | None) -> UnitState:
    """Looks how far a unit is.

    Args:
      unit: of a sweep.
      size: see ``UnitState``.

    Returns:
      The state of its runs.
    """
    return UnitState(unit, [_read_run(*run) for run in unit.folders()], size)


def _read_run(split: Split, trial: int, folder: pathlib.Path) -> RunState:
    done = (folder / "result.json").exists()
    return RunState(
        split=split,
        trial=trial,
        folder=folder,
        done=done,
        diverged=not done and _has_diverged(folder / "metrics.jsonl"),
        seconds=_seconds(folder / "result.json") if done else None,
        adopted=is_adopted(folder),
    )


def _seconds(path: pathlib.Path) -> float | None:
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))[0]["seconds"])
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _has_diverged(path: pathlib.Path) -> bool:
    """Whether the last step of a log has a number that is not finite."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return False
    steps = [step for line in lines if "finite" in (step := _line(line))]
    return bool(steps) and not steps[-1]["finite"]


def _line(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
