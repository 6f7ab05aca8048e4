"""A run while it is trained: its files, and what was best so far."""

import contextlib
import functools
import time
from collections.abc import Mapping
from typing import Self

import numpy as np
from tqdm import tqdm

from damldg_jax.averaging import evaluated
from damldg_jax.errors import InputError
from damldg_jax.parallel import to_host
from damldg_jax.training import TrainState, init_state
from experiments.adoption import is_adopted
from experiments.checkpoints import Best, Checkpoints, Saved
from experiments.circumstances import write_circumstances
from experiments.console import say, show
from experiments.diagnosis import find_operation, utterances_of
from experiments.health import look_over
from experiments.interruption import WATCH, Interrupted
from experiments.outputs import MetricsLog, write_json
from experiments.programs import Programs
from experiments.runs import Run, schedule
from experiments.seals import write_result
from experiments.teams import team_of
from experiments.testing import criterion, test, validate


class Trainee:
    """A run while it is trained; use as a context manager.

    Attributes:
      run: that is trained.
      state: of training, in host memory, as it was last looked at.
      error: that has ended it, or None.
    """

    def __init__(self, run: Run, programs: Programs):
        """Opens the run's checkpoints.

        Args:
          run: to be trained.
          programs: compiled functions and data.
        """
        self.run, self._programs = run, programs
        self.error: FloatingPointError | None = None
        self._team = team_of(programs.layout)
        self._checkpoints = Checkpoints(run.folder / "checkpoints", self._team)
        self._log: MetricsLog | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        # Where something has gone wrong already, that is what is to be told.
        hidden = (InputError, OSError) if kind else ()
        with contextlib.suppress(*hidden):
            try:
                if self._log:
                    self._log.close()
            finally:
                self._checkpoints.close()

    def steps(self) -> set[int]:
        """The steps at which it can begin."""
        return self._checkpoints.steps(self._initial) or {0}

    @functools.cached_property
    def _initial(self) -> Saved:
        """What there is before the first step."""
        run, programs = self.run, self._programs
        domains = len(run.division.domains)
        per_domain = schedule(run.division, programs.config).per_domain
        training = programs.training(run.method, domains, per_domain)
        parts = programs.network, training.algorithm, programs.optimizer
        state = to_host(init_state(*parts, run.seed, domains))
        state = programs.begin_with(state)
        return Saved(state, Best(state.params, state.batch_stats, 0, -1.0), 0.0)

    def begin(self, step: int, beside: int = 1) -> None:
        """Goes back to a step, or initialises the run.

        An evaluation that an interruption has left to be done is done.

        Args:
          step: one of ``steps``.
          beside: runs that are trained together, each of which takes its part of the
            time.
        """
        run = self.run
        saved = self._checkpoints.restore(self._initial, step)
        # Beside what was restored it would only take memory.
        del self._initial
        self._checkpoints.discard_after(step)
        self.state, self._best, self._spent, self._evaluated = saved
        if is_adopted(run.folder):
            # The time was another run's.
            self._spent = 0.0
        self._since, self._beside = time.monotonic(), beside
        writes = self._team.writes
        names = [domain.name for domain in run.division.domains]
        parts = run.folder, names, step, writes, self._evaluated
        self._log = MetricsLog(*parts)
        if not self._evaluated:
            self._validate(self.state)
            self._evaluated = True

    def write(self, steps: range, metrics: Mapping[str, np.ndarray]) -> bool:
        """Writes the metrics of steps; one that is not finite ends the run.

        Args:
          steps: done, numbered from 0.
          metrics: of each step, and maybe of more that were not done.

        Returns:
          Whether one of these has ended the run.
        """
        if self.error:
            return False
        try:
            for place, step in enumerate(steps):
                values = {name: value[place] for name, value in metrics.items()}
                self._log.write_step(step + 1, values)
        except FloatingPointError as error:
            self.error = error
        return self.error is not None

    def keep(self, state: TrainState) -> None:
        """Saves what was before the step that ended the run, and says where.

        Args:
          state: in host memory; it has not taken that step.
        """
        self.save(state._replace(finite=np.ones((), bool)))
        step, run, programs = int(state.step), self.run, self._programs
        told = f"{self.error} The state before it, after step {step}, is kept in "
        told += f"{self._checkpoints.folder}."
        if self._team.writes:
            told += f" {self._tell_batch(step)}"
        if programs.config.debug_nans:
            told += f" {find_operation(run, programs, state)}"
        self.error = FloatingPointError(told)

    def _tell_batch(self, step: int) -> str:
        path = self.run.folder / "not_finite.json"
        named = utterances_of(self.run, self._programs, step)
        write_json(path, {"step": step + 1, "utterances": named})
        told = f"The utterances of the step are named in {path}."
        if not self._programs.config.debug_nans:
            told += " With --debug_nans the same command finds the operation."
        return told

    def evaluate(self, state: TrainState, bar: tqdm) -> None:
        """Evaluates on the validation speakers, keeps what is better, and saves.

        Where the process is told to end meanwhile, the evaluation is left to the next
        command.

        Args:
          state: in host memory.
          bar: to show how well it does, when it is shown next.
        """
        self.state = state
        show(bar, "evaluating")
        try:
            bar.set_postfix_str(self._validate(state), refresh=False)
        except Interrupted:
            if not WATCH.waits:
                raise
            self._evaluated = False
        self.save(state)

    def _validate(self, state: TrainState) -> str:
        """Evaluates on the validation speakers, and returns how well it does."""
        step, found = int(state.step), validate(self.run, self._programs, state)
        if not found:
            return ""
        name = f"validation_{criterion(self._programs)}"
        self._log.write(step, {name: found.score, f"{name}_by_corpus": found.by_corpus})
        if found.score > self._best.score:
            params = evaluated(state.params, state.optimizer_state)
            self._best = Best(params, found.batch_stats, step, found.score)
        return f"{name}={found.score:.3f}"

    def finish(self) -> None:
        """Tests the run on the target and writes its result."""
        if not self._team.writes:
            return
        began = time.monotonic()
        entries = test(self.run, self._programs, self.state, self._best)
        warnings = look_over(self.run, entries, criterion(self._programs))
        for warning in warnings:
            say(f"{self.run.title}: {warning}")
        seconds = self._spent + time.monotonic() - began
        programs = self._programs
        write_circumstances(
            self.run,
            programs.dataset,
            programs.config,
            seconds,
            programs.initial_weights,
        )
        also = {"warnings": warnings, "seconds": seconds}
        write_result(self.run.result, [{**entry, **also} for entry in entries])

    def save(self, state: TrainState) -> None:
        """Saves a state, from which the run can go on.

        Args:
          state: in host memory.
        """
        # A checkpoint shall not be of later steps than the log.
        self._log.sync()
        now = time.monotonic()
        self._spent += (now - self._since) / self._beside
        self._since = now
        saved = Saved(state, self._best, self._spent, self._evaluated)
        self._checkpoints.save(saved)
