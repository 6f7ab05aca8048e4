"""How long the rest of a sweep will take, judged by the runs that are finished."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from experiments.sweep.progress import RunState, UnitState


class Rest(NamedTuple):
    """What is left to do.

    Attributes:
      seconds: of one process, for all of which something is known.
      unknown: methods of which there are trainings with nothing to judge them by.
    """

    seconds: float
    unknown: tuple[str, ...]


def estimate(states: Sequence[UnitState]) -> Rest:
    """Estimates how long the runs without a result will take.

    A training takes as long as others of its method on the same sources did; where
    there are none, as long as others of its method in the sweep, by the utterances that
    they draw from. Tests of models that are trained anyway take as long as others did.
    What has diverged is counted out, and what a run has done before it was interrupted
    counts for nothing.

    Args:
      states: how far each unit of the sweep is.

    Returns:
      What is left.
    """
    tests = [r.seconds for s in states for r in s.runs if r.adopted and _measured(r)]
    test = math.fsum(tests) / len(tests) if tests else 0.0
    seconds, unknown = [], []
    for state in states:
        trainings = _trainings_left(state)
        seconds.append(test * (_tests_left(state) - trainings))
        if not trainings:
            continue
        one = _seconds_of_training(state, states)
        if one is None:
            unknown.append(state.unit.method)
        else:
            seconds.append(trainings * one)
    return Rest(math.fsum(seconds), tuple(dict.fromkeys(unknown)))


def in_words(seconds: float) -> str:
    """Tells a span of time as exactly as an estimate of it deserves."""
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // (24 * 60)} days {minutes % (24 * 60) // 60} h"


def _measured(run: RunState) -> bool:
    return run.seconds is not None


def _own(state: UnitState) -> list[float]:
    """Seconds of the runs of a unit that were trained for themselves."""
    return [r.seconds for r in state.runs if _measured(r) and not r.adopted]


def _is_left(run: RunState) -> bool:
    return not run.done and not run.diverged


def _tests_left(state: UnitState) -> int:
    return sum(map(_is_left, state.runs))


def _trainings_left(state: UnitState) -> int:
    """Trials of which no run has a result; all runs of a trial are trained as one."""
    trained = {run.trial for run in state.runs if run.done}
    return len({run.trial for run in state.runs if _is_left(run)} - trained)


def _seconds_of_training(state: UnitState, states: Sequence[UnitState]) -> float | None:
    if own := _own(state):
        return math.fsum(own) / len(own)
    others = [
        (seconds, other.size)
        for other in states
        if other.unit.method == state.unit.method and other.size
        for seconds in _own(other)
    ]
    if not others or not state.size:
        return None
    total, size = (math.fsum(column) for column in zip(*others, strict=True))
    return total / size * state.size
