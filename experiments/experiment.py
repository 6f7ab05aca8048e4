"""A whole experiment: prepare, train, test, report."""

import pathlib
from typing import Any

import numpy as np

from damldg_jax.batches import share_out
from experiments.config import Config
from experiments.console import say
from experiments.data import Prepared, load
from experiments.division import divide
from experiments.loop import Run, execute, schedule
from experiments.plan import Plan, make_plan
from experiments.prepare import prepare
from experiments.programs import Programs, devices
from experiments.results import run_folder, table, write_results
from experiments.workdir import claim
from experiments.xla import choose_flags


def run_experiments(config: Config) -> list[dict[str, Any]]:
    """Does all that the settings ask for, and prints the table.

    Args:
      config: the settings.

    Returns:
      The entries of ``results.json``.

    Raises:
      InputError: settings or data are off.
      FloatingPointError: runs diverged; raised after all others are reported.
    """
    choose_flags()
    plan = make_plan(config)
    prepare(plan.sources, config)
    prepared = load(plan.sources, config)
    runs = _runs(plan, prepared, config)
    notices = _notices(prepared, runs, config)
    claim(config, prepared, runs)
    for notice in notices:
        say(notice)
    programs = Programs(prepared.dataset, config)
    results, failed = _execute_all(runs, programs)
    synthetic = bool(prepared.synthetic)
    write_results(
        config.workdir,
        results,
        synthetic=synthetic,
        emotions=prepared.dataset.emotions,
        notices=notices,
        skipped=prepared.skipped,
        failed=failed,
    )
    entries = [entry for entries in results.values() for entry in entries]
    if entries:
        print(table(entries, synthetic))
    say(f"Details are in {config.workdir}.")
    if failed:
        raise FloatingPointError("\n".join(failed))
    return entries


def _execute_all(
    runs: list[Run], programs: Programs
) -> tuple[dict[pathlib.Path, list[dict[str, Any]]], list[str]]:
    """Executes the runs; one that diverges does not cost the results of others."""
    results, failed = {}, []
    for run in runs:
        try:
            results[run.folder] = execute(run, programs)
        except FloatingPointError as error:
            failed.append(f"{run.title}: {error}")
            say(failed[-1])
    return results, failed


def _runs(plan: Plan, prepared: Prepared, config: Config) -> list[Run]:
    runs = []
    for split in plan.splits:
        division = divide(prepared.dataset, split, config)
        # Refused before anything is trained.
        shares = np.zeros((len(split.sources), schedule(division, config).per_domain))
        share_out(shares, len(devices(config)))
        for method in config.methods:
            for trial in range(config.trials):
                folder = run_folder(config.workdir, split, method, trial)
                runs.append(
                    Run(split, division, method, trial, config.seed + trial, folder)
                )
    return runs


def _notices(prepared: Prepared, runs: list[Run], config: Config) -> list[str]:
    """What the user should know, each sentence once."""
    notices = list(prepared.notices)
    for corpus, reasons in prepared.skipped.items():
        notices.append(f"{corpus}: {len(reasons)} recording(s) are left out.")
    for run in runs:
        notices += run.division.notices
        batch_size = schedule(run.division, config).per_domain * len(run.split.sources)
        if batch_size != config.batch_size:
            notices.append(
                f"The batch size is {batch_size}: as many utterances of each of the "
                f"{len(run.split.sources)} sources, nearest to {config.batch_size}."
            )
    return list(dict.fromkeys(notices))
