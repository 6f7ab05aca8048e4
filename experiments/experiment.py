"""A whole experiment: prepare, train, test, report."""

import contextlib
import pathlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from damldg_jax.errors import InputError
from experiments import initial_weights
from experiments.beginning import check_layers
from experiments.config import Config
from experiments.console import say
from experiments.data import Prepared
from experiments.distributed import check_agreement, connect
from experiments.loop import execute, read_result
from experiments.lost_peers import lost
from experiments.notices import notices_of
from experiments.plan import Plan, make_plan
from experiments.plan_runs import list_runs
from experiments.programs import Programs, build_network
from experiments.results import table, write_results
from experiments.runs import Run, alike
from experiments.session import Session
from experiments.teams import everyone, share
from experiments.workdir import claim, held, other_runs
from experiments.xla import choose_flags, choose_precision, keep_programs

Entries = dict[pathlib.Path, list[dict[str, Any]]]

# How late a disk that machines share may show what one of them has written.
_SECONDS_TO_BE_SEEN = 60.0


class Outcome(NamedTuple):
    """What a plan has come to.

    Attributes:
      results: entries of ``results.json`` of each run that has some, by its folder.
      failed: runs that diverged, each with what happened.
      runs: all of the plan.
      prepared: the data.
      notices: what the user was told of them.
    """

    results: Entries
    failed: list[str]
    runs: list[Run]
    prepared: Prepared
    notices: list[str]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of all runs."""
        return [entry for entries in self.results.values() for entry in entries]


def run_experiments(config: Config) -> list[dict[str, Any]]:
    """Does all that the settings ask for, and prints the table.

    Args:
      config: the settings.

    Returns:
      The entries of ``results.json``.

    Raises:
      InputError: settings or data are off.
      FloatingPointError: runs diverged; raised after all others are reported.
      PeerLost: another process of the command has ended.
    """
    return carry_out_alone(make_plan, config).entries


def carry_out_alone(
    make: Callable[[Config], Plan],
    config: Config,
    afterwards: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Carries out the one plan of a command, and prints the table.

    Args:
      make: makes the plan.
      config: all settings.
      afterwards: what else is to be done with what has come of it, by the process that
        writes.

    Returns:
      What has come of it.

    Raises:
      InputError: settings or data are off.
      FloatingPointError: runs diverged; raised after all others are reported.
      PeerLost: another process of the command has ended.
    """
    choose_flags()
    choose_precision(config.matmul_precision)
    with lost():
        connect(config)
        outcome = carry_out(make(config), config, Session())
        if everyone().writes:
            _report(outcome, config)
            afterwards(outcome)
    if outcome.failed:
        raise FloatingPointError("\n".join(outcome.failed))
    return outcome


def carry_out(
    plan: Plan, config: Config, session: Session, latest: bool = True
) -> Outcome:
    """Prepares the data of a plan, trains and tests its runs.

    Args:
      plan: what is to be done.
      config: all settings; those that a plan is made of count for no more.
      session: what plans before this one have left in memory.
      latest: whether ``config.json`` is to tell of this plan.

    Returns:
      What has come of it. Runs that diverged do not cost the results of others.

    Raises:
      InputError: settings or data are off.
    """
    # Before hours are spent on features.
    check_layers(config)
    prepared = session.data(plan.sources, config, plan.trained)
    runs = list_runs(plan, prepared, config)
    notices = notices_of(prepared, runs, config)
    check_agreement(config, prepared.hashes)
    # What is refused shall leave no folders that are in the way of a better try.
    initial_weights.check(config, build_network(prepared.dataset, config))
    with contextlib.ExitStack() as stack:
        team = everyone()
        team.tell(lambda: stack.enter_context(held(runs)))
        team.tell(lambda: claim(config, prepared, runs, latest))
        for notice in notices:
            say(notice)
        keep_programs(config.workdir)
        results, failed = _execute_all(runs, session.programs(prepared.dataset, config))
    return Outcome(results, failed, runs, prepared, notices)


def is_in_the_way(plan: Plan, config: Config, session: Session) -> bool:
    """Whether folders of a plan hold runs of other settings or data.

    Args:
      plan: what is to be done.
      config: all settings.
      session: what plans before this one have left in memory.

    Raises:
      InputError: settings or data are off.
    """
    prepared = session.data(plan.sources, config, plan.trained)
    return bool(other_runs(config, prepared, list_runs(plan, prepared, config)))


def _report(outcome: Outcome, config: Config) -> None:
    """Writes the files that tell of all runs, and prints the table."""
    prepared = outcome.prepared
    synthetic, target = bool(prepared.synthetic), prepared.dataset.target
    write_results(
        config.workdir,
        outcome.results,
        synthetic=synthetic,
        target_kind=target.kind,
        emotions=prepared.dataset.emotions,
        classes=target.classes,
        class_of_emotion=target.mapping,
        notices=outcome.notices,
        skipped=prepared.skipped,
        failed=outcome.failed,
        splits=_splits(outcome.runs, prepared),
    )
    if entries := outcome.entries:
        print(table(entries, synthetic, target.report, target.description))
    say(f"Details are in {config.workdir}.")


def _execute_all(runs: list[Run], programs: Programs) -> tuple[Entries, list[str]]:
    """Executes the runs; one that diverges does not cost the results of others."""
    mine, errors = runs, {}
    if not programs.layout.shared:
        trials = share(range(programs.config.trials))
        mine = [run for run in runs if run.trial in trials]
    for group in alike(mine, programs.layout.slots):
        found = execute(group, programs)
        errors |= {str(folder): str(error) for folder, error in found.items()}
        for run in group:
            if run.folder in found:
                say(f"{run.title}: {found[run.folder]}")
    for of_process in everyone().exchange(errors):
        errors |= of_process
    title = {str(run.folder): run.title for run in runs}
    failed = [f"{title[f]}: {errors[f]}" for f in title if f in errors]
    done = [run for run in runs if str(run.folder) not in errors]
    entries = everyone().tell(lambda: [_result(run) for run in done])
    return {r.folder: e for r, e in zip(done, entries, strict=True)}, failed


def _result(run: Run) -> list[dict[str, Any]]:
    """Reads what a run has come to, which another process may have written."""
    deadline = time.monotonic() + _SECONDS_TO_BE_SEEN
    while not run.result.exists():
        if time.monotonic() > deadline:
            raise InputError(
                f"{run.result}, which another process has written, is not to be seen "
                "by process 0: with --parallel=trials all processes must be given the "
                "same --workdir on a disk that they share."
            )
        time.sleep(0.1)
    return read_result(run)


def _splits(runs: list[Run], prepared: Prepared) -> list[dict[str, Any]]:
    """An account of each split: who is on which side, and what was left out of it."""
    accounts: dict[tuple, dict[str, Any]] = {}
    for run in runs:
        left_out = [prepared.dataset.name_of(i) for i in run.division.left_out]
        key = run.split.sources, run.split.target, run.division.account["hash"]
        account = accounts.setdefault(
            key,
            {
                "sources": run.split.sources,
                "target": run.split.target,
                **run.division.account,
                "left_out": left_out,
                "trials": [],
            },
        )
        if run.trial not in account["trials"]:
            account["trials"].append(run.trial)
    return list(accounts.values())
