"""A whole experiment: prepare, train, test, report."""

import pathlib
from typing import Any

import numpy as np

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.batches import share_out
from damldg_jax.errors import InputError
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS, check_normalization
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
    synthetic, target = bool(prepared.synthetic), prepared.dataset.target
    write_results(
        config.workdir,
        results,
        synthetic=synthetic,
        target_kind=target.kind,
        emotions=prepared.dataset.emotions,
        classes=target.classes,
        class_of_emotion=target.mapping,
        notices=notices,
        skipped=prepared.skipped,
        failed=failed,
        splits=_splits(runs, prepared),
    )
    entries = [entry for entries in results.values() for entry in entries]
    if entries:
        print(table(entries, synthetic, target.report, target.description))
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
        division = divide(prepared.dataset, split, config, prepared.duplicates)
        # Refused before anything is trained.
        shares = np.zeros((len(split.sources), schedule(division, config).per_domain))
        share_out(shares, len(devices(config)))
        _check_samples(shares, prepared, config)
        check_normalization(
            prepared.dataset,
            NORMALIZATIONS[config.normalization],
            np.concatenate(division.train),
            NETWORKS[config.network].pools_inputs,
        )
        for method in config.methods:
            for trial in range(config.trials):
                folder = run_folder(config.workdir, split, method, trial)
                runs.append(
                    Run(split, division, method, trial, config.seed + trial, folder)
                )
    return runs


def _check_samples(shares: np.ndarray, prepared: Prepared, config: Config) -> None:
    """Refuses steps of too few utterances of each source for the loss."""
    least = prepared.dataset.target.objective.min_per_domain
    num_domains, per_domain = shares.shape
    if per_domain < least:
        raise InputError(
            f"--dimension_loss={config.dimension_loss} needs {least} utterances of each"
            f" source in a step, and --batch_size={config.batch_size} gives "
            f"{per_domain}. Make it {least * num_domains} or more, or choose "
            "--dimension_loss=mse."
        )


def _splits(runs: list[Run], prepared: Prepared) -> list[dict[str, Any]]:
    """An account of each split: who is on which side, and what was left out of it."""
    accounts = {
        (run.split.sources, run.split.target): {
            "sources": run.split.sources,
            "target": run.split.target,
            **run.division.account,
            "left_out": [
                prepared.dataset.name_of(index) for index in run.division.left_out
            ],
        }
        for run in runs
    }
    return list(accounts.values())


def _about_single_frames(config: Config) -> list[str]:
    return [
        f"{ALGORITHMS[method].title} mixes statistics over time, and each utterance is "
        "a single frame: whole embeddings of two corpora are mixed, and keep the label "
        "of one."
        for method in config.methods
        if ALGORITHMS[method].over_time
    ]


def _notices(prepared: Prepared, runs: list[Run], config: Config) -> list[str]:
    """What the user should know, each sentence once."""
    notices = list(prepared.notices)
    for corpus, reasons in prepared.skipped.items():
        notices.append(f"{corpus}: {len(reasons)} recording(s) are left out.")
    if not prepared.dataset.frame_rate:
        notices += _about_single_frames(config)
    for run in runs:
        notices += run.division.notices
        batch_size = schedule(run.division, config).per_domain * len(run.split.sources)
        if batch_size != config.batch_size:
            notices.append(
                f"The batch size is {batch_size}: as many utterances of each of the "
                f"{len(run.split.sources)} sources, nearest to {config.batch_size}."
            )
    return list(dict.fromkeys(notices))
