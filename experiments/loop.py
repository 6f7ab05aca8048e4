"""Trains runs that differ by their seed alone, together, and tests them."""

import contextlib
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.parallel import Layout, replicate
from damldg_jax.training import TrainState
from experiments.adoption import adopt
from experiments.console import clock_stopped, progress, say, start_clock
from experiments.interruption import WATCH
from experiments.lost_peers import going_on_from
from experiments.programs import Programs
from experiments.results import read_entries
from experiments.runs import Run, Schedule, schedule
from experiments.teams import everyone, team_of
from experiments.trainee import Trainee


def execute(
    group: Sequence[Run], programs: Programs
) -> dict[pathlib.Path, FloatingPointError]:
    """Trains and tests runs, going on where an earlier attempt stopped.

    Args:
      group: runs that differ by their seed alone, as many as there are slots or fewer.
      programs: compiled functions and data.

    Returns:
      By folder of the run, the errors that have ended some; all others have results.
    """
    errors, waiting = {}, []
    team = team_of(programs.layout)
    with contextlib.ExitStack() as stack:
        finished = team.tell(lambda: [run.result.exists() for run in group])
        for run, done in zip(group, finished, strict=True):
            if done:
                say(f"{run.title}: finished before, not trained again.")
            else:
                waiting.append(run)
        others = team.tell(lambda: [_adopted(run) for run in waiting])
        for run, other in zip(waiting, others, strict=True):
            if other:
                say(f"{run.title}: trained as {other} was, and only tested.")
        stack.enter_context(going_on_from([run.folder for run in waiting]))
        trainees = [stack.enter_context(Trainee(run, programs)) for run in waiting]
        for together, step in _from_where(trainees):
            for trainee in together:
                trainee.begin(step, len(together))
            _train(together, step, programs)
            for trainee in together:
                if trainee.error:
                    errors[trainee.run.folder] = trainee.error
                else:
                    trainee.finish()
    return errors


def read_result(run: Run) -> list[dict[str, Any]]:
    """Reads the entries of ``results.json`` of a run that is finished."""
    return read_entries(run.result, run.split.scenario)


def _adopted(run: Run) -> str | None:
    """Names the run whose training a run takes over, if there is one."""
    folder = adopt(run)
    return folder and "/".join(folder.parts[-3:])


def _from_where(
    trainees: Sequence[Trainee],
) -> Iterator[tuple[list[Trainee], int]]:
    """Yields trainees that go on together, and the step from which.

    One that an interruption has left an evaluation ahead goes back to the others; if
    there is no step that all can go back to, each goes on with its like.
    """
    if not trainees:
        return
    if common := set.intersection(*(trainee.steps() for trainee in trainees)):
        yield list(trainees), max(common)
        return
    newest = [max(trainee.steps()) for trainee in trainees]
    for step in sorted(set(newest)):
        its = [t for t, of in zip(trainees, newest, strict=True) if of == step]
        yield its, step


