"""A whole experiment: prepare, train, test, report."""

import dataclasses
import pathlib
import time
from typing import Any

import numpy as np

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.batches import check_shares
from damldg_jax.chunks import check_parts
from damldg_jax.errors import InputError
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS, check_normalization
from experiments.config import Config
from experiments.console import say
from experiments.data import Prepared, load
from experiments.devices import choose_layout
from experiments.distributed import check_agreement, connect
from experiments.division import divide
from experiments.loop import execute, read_result
from experiments.lost_peers import lost
from experiments.plan import Plan, make_plan
from experiments.prepare import prepare
from experiments.programs import Programs
from experiments.results import run_folder, table, write_results
from experiments.runs import Run, alike, schedule
from experiments.teams import everyone, share
from experiments.workdir import claim
from experiments.xla import choose_flags, choose_precision, keep_programs

# How late a disk that machines share may show what one of them has written.
_SECONDS_TO_BE_SEEN = 60.0


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
    choose_flags()
    choose_precision(config.matmul_precision)
    with lost():
        connect(config)
        return _run_all(config)


def _run_all(config: Config) -> list[dict[str, Any]]:
    plan = make_plan(config)
    prepared = _prepare(plan, config)
    runs = _runs(plan, prepared, config)
    notices = _notices(prepared, runs, config)
    check_agreement(config, prepared.hashes)
    everyone().tell(lambda: claim(config, prepared, runs))
    for notice in notices:
        say(notice)
    keep_programs(config.workdir)
    programs = Programs(prepared.dataset, config)
    results, failed = _execute_all(runs, programs)
    if everyone().writes:
        _report(results, failed, notices, runs, prepared, config)
    if failed:
        raise FloatingPointError("\n".join(failed))
    return [entry for entries in results.values() for entry in entries]


def _prepare(plan: Plan, config: Config) -> Prepared:
    """Prepares and reads the data; of several processes, the first one prepares."""
    team = everyone()
    team.tell(lambda: prepare(plan.sources, config))
    if not team.writes:
        # Finds it done, or has disks of its own; what is new is not made anew.
        prepare(plan.sources, dataclasses.replace(config, overwrite=False))
    return load(plan.sources, config)


def _report(
    results: dict[pathlib.Path, list[dict[str, Any]]],
    failed: list[str],
    notices: list[str],
    runs: list[Run],
    prepared: Prepared,
    config: Config,
) -> None:
    """Writes the files that tell of all runs, and prints the table."""
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


def _execute_all(
    runs: list[Run], programs: Programs
) -> tuple[dict[pathlib.Path, list[dict[str, Any]]], list[str]]:
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


def _runs(plan: Plan, prepared: Prepared, config: Config) -> list[Run]:
    runs = []
    for split in plan.splits:
        division = divide(prepared.dataset, split, config, prepared.duplicates)
        # Refused before anything is trained.
        per_domain = schedule(division, config).per_domain
        sharing = choose_layout(config).num_sharing
        check_shares(per_domain, len(split.sources), sharing)
        check_parts(per_domain, len(split.sources), sharing, config.micro_batches)
        _check_samples(per_domain, len(split.sources), prepared, config)
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


def _check_samples(
    per_domain: int, num_domains: int, prepared: Prepared, config: Config
) -> None:
    """Refuses steps of too few utterances of each source for the loss."""
    least = prepared.dataset.target.objective.min_per_domain
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
