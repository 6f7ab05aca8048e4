"""Runs of a protocol put together by test and method, and their scores."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.significance import Interval, Outcome, interval
from experiments.report.protocols import Protocol
from experiments.report.run_folders import RunRecord

Test = tuple[str, tuple[str, ...]]


class Cell(NamedTuple):
    """The trials of a method on a test.

    Attributes:
      test: target and sources.
      method: its name.
      runs: a trial each, sorted by seed.
    """

    test: Test
    method: str
    runs: tuple[RunRecord, ...]

    @property
    def title(self) -> str:
        """Of the method."""
        return self.runs[0].title

    def selections(self) -> tuple[str, ...]:
        """Selection rules that all trials have."""
        first = self.runs[0].entries
        return tuple(s for s in first if all(s in run.entries for run in self.runs))

    def values(self, selection: str, *path: str) -> list[float]:
        """A number of each trial's entry; those that have it."""
        found = []
        for run in self.runs:
            value = run.entries.get(selection)
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            if isinstance(value, int | float):
                found.append(float(value))
        return found

    def outcome(self, selection: str) -> Outcome:
        """What the trials said, for statistics; utterances sorted by name."""
        of_each = [run.predictions[selection] for run in self.runs]
        orders = [np.argsort(said.utterances) for said in of_each]
        first, order = of_each[0], orders[0]
        pairs = zip(of_each, orders, strict=True)
        return Outcome(
            labels=first.labels[order],
            predicted=np.stack([said.predicted[its] for said, its in pairs]),
            speakers=first.speakers[order],
            utterances=first.utterances[order],
            deterministic=bool(self.runs[0].first.get("deterministic")),
        )

    def interval(self, selection: str, metric: str) -> Interval:
        """A score with its interval, over trials and speakers."""
        return interval([self.outcome(selection)], metric)


def cells(protocol: Protocol) -> dict[tuple[Test, str], Cell]:
    """Puts the runs of a protocol together.

    Args:
      protocol: whose runs.

    Returns:
      A cell for each test and method that has runs, by name of the test and in the
      order of the protocol's methods. Trials that were tested on other utterances than
      the first (a division of its own each) are all kept: see ``alike``.
    """
    grouped: dict[tuple[Test, str], list[RunRecord]] = {}
    for run in protocol.runs:
        grouped.setdefault((run.test, run.method), []).append(run)
    methods = list(protocol.methods)
    order = sorted(grouped, key=lambda key: (key[0], methods.index(key[1])))
    return {
        key: Cell(*key, tuple(sorted(grouped[key], key=lambda r: r.first["trial"])))
        for key in order
    }


def alike(cell: Cell, selection: str) -> bool:
    """Whether all trials were tested on the same utterances, as statistics need."""
    first = cell.runs[0].predictions[selection].utterances
    return all(
        np.array_equal(first, run.predictions[selection].utterances)
        for run in cell.runs[1:]
    )


def name_tests(tests: Sequence[Test]) -> dict[Test, str]:
    """Names tests by target, and by sources too where a target has several."""
    targets = [target for target, _ in dict.fromkeys(tests)]
    return {
        (target, sources): target
        if targets.count(target) == 1
        else f"{target} <- {'+'.join(sources)}"
        for target, sources in dict.fromkeys(tests)
    }


def spread(values: Sequence[float], factor: float = 100.0, decimals: int = 1) -> str:
    """Mean and standard deviation over trials as text."""
    if not values:
        return "-"
    array = factor * np.asarray(values)
    text = f"{array.mean():.{decimals}f}"
    return text if len(array) < 2 else f"{text} ± {array.std(ddof=1):.{decimals}f}"


def ends(found: Interval) -> str:
    """The ends of an interval in percent, or nothing."""
    if np.isnan(found.low):
        return "-"
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}"
