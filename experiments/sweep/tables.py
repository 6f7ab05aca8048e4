"""The results of a sweep: a table for each row, and all of them in one file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from damldg_jax.records import locks
from damldg_jax.records.provenance import read_description
from experiments.config import Config
from experiments.console import say
from experiments.outputs import write_json
from experiments.results import read_entries, table
from experiments.sweep.progress import UnitState
from experiments.sweep.rows import Row


def tables(rows: Sequence[Row], states: Sequence[UnitState], config: Config) -> str:
    """Tells the results of all rows.

    Args:
      rows: what was asked for.
      states: how far each unit is.
      config: of the sweep.

    Returns:
      A table for each row that has any; damaged results are left out.
    """
    target, texts = config.make_target(), []
    for row in rows:
        if entries := _entries(row, states):
            synthetic = any(_is_synthetic(name, config) for name in row.sources)
            text = table(entries, synthetic, target.report, target.description)
            texts.append(f"Row {row.name}\n{text}")
    return "\n\n".join(texts)


def write_all(
    rows: Sequence[Row],
    read_states: Callable[[], Sequence[UnitState]],
    failed: Mapping[str, str],
    config: Config,
) -> None:
    """Writes ``results.json`` of all rows, whoever has done them.

    Args:
      rows: what was asked for.
      read_states: looks how far each unit is.
      failed: what went wrong, by the names of the units.
      config: of the sweep.
    """
    target = config.make_target()
    names = {name for row in rows for name in row.sources}
    content: dict[str, Any] = {
        "rows": [row.name for row in rows],
        "left_out": {row.name: row.left_out for row in rows if row.left_out},
        "failed": list(failed.values()),
        "synthetic": any(_is_synthetic(name, config) for name in names),
        "target_kind": target.kind,
        "emotions": config.emotions,
        "classes": target.classes,
        "class_of_emotion": target.mapping,
    }
    # Of two processes that end at the same moment, the second one sees what both did.
    lock = locks.place(config.workdir, "results")
    with locks.held(lock, say, "write results", "--workdir"):
        states = read_states()
        content["runs"] = [entry for row in rows for entry in _entries(row, states)]
        write_json(config.workdir / "results.json", content)


def _entries(row: Row, states: Sequence[UnitState]) -> list[dict[str, Any]]:
    found = {
        (run.split.sources, run.split.target, state.unit.method, run.trial): run.folder
        for state in states
        for run in state.runs
        if run.done and not run.is_damaged
    }
    methods = dict.fromkeys(state.unit.method for state in states)
    return [
        entry
        for split in row.splits
        for method in methods
        for trial in range(max((s.unit.config.trials for s in states), default=0))
        if (folder := found.get((split.sources, split.target, method, trial)))
        for entry in read_entries(folder / "result.json", split.scenario)
    ]


def _is_synthetic(corpus: str, config: Config) -> bool:
    description = read_description(config.data_dir, corpus)
    return description is not None and description[0].synthetic
