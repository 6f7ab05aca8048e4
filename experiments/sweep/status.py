"""A sweep as a table: what is done, what runs elsewhere, what is left."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from experiments.sweep.claims import Note
from experiments.sweep.estimate import estimate, in_words
from experiments.sweep.progress import RunState, UnitState
from experiments.sweep.rows import Row


def tell(
    rows: Sequence[Row], states: Sequence[UnitState], running: Mapping[str, Note]
) -> str:
    """Tells how far a sweep is.

    Args:
      rows: what was asked for.
      states: how far each unit is.
      running: who works on units now, by the units' names.

    Returns:
      Lines of text.
    """
    lines = [_table(rows, states, running)]
    lines += [f"Running: {name}: {who}." for name, who in running.items()]
    runs = [run for state in states for run in state.runs]
    lines += [f"Diverged: {run.folder}." for run in runs if run.diverged]
    lines += [f"Damaged: {run.result}." for run in runs if run.is_damaged]
    return "\n".join([*lines, *left_out(rows), _rest(runs, states, running)])


def left_out(rows: Sequence[Row]) -> list[str]:
    """Tells of the rows, or parts of them, whose corpora are not there."""
    lines = []
    for row in rows:
        if not row.left_out:
            continue
        lacking = sorted({name for names in row.left_out.values() for name in names})
        part = f", {', '.join(row.left_out)}" if row.splits else ""
        lines.append(f"Left out: row {row.name}{part}: no {', '.join(lacking)}.")
    if lines:
        lines.append(
            "What is left out comes in once --corpora_dir or --corpora say where its "
            "corpora lie."
        )
    return lines


def _table(
    rows: Sequence[Row], states: Sequence[UnitState], running: Mapping[str, Note]
) -> str:
    methods = list(dict.fromkeys(state.unit.method for state in states))
    lines = [
        [row.name, *(_cell(row, method, states, running) for method in methods)]
        for row in rows
        if row.splits
    ]
    text = tabulate(lines, ["row", *methods], disable_numparse=True, stralign="right")
    notes = ["Runs with a result, of all runs; *: someone is at work on it."]
    if any("-" in line for line in lines):
        notes.append("-: the method needs several corpora to learn from.")
    return "\n".join([text, *notes])


def _cell(
    row: Row, method: str, states: Sequence[UnitState], running: Mapping[str, Note]
) -> str:
    tests = {(split.sources, split.target) for split in row.splits}
    done = total = 0
    mark = ""
    for state in states:
        if state.unit.method != method:
            continue
        its = [r for r in state.runs if (r.split.sources, r.split.target) in tests]
        done, total = done + sum(run.done for run in its), total + len(its)
        if state.unit.name in running and any(not run.done for run in its):
            mark = "*"
    return f"{mark}{done}/{total}" if total else "-"


def _rest(
    runs: Sequence[RunState],
    states: Sequence[UnitState],
    running: Mapping[str, Note],
) -> str:
    left = sum(not run.done and not run.diverged for run in runs)
    done = f"{sum(run.done for run in runs)} of {len(runs)} runs are done"
    if not left:
        return f"{done}, none is left."
    rest = estimate(states)
    times = []
    if rest.seconds:
        times.append(f"about {in_words(rest.seconds)} of one process")
        if len(running) > 1:
            shared = in_words(rest.seconds / len(running))
            times[0] += f", {shared} of the {len(running)} at work"
    if rest.unknown:
        times.append(
            f"unknown for {', '.join(rest.unknown)}, of which something is not "
            "measured or not prepared yet"
        )
    return f"{done}. Left: {left}; time: {'; '.join(times) or 'hardly any'}."
