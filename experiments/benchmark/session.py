"""Measures workloads in rounds: what disturbs the machine disturbs all of them."""

import contextlib
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from experiments.benchmark.process import IMPLEMENTATIONS, Worker, WorkerError
from experiments.benchmark.protocol import Ready
from experiments.benchmark.setting import Setting
from experiments.console import progress, say


class Measurement(NamedTuple):
    """What one worker said.

    Attributes:
      setting: what it measured.
      ready: its first line.
      rounds: seconds of a call, the mean in a round, by the round's number.
      peak_bytes: the most memory it used.
    """

    setting: Setting
    ready: Ready
    rounds: Mapping[int, float]
    peak_bytes: int

    @property
    def seconds(self) -> float:
        """Of a call, the median over rounds."""
        return statistics.median(self.rounds.values())


class Ratio(NamedTuple):
    """How many times longer one took than another, compared round by round.

    Attributes:
      median: over rounds.
      low: the smallest of a round.
      high: the largest.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def paired_ratio(
    numerator: Mapping[int, float], denominator: Mapping[int, float]
) -> Ratio | None:
    """Compares two workers within each round, so that what is slow hits both.

    Args:
      numerator: seconds by the round's number.
      denominator: likewise, of another worker.

    Returns:
      Median and range of the ratio over the rounds of both, or None if there is none.
    """
    ratios = [numerator[n] / denominator[n] for n in numerator.keys() & denominator]
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


class Effort(NamedTuple):
    """How long to measure.

    Attributes:
      rounds: in each of which every worker has its turn.
      calls: in a turn, at least.
      turn_seconds: for which a turn lasts at least, in calls that take less.
    """

    rounds: int
    calls: int
    turn_seconds: float

    def calls_of(self, ready: Ready) -> int:
        """Calls that a worker makes in its turn."""
        fitting = self.turn_seconds / max(ready.call_seconds, 1e-6)
        return max(self.calls, min(math.ceil(fitting), 1000))


class Session:
    """Workers and what they have said; a context that ends those that still wait."""

    def __init__(self, effort: Effort):
        """Starts with nothing measured.

        Args:
          effort: how long to measure.
        """
        self._effort = effort
        self._stack = contextlib.ExitStack()
        self._workers: dict[Setting, Worker] = {}
        self._rounds: dict[Setting, dict[int, float]] = {}
        self._round = 0
        # For a device that one process takes for itself; then rounds are those of each.
        self.one_at_a_time = False
        self.measured: dict[Setting, Measurement] = {}
        self.failed: dict[Setting, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def measure(
        self,
        group: Sequence[Setting],
        what: str,
        keep: Iterable[Setting] = (),
        times: int = 1,
    ) -> None:
        """Measures workloads together.

        A worker that breaks off is noted, and the others go on.

        Args:
          group: what to measure; those that have failed before are left out.
          what: it is, for the progress bar.
          keep: workers that another group will need; the others end.
          times: factor of the effort's rounds; 0 compiles and measures nothing.
        """
        group = [setting for setting in group if setting not in self.failed]
        rounds = self._effort.rounds * times
        if self.one_at_a_time:
            for setting in group:
                self._in_rounds([setting], what, rounds)
                self._finish(setting)
        else:
            self._in_rounds(group, what, rounds)
            for setting in set(group) - set(keep):
                self._finish(setting)
        self._round += rounds

    def _in_rounds(self, group: Sequence[Setting], what: str, rounds: int) -> None:
        for setting in progress(group, f"Compiling, {what}", "worker"):
            self._start(setting)
        turns = rounds * len(group)
        with progress(None, f"Measuring, {what}", "turn", total=turns) as bar:
            for number in range(rounds):
                for setting in group if number % 2 == 0 else reversed(group):
                    self._turn(setting, self._round + number)
                    bar.update()

    def profile(self, setting: Setting, folder: Path, calls: int) -> None:
        """Has a worker trace some calls.

        Args:
          setting: what it does.
          folder: for the trace.
          calls: how many.

        Raises:
          WorkerError: it broke off, or nothing was written.
        """
        with Worker(setting, IMPLEMENTATIONS[setting.implementation]) as worker:
            worker.measure(calls, folder)
            worker.finish()
        written = [path for path in folder.rglob("*.xplane.pb") if path.stat().st_size]
        if not written:
            raise WorkerError(f"The worker '{setting.name}' left no trace in {folder}.")

    def _start(self, setting: Setting) -> None:
        if setting in self._workers:
            return
        try:
            worker = Worker(setting, IMPLEMENTATIONS[setting.implementation])
        except WorkerError as error:
            self._fail(setting, error)
            return
        self._workers[setting] = self._stack.enter_context(worker)

    def _turn(self, setting: Setting, number: int) -> None:
        if setting in self.failed:
            return
        worker = self._workers[setting]
        try:
            seconds = worker.measure(self._effort.calls_of(worker.ready))
        except WorkerError as error:
            self._fail(setting, error)
        else:
            self._rounds.setdefault(setting, {})[number] = seconds

    def _finish(self, setting: Setting) -> None:
        if setting in self.failed:
            return
        worker = self._workers.pop(setting)
        with worker:
            try:
                peak = worker.finish()
            except WorkerError as error:
                self._fail(setting, error)
                return
        rounds = self._rounds.get(setting, {})
        self.measured[setting] = Measurement(setting, worker.ready, rounds, peak)

    def _fail(self, setting: Setting, error: WorkerError) -> None:
        self.failed[setting] = str(error)
        say(f"Left out: {error}")
        if worker := self._workers.pop(setting, None):
            worker.close()
