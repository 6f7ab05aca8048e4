"""Gathers the runs of a work directory into files and a table."""

import csv
import json
import pathlib
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tabulate import tabulate

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.corpora.scenarios import ALSO_TEST, Split
from damldg_jax.errors import InputError
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.reports import CLASS_REPORT, Column, Report
from experiments.adaptations import named
from experiments.outputs import (
    METRICS,
    PREDICTIONS,
    damaged_log,
    read_metrics,
    write_csv,
    write_json,
    write_text,
)
from experiments.seals import NOT_WRITTEN, changed

Entry = Mapping[str, Any]

# Files that are passed on alone say what was tested how.
_IDENTITY = (
    *("scenario", "sources", "target", "method", "trial"),
    *("normalization", "transductive"),
)
_NEEDED = ("sources", "target", "method", "trial", "selection", "num_utterances")
_SYNTHETIC = "Synthetic corpora: they show that the software works, and nothing else."


class Key(NamedTuple):
    """What makes a row: its entries differ by trial alone.

    Attributes:
      test: target and sources.
      method: key of the table of algorithms, or another name.
      selection: ``"last"`` or ``"best"``.
    """

    test: tuple[str, tuple[str, ...]]
    method: str
    selection: str


def run_folder(
    workdir: pathlib.Path, split: Split, method: str, trial: int
) -> pathlib.Path:
    """Where the files of a run lie."""
    return (
        workdir
        / "runs"
        / f"{'+'.join(split.sources)}-to-{split.target}"
        / method
        / f"trial_{trial}"
    )


def read_entries(path: pathlib.Path, scenario: str) -> list[dict[str, Any]]:
    """Reads the entries of a run that is finished.

    Args:
      path: of its ``result.json``.
      scenario: for which it counts now. It may have been done for another one, of the
        same sources and target.

    Returns:
      An entry for each selection rule.

    Raises:
      InputError: the file is damaged, or another one of the run is.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if not entries:
            raise ValueError("it has no entry")
        if lacking := {n for n in _NEEDED for entry in entries if n not in entry}:
            raise ValueError(f"it has no {', '.join(sorted(lacking))}")
        names = changed(path.parent)
        if names and names != [METRICS]:
            raise ValueError(f"{' and '.join(names)}: {NOT_WRITTEN}")
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({error}). Delete it: the same command then tests that "
            "run again."
        ) from error
    if names:
        raise damaged_log(path.with_name(METRICS), NOT_WRITTEN)
    return [{**entry, "scenario": scenario} for entry in entries]


def write_results(
    workdir: pathlib.Path, runs: Mapping[pathlib.Path, Sequence[Entry]], **also: Any
) -> None:
    """Writes ``results.json``, ``predictions.csv`` and ``metrics.jsonl``.

    The last two join those of the runs, each line with the identity of its run.

    Args:
      workdir: where to.
      runs: results of each run, by its folder.
      **also: what else ``results.json`` is to hold.
    """
    entries = [entry for entries in runs.values() for entry in entries]
    write_json(workdir / "results.json", {**also, "runs": entries})
    header, rows = [*_IDENTITY], []
    lines = []
    for folder, results in runs.items():
        identity = {name: results[0][name] for name in _IDENTITY}
        identity["sources"] = "+".join(identity["sources"])
        columns, *told = _predictions(folder / PREDICTIONS)
        header = [*_IDENTITY, *columns]
        rows += [[*identity.values(), *row] for row in told]
        # What is no network has none.
        if (path := folder / METRICS).exists():
            lines += [{**identity, **line} for line in read_metrics(path)]
    write_csv(workdir / PREDICTIONS, header, rows)
    write_text(workdir / METRICS, "".join(json.dumps(x) + "\n" for x in lines))


def _predictions(path: pathlib.Path) -> list[list[str]]:
    """The rows of a file, their header first."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        if not rows or any(len(row) != len(rows[0]) for row in rows):
            raise ValueError("rows are not of one length")
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            f"{path} is damaged ({error}). Delete {path.with_name('result.json')}: the "
            "same command then tests that run again."
        ) from error
    return rows


