"""Goes through the units of a sweep, beside other processes that do the same."""

import dataclasses
from collections.abc import Mapping, Sequence

from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.console import say
from experiments.distributed import wanted
from experiments.experiment import carry_out, is_in_the_way
from experiments.method_checks import check_methods
from experiments.session import Session
from experiments.sweep.claims import Claims, Note
from experiments.sweep.progress import UnitState, read_unit
from experiments.sweep.protocol import join
from experiments.sweep.rows import Row, read_rows
from experiments.sweep.sizes import size_of
from experiments.sweep.status import left_out, tell
from experiments.sweep.tables import tables, write_all
from experiments.sweep.units import Unit, make_units
from experiments.xla import choose_flags, choose_precision

_FOLDER = "sweep"


class Sweep:
    """A sweep as one process sees it."""

    def __init__(self, config: Config, rows: Sequence[str]):
        """Works out what is to be done; nothing is written yet.

        Args:
          config: all settings.
          rows: names; all scenarios if there are none.

        Raises:
          InputError: settings are off, or no row has all its corpora.
        """
        if wanted(config):
            raise InputError(
                "Processes share a sweep by its folder, and need not know each other: "
                "start it on each machine without --distributed and "
                "--coordinator_address, with the same --workdir."
            )
        check_methods(config)
        self.config = config
        self.rows: list[Row] = read_rows(rows, config)
        self.units: list[Unit] = make_units(self.rows, config)
        if not self.units:
            raise InputError(
                f"None of --methods={','.join(config.methods)} does with the sources "
                "of these rows: add deep_all, which does with any."
            )
        self.claims = Claims(config.workdir / _FOLDER, say)
        self.failed: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.others: set[str] = set()
        self._tried: set[str] = set()

    def states(self) -> list[UnitState]:
        """Looks how far each unit is."""
        return [read_unit(unit, size_of(unit)) for unit in self.units]

    def usable(self) -> list[UnitState]:
        """The same without units whose runs are of other settings or data."""
        return [state for state in self.states() if state.unit.name not in self.others]

    def running(self, states: Sequence[UnitState]) -> Mapping[str, Note]:
        """Who works on units that are not finished."""
        names = [s.unit.name for s in states if not all(run.done for run in s.runs)]
        found = {name: self.claims.who(name) for name in names}
        return {name: note for name, note in found.items() if note}

    def status(self) -> str:
        """Tells how far the sweep is."""
        states = self.states()
        return tell(self.rows, states, self.running(states))

    def go(self) -> None:
        """Does what nobody else does, until there is nothing left of that.

        Raises:
          InputError: the sweep was begun with other settings, or data are off.
        """
        join(self.config)
        session = Session()
        corpora = {name: s for row in self.rows for name, s in row.sources.items()}
        named = dataclasses.replace(self.config, sources=tuple(corpora))
        # All that cannot be used is told before anything is trained.
        session.bring_up_to_date(corpora, named)
        # What another process has let go of undone is found by another round.
        while sum(self._attempt(unit, session) for unit in self.units):
            pass

    def _attempt(self, unit: Unit, session: Session) -> bool:
        """Does a unit, if it is left and nobody is at it; returns whether it did."""
        if unit.name in self._tried or self._is_done(unit, session):
            return False
        with self.claims.attempt(unit.name) as mine:
            # Another process may have just finished it.
            if not mine or self._is_done(unit, session):
                return False
            self._tried.add(unit.name)
            say(f"Now: {unit.name}.")
            self._do(unit, session)
        say(self.status())
        return True

    def _is_done(self, unit: Unit, session: Session) -> bool:
        """Whether it has all results, of these settings and data or refused for it."""
        if not unit.is_finished():
            return False
        try:
            if is_in_the_way(unit.plan, unit.config, session):
                return False
        except InputError as error:
            self.refused[unit.name] = str(error)
            self.others.add(unit.name)
        self._tried.add(unit.name)
        return True

    def _is_other(self, unit: Unit, session: Session) -> bool:
        """Whether its runs are of other settings or data, or may be."""
        try:
            return is_in_the_way(unit.plan, unit.config, session)
        except InputError:
            return True

    def _do(self, unit: Unit, session: Session) -> None:
        try:
            outcome = carry_out(unit.plan, unit.config, session, latest=False)
        except InputError as error:
            self.refused[unit.name] = str(error)
            if self._is_other(unit, session):
                self.others.add(unit.name)
            say(f"{unit.name} cannot be done: {error}")
            return
        if outcome.failed:
            self.failed[unit.name] = "\n".join(outcome.failed)


def run_sweep(config: Config, rows: Sequence[str], only_status: bool = False) -> None:
    """Does all rows of an evaluation, or tells how far they are.

    Args:
      config: all settings.
      rows: names; all scenarios if there are none.
      only_status: whether to do nothing but tell.

    Raises:
      InputError: settings are off, or some of what was asked for cannot be done; raised
        after all else is done.
      FloatingPointError: runs diverged; raised likewise.
    """
    choose_flags()
    choose_precision(config.matmul_precision)
    sweep = Sweep(config, rows)
    if only_status:
        print(sweep.status())
        return
    say(sweep.status())
    sweep.go()
    _report(sweep)
    if sweep.refused:
        # Often one reason for many; each is told once, with the first that it met.
        names: dict[str, str] = {}
        for name, text in sweep.refused.items():
            names.setdefault(text, name)
        told = [f"{name}: {text}" for text, name in names.items()]
        raise InputError("\n".join([*told, *sweep.failed.values()]))
    if sweep.failed:
        raise FloatingPointError("\n".join(sweep.failed.values()))


def _report(sweep: Sweep) -> None:
    """Prints and writes what there is, whoever has done it."""
    states = sweep.usable()
    for state in states:
        if damaged := [run.result for run in state.runs if run.is_damaged]:
            sweep.refused[state.unit.name] = (
                f"{damaged[0]} is damaged. Delete it: the same command then tests that "
                "run again."
            )
    problems = {**sweep.failed, **sweep.refused}
    write_all(sweep.rows, sweep.usable, problems, sweep.config)
    print(tables(sweep.rows, states, sweep.config))
    for line in left_out(sweep.rows):
        say(line)
    running = sweep.running(states)
    for name, who in running.items():
        say(f"{name} is left to {who}: what it will bring is not in these tables.")
    say(f"For the report: python -m experiments.report {sweep.config.workdir}")
