"""Tables of what the runs of a protocol came to."""

from collections.abc import Sequence

import numpy as np

from experiments.report.document import Table
from experiments.report.families import Family
from experiments.report.protocols import Protocol, transductive_kind
from experiments.report.scores import (
    Cell,
    alike,
    cells,
    ends,
    name_tests,
    spread,
)


def overview(
    protocols: Sequence[Protocol],
    family: Family,
    selection: str,
    transductive: bool = False,
) -> Table:
    """UAR of each method on each target of a family, and the mean over targets.

    Args:
      protocols: to tell of; of dimensions it is the CCC that is told.
      family: of tests.
      selection: rule by which a step is chosen.
      transductive: whether these are protocols in which the target's unlabelled
        recordings had a part in results, which the table's name then says, too.

    Returns:
      The table, a row for each protocol and method that has any of the tests.
    """
    tests = name_tests(family.tests)
    rows = []
    for protocol in protocols:
        found = cells(protocol)
        for method, title in protocol.methods.items():
            of_each = [found.get((test, method)) for test in tests]
            if any(of_each):
                values = [c.values(selection, _main(c)) if c else [] for c in of_each]
                told = [*map(spread, values), _mean(values)]
                rows.append((protocol.letter, title, *told))
    single = len(tests) == 1
    header = ("protocol", "method", *tests.values(), "mean")
    return Table(
        name=f"overview_{family.name}{'_transductive' * transductive}",
        title=f"{family.title}: UAR in percent ({selection} step)"
        + transductive_kind(protocols),
        header=header[:-1] if single else header,
        rows=tuple(row[:-1] if single else row for row in rows),
        notes=("Mean and standard deviation over trials.",),
    )


def transductive_notes(protocols: Sequence[Protocol]) -> tuple[str, ...]:
    """Says of protocols that stand beside others in what the target had a part.

    Args:
      protocols: all that there may be.

    Returns:
      A sentence for each in whose results its unlabelled recordings had one.
    """
    return tuple(
        f"Protocol {protocol.letter}{transductive_kind([protocol])}: the target's "
        "unlabelled recordings had a part in it, and in the paper's they have none."
        for protocol in protocols
        if protocol.transductive
    )


def _mean(values: Sequence[Sequence[float]]) -> str:
    """The mean over tests, of trial after trial where all have as many."""
    if not all(values):
        return "-"
    if len({len(of_test) for of_test in values}) == 1:
        return spread([float(np.mean(trial)) for trial in zip(*values, strict=True)])
    return spread([float(np.mean([np.mean(of_test) for of_test in values]))])


def _main(cell: Cell) -> str:
    return "uar" if cell.runs[0].classes else "mean_ccc"


def results(protocol: Protocol) -> Table:
    """Scores of each method on each target by each selection rule."""
    found = cells(protocol)
    tests = name_tests([test for test, _ in found])
    rows = [
        _scores(tests[test], cell, selection)
        for (test, _), cell in found.items()
        for selection in cell.selections()
    ]
    lacking = any(row[-4] != "-" for row in rows)
    header = (
        *("target", "method", "step", "accuracy %", "majority %", "UAR %"),
        *("95 % interval", "chance %", "macro F1 %", "ECE %", "UAR % of present"),
        *("utterances", "speakers", "trials"),
    )
    if not lacking:
        rows = [row[:-4] + row[-3:] for row in rows]
        header = header[:-4] + header[-3:]
    return Table(
        name=f"results_{protocol.letter}",
        title=f"Scores on the unseen corpora{transductive_kind([protocol])}",
        header=header,
        rows=tuple(rows),
        notes=(
            "Mean and standard deviation over trials; the interval allows for other "
            "trials and other speakers. majority: accuracy of always guessing the "
            "most frequent class. chance: UAR of any constant guess. ECE: expected "
            "calibration error."
            + " of present: only classes that the target has may be said."
            * lacking,
        ),
    )


def _scores(test: str, cell: Cell, selection: str) -> tuple[str, ...]:
    entry = cell.runs[0].entries[selection]
    if not cell.runs[0].classes:
        return _dimensions(test, cell, selection)
    uncertain = "-"
    if alike(cell, selection):
        uncertain = ends(cell.interval(selection, "uar"))
    present = entry.get("present") or {}
    lacks = len(present.get("classes", cell.runs[0].classes)) < len(entry["recall"])
    speakers = {s for run in cell.runs for s in run.predictions[selection].speakers}
    return (
        *(test, cell.title, selection),
        spread(cell.values(selection, "accuracy")),
        _of_data(cell, selection, "majority_accuracy"),
        spread(cell.values(selection, "uar")),
        uncertain,
        _of_data(cell, selection, "chance_uar"),
        *(spread(cell.values(selection, name)) for name in ("macro_f1", "ece")),
        spread(cell.values(selection, "present", "uar")) if lacks else "-",
        *(str(entry["num_utterances"]), str(len(speakers)), str(len(cell.runs))),
    )


def _of_data(cell: Cell, selection: str, name: str) -> str:
    """What depends on the target alone; a mean where trials divide it anew."""
    values = cell.values(selection, name)
    return spread([float(np.mean(values))] if values else [])


def _dimensions(test: str, cell: Cell, selection: str) -> tuple[str, ...]:
    """CCC in the place of UAR; what there is for classes alone is left open."""
    entry = cell.runs[0].entries[selection]
    speakers = set(cell.runs[0].predictions[selection].speakers)
    ccc = spread(cell.values(selection, "mean_ccc"), 1, 3)
    return (
        *(test, cell.title, selection, "-", "-", f"CCC {ccc}", "-", "-", "-", "-"),
        *("-", str(entry["num_utterances"]), str(len(speakers)), str(len(cell.runs))),
    )


def recalls(protocol: Protocol, selection: str) -> Table | None:
    """Recall of each class, where there are classes."""
    found = cells(protocol)
    classes = protocol.runs[0].classes
    if not classes:
        return None
    tests = name_tests([test for test, _ in found])
    rows = tuple(
        (
            tests[test],
            cell.title,
            *(spread(cell.values(selection, "recall", name)) for name in classes),
        )
        for (test, _), cell in found.items()
    )
    return Table(
        name=f"recall_{protocol.letter}",
        title=f"Recall of each class in percent ({selection} step)"
        + transductive_kind([protocol]),
        header=("target", "method", *classes),
        rows=rows,
        notes=("-: the target has no utterance of it.",),
    )