def table(
    entries: Sequence[Entry],
    synthetic: bool,
    report: Report = CLASS_REPORT,
    description: str = "",
) -> str:
    """Prints results as a table: a row for each target, method and selection rule.

    Args:
      entries: of ``results.json``.
      synthetic: whether any corpus is generated, which the table then says.
      report: how results of the target are told.
      description: of what is told from speech, where it is not emotions.

    Returns:
      The text; scores with the standard deviation over trials if there are
      several.
    """
    tests = _tests(entries)
    groups: dict[Key, list[Entry]] = {}
    for entry in entries:
        key = Key(_test(entry), entry["method"], entry["selection"])
        groups.setdefault(key, []).append(entry)
    columns = report.columns_for(entries)
    rows = [_row(tests[key.test], group, columns) for key, group in groups.items()]
    rows += _means(groups, columns)
    scores = [column.heading for column in columns]
    headers = ["target", "method", "selection", *scores, "utterances", "trials"]
    text = tabulate(rows, headers, disable_numparse=True, stralign="right")
    notes = [
        *report.notes_for(entries),
        f"last: the last step; best: {report.best}.",
    ]
    notes += _about_inputs(entries)
    above = [_SYNTHETIC] * synthetic + [description] * bool(description)
    return "\n".join([*above, text, *notes])


def _about_inputs(entries: Sequence[Entry]) -> list[str]:
    """How inputs were normalised, and in what the target had a part."""
    notes = []
    # Of what is fused each part has its own.
    names = {name for entry in entries for name in entry["normalization"].split("+")}
    for name in sorted(names):
        if rule := NORMALIZATIONS[name]:
            kind = "TRANSDUCTIVE inputs" if rule.transductive else "inputs"
            notes.append(
                f"{kind}: normalised by the mean and deviation of {rule.meaning} "
                f"(--normalization={name})."
            )
    adapted = dict.fromkeys(row for entry in entries for row in named(entry))
    notes += [f"TRANSDUCTIVE {x.adapted}: {x.meaning} ({x.flag})." for x in adapted]
    return notes


def title_of(entry: Entry) -> str:
    """The title of an entry's method; what is no algorithm brings its own."""
    return entry.get("title") or ALGORITHMS[entry["method"]].title


def _test(entry: Entry) -> tuple[str, tuple[str, ...]]:
    return entry["target"], tuple(entry.get("sources", ()))


def _is_within(test: tuple[str, tuple[str, ...]]) -> bool:
    target, sources = test
    return sources == (target,)


def _tests(entries: Sequence[Entry]) -> dict[tuple[str, tuple[str, ...]], str]:
    """How each test is named: by its target, or by its sources too if need be."""
    tests = dict.fromkeys(map(_test, entries))
    targets = [target for target, _ in tests]
    return {
        (target, sources): target
        if targets.count(target) == 1
        else f"{target} <- {'+'.join(sources)}"
        for target, sources in tests
    }


def _row(test: str, entries: Sequence[Entry], columns: Sequence[Column]) -> list[str]:
    return [
        test,
        title_of(entries[0]),
        entries[0]["selection"],
        *(_spread(column, [column.read(e) for e in entries]) for column in columns),
        str(entries[0]["num_utterances"]),
        str(len(entries)),
    ]


def _means(
    groups: Mapping[Key, Sequence[Entry]], columns: Sequence[Column]
) -> list[list[str]]:
    """Rows of the unweighted mean over tests, where all of several have a result.

    Tests on further corpora have no part in it: they weigh one corpus several times.
    Nor have tests within a corpus beside such across corpora.
    """
    groups = {
        key: entries
        for key, entries in groups.items()
        if entries[0].get("scenario") != ALSO_TEST
    }
    across = {key: e for key, e in groups.items() if not _is_within(key.test)}
    groups = across or groups
    tests = {key.test for key in groups}
    if len(tests) < 2:
        return []
    means: dict[tuple[str, str], list[list[float]]] = {}
    titles = {}
    for key, entries in groups.items():
        mean = [statistics.fmean(column.read(e) for e in entries) for column in columns]
        means.setdefault(key[1:], []).append(mean)
        titles[key[1:]] = title_of(entries[0])
    return [
        [
            "mean",
            titles[method, selection],
            selection,
            *(
                _spread(column, [statistics.fmean(of_tests)])
                for column, *of_tests in zip(columns, *values, strict=True)
            ),
            "",
            "",
        ]
        for (method, selection), values in means.items()
        if len(values) == len(tests)
    ]


def _spread(column: Column, values: Sequence[float]) -> str:
    mean = f"{statistics.fmean(values):.{column.decimals}f}"
    if len(values) < 2 or column.of_data:
        return mean
    return f"{mean} +- {statistics.stdev(values):.{column.decimals}f}"