def _train(trainees: list[Trainee], first: int, programs: Programs) -> None:
    """Trains to the end, or until each has ended by an error."""
    run, layout = trainees[0].run, programs.layout
    plan = schedule(run.division, programs.config)
    domains = len(run.division.domains)
    train = programs.training(run.method, domains, plan.per_domain).step
    # What is missing to a full group is filled up with its last run: one program.
    filled = [*trainees, *[trainees[-1]] * (layout.slots - len(trainees))]
    numbers = [trainee.run.seed for trainee in filled]
    state = layout.place_runs([trainee.state for trainee in filled])
    seeds = layout.place_seeds(numbers)
    store = programs.placement.store(run.division)
    on_host = programs.placement.domains(run.division)
    domains = replicate(on_host, layout.devices)
    calls = _calls(first, plan, train.steps_per_call)
    excerpts = programs.placement.training_excerpts(
        on_host,
        plan.per_domain,
        numbers,
        [call.steps for call in calls],
        train.steps_per_call,
    )
    counts = {
        count: replicate(np.int32(count), layout.devices)
        for count in {len(call.steps) for call in calls}
    }
    ends, nothing = [call for call in calls if call.ends], contextlib.nullcontext()
    late, alone = _Late(trainees, layout), everyone().count == 1
    bar = progress(
        None,
        _title(trainees),
        "step",
        total=plan.steps,
        initial=first,
        postfix="compiling" if calls else None,
    )
    with bar, contextlib.closing(excerpts), WATCH.span() as watch:
        for call, excerpt in zip(calls, excerpts, strict=True):
            count = counts[len(call.steps)]
            state, metrics = train(state, store, domains, seeds, count, excerpt)
            late.take(call.steps, metrics, state)
            if call.steps.start == first:
                # Compiling was no step.
                start_clock(bar, call.steps.stop)
            else:
                bar.update(len(call.steps))
            # Before the first call has come back there is nothing new to be saved; and
            # of several processes that leave, none can wait for the others.
            if alone:
                watch.wait()
            if call.ends or watch.asked:
                late.write(state)
                states = layout.fetch_runs(state)
                if call.ends:
                    # The first one is compiled.
                    with clock_stopped(bar) if call is ends[0] else nothing:
                        _evaluate(trainees, states, bar)
                    bar.refresh()
                else:
                    _save(trainees, states)
            if watch.asked or all(trainee.error for trainee in trainees):
                break


def _evaluate(trainees: list[Trainee], states: list[TrainState], bar: tqdm) -> None:
    for trainee, state in zip(trainees, states, strict=False):
        if not trainee.error:
            trainee.evaluate(state, bar)


def _save(trainees: list[Trainee], states: list[TrainState]) -> None:
    for trainee, state in zip(trainees, states, strict=False):
        if not trainee.error:
            trainee.save(state)


def _title(trainees: list[Trainee]) -> str:
    first = trainees[0].run
    if len(trainees) == 1:
        return first.title
    numbers = ", ".join(str(trainee.run.trial) for trainee in trainees)
    method = ALGORITHMS[first.method].title
    return f"{method} -> {first.split.target}, trials {numbers}"


class _Call(NamedTuple):
    """What one call of the compiled program does.

    Attributes:
      steps: that it does.
      ends: whether an evaluation follows.
    """

    steps: range
    ends: bool


def _calls(first: int, plan: Schedule, most: int) -> list[_Call]:
    """The calls that do the steps from ``first`` on, none past an evaluation."""
    calls, start = [], first
    while start < plan.steps:
        until = min(
            (start // plan.evaluate_every + 1) * plan.evaluate_every, plan.steps
        )
        for begin in range(start, until, most):
            steps = range(begin, min(begin + most, until))
            calls.append(_Call(steps, steps.stop == until))
        start = until
    return calls


class _Late:
    """Metrics, written one call late: the device need not wait for the host to look."""

    def __init__(self, trainees: list[Trainee], layout: Layout):
        self._trainees, self._layout = trainees, layout
        self._pending: tuple[range, Mapping[str, jax.Array]] | None = None

    def take(
        self, steps: range, metrics: Mapping[str, jax.Array], state: TrainState
    ) -> None:
        """Takes the metrics of a call, and writes those of the call before."""
        self.write(state)
        self._pending = steps, metrics

    def write(self, state: TrainState) -> None:
        """Writes what is pending; of a run that it ends, the state is kept."""
        if self._pending is None:
            return
        (steps, metrics), self._pending = self._pending, None
        values = self._layout.fetch_runs(metrics)
        ended = [
            trainee.write(steps, its)
            for trainee, its in zip(self._trainees, values, strict=False)
        ]
        if any(ended):
            states = self._layout.fetch_runs(state)
            for trainee, its, now in zip(self._trainees, states, ended, strict=False):
                if now:
                    trainee.keep(its)
