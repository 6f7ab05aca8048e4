"""Finds the folders of finished runs, reads them, and leaves out what is damaged."""

import csv
import dataclasses
import functools
import json
import math
import pathlib
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.errors import InputError
from experiments.outputs import METRICS, PREDICTIONS, read_metrics
from experiments.report.predicted import Predicted, read_predicted, read_rows
from experiments.results import title_of
from experiments.seals import NOT_WRITTEN, changed

Entry = Mapping[str, Any]
_COMPUTING = (
    *("damldg_jax", "jax", "jaxlib", "flax", "optax", "chex"),
    *("numpy", "scipy", "scikit-learn"),
)
_NEEDED = ("sources", "target", "method", "trial", "selection", "num_utterances")
_WHAT_TO_RUN = (
    "Train first, such as by\n  python -m experiments.main "
    "--flagfile=experiments/flagfiles/quickstart.flags\nand give its --workdir."
)


@dataclasses.dataclass(frozen=True, eq=False)
class RunRecord:
    """A finished run.

    Attributes:
      folder: of its files.
      account: on what its numbers depend, ``run.json``.
      circumstances: ``circumstances.json``; empty of runs that have none.
      entries: of ``result.json``, by selection rule.
    """

    folder: pathlib.Path
    account: Mapping[str, Any]
    circumstances: Mapping[str, Any]
    entries: Mapping[str, Entry]

    @property
    def first(self) -> Entry:
        """One of the entries, for what is the same in all."""
        return next(iter(self.entries.values()))

    @property
    def method(self) -> str:
        """Key of the table of algorithms, or another name."""
        return self.first["method"]

    @property
    def title(self) -> str:
        """Of the method."""
        return title_of(self.first)

    @property
    def versions(self) -> dict[str, str | None]:
        """Of all that computes its numbers; what made the records says their hash."""
        found = self.circumstances.get("versions") or {}
        return {name: found.get(name) for name in _COMPUTING}

    @property
    def test(self) -> tuple[str, tuple[str, ...]]:
        """Target and sources."""
        return self.first["target"], tuple(self.first["sources"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty of dimensions."""
        return tuple(self.first.get("recall", ()))

    @functools.cached_property
    def predictions(self) -> Mapping[str, Predicted]:
        """Of the target, by selection rule."""
        rows = read_rows(self.folder / PREDICTIONS)
        of_each: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            of_each.setdefault(row["selection"], []).append(row)
        common = {"corpus": self.first["target"], "side": "test"}
        return {
            selection: read_predicted([{**common, **row} for row in its], self.classes)
            for selection, its in of_each.items()
        }

    @functools.cached_property
    def sources_seen(self) -> Predicted | None:
        """Of source utterances by the last parameters; None where not written."""
        path = self.folder / "sources.csv"
        return read_predicted(read_rows(path), self.classes) if path.exists() else None

    @functools.cached_property
    def embeddings(self) -> Mapping[str, np.ndarray] | None:
        """Arrays of ``embeddings.npz``; None where not written."""
        path = self.folder / "embeddings.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    @functools.cached_property
    def metrics(self) -> list[dict[str, Any]]:
        """Lines of ``metrics.jsonl``; none of what is no network."""
        path = self.folder / METRICS
        return read_metrics(path) if path.exists() else []


class Found(NamedTuple):
    """What work directories hold.

    Attributes:
      runs: that are finished and whole, sorted by folder.
      warnings: of what is left out, and why.
    """

    runs: tuple[RunRecord, ...]
    warnings: tuple[str, ...]


def find_runs(paths: Sequence[pathlib.Path]) -> Found:
    """Reads all finished runs of work directories.

    Args:
      paths: work directories, or folders that hold some.

    Returns:
      What was found.

    Raises:
      InputError: a folder is not there, or none holds a run that can be used.
    """
    for path in paths:
        if not path.is_dir():
            raise InputError(f"There is no folder {path}. {_WHAT_TO_RUN}")
    accounts = sorted({file for path in paths for file in path.rglob("run.json")})
    runs, warnings, unfinished, pretrained = [], [], 0, 0
    for account in accounts:
        folder = account.parent
        if not (folder / "result.json").exists():
            unfinished += 1
            continue
        try:
            record = read_run(folder)
            if record is None:
                pretrained += 1
            else:
                runs.append(record)
        except DAMAGE as error:
            told = f"{type(error).__name__}: {error}"
            warnings.append(f"{folder} is damaged and left out ({told}).")
    if unfinished:
        warnings.append(
            f"{unfinished} run(s) are not finished and left out; the command that "
            "began them goes on with them."
        )
    if pretrained:
        warnings.append(
            f"{pretrained} run(s) that tell speakers apart are left out: they are "
            "what others begin with."
        )
    runs, told = _once(runs)
    if not runs:
        folders = ", ".join(map(str, paths))
        reasons = "".join(f"\n{text}" for text in [*warnings, *told])
        raise InputError(
            f"There is no finished run in {folders}. {_WHAT_TO_RUN}{reasons}"
        )
    return Found(tuple(runs), (*warnings, *told))


# What reading a file that was cut, changed or written by something else may raise.
DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError),
    # The last one by a zip file whose way of compressing has turned into another.
    *(csv.Error, zipfile.BadZipFile, zlib.error, NotImplementedError),
)


def read_run(folder: pathlib.Path) -> RunRecord | None:
    """Reads a finished run, all its files.

    Args:
      folder: of the run.

    Returns:
      The run; None of a pre-training, which is no result on emotions.

    Raises:
      Exception: one of ``DAMAGE``, where a file is not what was written.
    """
    account = _json(folder / "run.json", dict)
    if account.get("target_kind") == "speaker":
        return None
    circumstances = folder / "circumstances.json"
    record = RunRecord(
        folder=folder,
        account=account,
        circumstances=_json(circumstances, dict) if circumstances.exists() else {},
        entries={e["selection"]: e for e in _json(folder / "result.json", list)},
    )
    if not record.entries:
        raise ValueError("result.json has no entry")
    for selection, entry in record.entries.items():
        _check(entry, record.predictions.get(selection))
    # Damage is to be found here, not where a figure is drawn.
    _ = record.sources_seen, record.embeddings, record.metrics
    _ = record.title, record.test, record.versions
    if names := changed(folder):
        raise ValueError(f"{' and '.join(names)}: {NOT_WRITTEN}")
    return record


def _json(path: pathlib.Path, kind: type) -> Any:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, kind):
        raise ValueError(f"{path.name} is no {kind.__name__}")
    return content


def _check(entry: Entry, predicted: Predicted | None) -> None:
    """Refuses an entry that lacks something, or that its predictions contradict."""
    for name in _NEEDED:
        if name not in entry:
            raise ValueError(f"result.json has no '{name}'")
    if predicted is None:
        raise ValueError(f"predictions.csv has none of '{entry['selection']}'")
    if len(predicted.utterances) != entry["num_utterances"]:
        raise ValueError(
            f"predictions.csv has {len(predicted.utterances)} utterances of "
            f"'{entry['selection']}' and result.json {entry['num_utterances']}"
        )
    if "confusion" in entry:
        right = float(np.mean(predicted.labels == predicted.predicted))
        if not math.isclose(right, entry["accuracy"], abs_tol=1e-6):
            raise ValueError(
                f"the accuracy of '{entry['selection']}' is {entry['accuracy']} in "
                f"result.json and {right:.4f} by predictions.csv"
            )


def _once(runs: Iterable[RunRecord]) -> tuple[list[RunRecord], list[str]]:
    """Counts a run once that lies in two folders with the same results."""
    kept: dict[str, RunRecord] = {}
    told = []
    for run in runs:
        same = json.dumps([run.account, run.versions])
        if same in kept:
            other = kept[same]
            results = [_without_time(x) for x in (run, other)]
            if results[0] == results[1]:
                told.append(f"{run.folder} is {other.folder} again, counted once.")
            else:
                told.append(
                    f"{run.folder} and {other.folder} are the same run by their "
                    "settings, with other results: the first is left out."
                )
            continue
        kept[same] = run
    return list(kept.values()), told


def _without_time(run: RunRecord) -> list[dict[str, Any]]:
    left_out = {"seconds", "scenario"}
    return [
        {name: value for name, value in entry.items() if name not in left_out}
        for entry in run.entries.values()
    ]
