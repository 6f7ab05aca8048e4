"""Gathers the runs of a work directory into files and a table."""

import csv
import json
import pathlib
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.corpora.scenarios import Split
from experiments.outputs import write_csv, write_json

Entry = Mapping[str, Any]

_IDENTITY = ("scenario", "target", "method", "trial")
_SYNTHETIC = "Synthetic corpora: they show that the software works, and nothing else."


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
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = [*_IDENTITY, *next(reader)]
            rows += [[*identity.values(), *row] for row in reader]
        with (folder / "metrics.jsonl").open(encoding="utf-8") as file:
            lines += [json.dumps({**identity, **json.loads(x)}) + "\n" for x in file]
    write_csv(workdir / "predictions.csv", header, rows)
    (workdir / "metrics.jsonl").write_text("".join(lines), encoding="utf-8")


def table(entries: Iterable[Entry], synthetic: bool) -> str:
    """Prints results as a table: a row for each target, method and selection rule.

    Args:
      entries: of ``results.json``.
      synthetic: whether any corpus is generated, which the table then says.

    Returns:
      The text; percentages, with the standard deviation over trials if there are
      several.
    """
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        key = (entry["target"], entry["method"], entry["selection"])
        groups.setdefault(key, []).append(entry)
    rows = [_row(*key, group) for key, group in groups.items()]
    rows += _means(groups)
    headers = ["target", "method", "selection", "accuracy %", "UAR %", "macro F1 %"]
    headers += ["majority %", "chance UAR %", "utterances", "trials"]
    text = tabulate(rows, headers, disable_numparse=True, stralign="right")
    notes = [
        "majority: accuracy of always guessing the target's most frequent emotion;",
        "last: the last step; best: the step best on held-out speakers of the sources.",
    ]
    return "\n".join([_SYNTHETIC] * synthetic + [text, *notes])


def _row(
    target: str, method: str, selection: str, entries: Sequence[Entry]
) -> list[str]:
    return [
        target,
        ALGORITHMS[method].title,
        selection,
        *(_spread([e[name] for e in entries]) for name in _SCORES),
        _spread([entries[0]["majority_accuracy"]]),
        _spread([entries[0]["chance_uar"]]),
        str(entries[0]["num_utterances"]),
        str(len(entries)),
    ]


_SCORES = ("accuracy", "uar", "macro_f1")


def _means(groups: Mapping[tuple[str, ...], Sequence[Entry]]) -> list[list[str]]:
    """Rows of the unweighted mean over targets, where all of several have a result."""
    targets = {target for target, _, _ in groups}
    if len(targets) < 2:
        return []
    means: dict[tuple[str, ...], list[dict[str, float]]] = {}
    names = (*_SCORES, "majority_accuracy", "chance_uar")
    for (_, *key), entries in groups.items():
        mean = {name: statistics.fmean(e[name] for e in entries) for name in names}
        means.setdefault(tuple(key), []).append(mean)
    return [
        [
            "mean",
            ALGORITHMS[method].title,
            selection,
            *(_spread([statistics.fmean(v[name] for v in values)]) for name in names),
            "",
            "",
        ]
        for (method, selection), values in means.items()
        if len(values) == len(targets)
    ]


def _spread(values: Sequence[float]) -> str:
    mean = f"{100 * statistics.fmean(values):.1f}"
    if len(values) < 2:
        return mean
    return f"{mean} +- {100 * statistics.stdev(values):.1f}"
