r"""Fuses what finished runs predict: ensembles of trials, late fusion of directories.

  python -m experiments.fuse runs/laptop --workdir=runs/laptop_ensemble
  python -m experiments.fuse runs/log_mel runs/egemaps --workdir=runs/both

Nothing is trained, and nothing is fitted on the target: of each utterance the
probabilities that runs give it are averaged, with weights that are given. Of one work
directory all trials of each method are fused; of several trial k with trial k, so that
there are as many fused trials as there are trials. The runs must be of the same
utterances, labels, classes and division of speakers, and are refused otherwise.

--workdir is then a work directory as any other, for experiments.report beside those
that were fused.
"""

import pathlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from absl import flags

from damldg_jax.emotions import PAPER_EMOTIONS
from damldg_jax.errors import InputError
from damldg_jax.targets import TARGETS, Wishes
from experiments.accounts import held_folders, write_accounts
from experiments.circumstances import versions
from experiments.console import say, say_once
from experiments.fuse.accounts import account_of
from experiments.fuse.agreement import check, selections
from experiments.fuse.directories import Directory, read_directories
from experiments.fuse.ensembles import Ensemble, Options
from experiments.fuse.flags import read_options
from experiments.fuse.grouping import make_ensembles
from experiments.fuse.writing import write_ensemble
from experiments.outputs import write_json
from experiments.results import table, write_results


def choose_defaults() -> None:
    """Gives the flag that other commands share another default."""
    flags.FLAGS.set_default("workdir", "runs/fused")


def main(arguments: Sequence[str]) -> None:
    """Fuses what the command line names."""
    workdir = pathlib.Path(flags.FLAGS.workdir).expanduser()
    paths = [pathlib.Path(argument).expanduser() for argument in arguments]
    print(
        fuse_directories(
            paths, workdir, read_options(len(paths)), flags.FLAGS.overwrite
        )
    )
    say(f"Details are in {workdir}.")


def fuse_directories(
    paths: Sequence[pathlib.Path],
    workdir: pathlib.Path,
    options: Options,
    overwrite: bool = False,
) -> str:
    """Fuses the runs of work directories.

    Args:
      paths: of the directories.
      workdir: to write to, another one.
      options: what is to be fused, and how.
      overwrite: whether to delete other fusions that are in the way.

    Returns:
      The table of results.

    Raises:
      InputError: runs cannot be fused, or others are in the way.
    """
    if workdir.resolve() in [path.resolve() for path in paths]:
        raise InputError(
            f"--workdir={workdir} is one of the directories that are to be fused. "
            "Choose another --workdir."
        )
    directories = read_directories(paths, options.methods)
    ensembles = make_ensembles(directories, options)
    synthetic = _check(ensembles, options)
    accounts = {e.folder(workdir): account_of(e, options) for e in ensembles}
    with held_folders(accounts):
        if overwrite:
            _clear(accounts)
        write_accounts(workdir, accounts, overwrite)
        results = {
            ensemble.folder(workdir): write_ensemble(ensemble, options.mean, workdir)
            for ensemble in ensembles
        }
    told = _told(directories, options)
    classes = ensembles[0].parts[0].run.classes
    write_results(workdir, results, synthetic=synthetic, classes=classes, fused=told)
    write_json(workdir / "config.json", _config(told, accounts, workdir))
    return _table(results, ensembles[0], synthetic)


def _check(ensembles: Sequence[Ensemble], options: Options) -> bool:
    """Refuses what does not go together; returns whether the corpora are synthetic."""
    for ensemble in ensembles:
        check(ensemble, options.mix_transductive)
        _tell_what_is_left(ensemble)
    synthetic = [e.parts[0].run.circumstances.get("synthetic") for e in ensembles]
    if any(synthetic) and not all(synthetic):
        raise InputError(
            "Some targets are synthetic corpora and others real. Fuse them apart, by "
            "--only_targets and another --workdir."
        )
    return any(synthetic)


def _clear(accounts: Iterable[pathlib.Path]) -> None:
    """Deletes trials of the same name that an earlier fusion had more of."""
    wanted = set(accounts)
    for folder in {folder.parent for folder in wanted}:
        for other in set(folder.glob("trial_*")) - wanted:
            shutil.rmtree(other)


def _tell_what_is_left(ensemble: Ensemble) -> None:
    """Says which selection rules some have and what is fused has not."""
    kept = selections(ensemble.parts)
    for part in ensemble.parts:
        if left := [name for name in part.run.entries if name not in kept]:
            others = [p.name for p in ensemble.parts if not {*left} <= {*p.run.entries}]
            say_once(
                f"{ensemble.title}: '{left[0]}' is not fused, as {others[0]} has none."
            )


def _told(directories: Sequence[Directory], options: Options) -> dict[str, Any]:
    """What was fused, as ``results.json`` has it."""
    return {
        **options._asdict(),
        "directories": [
            {"name": directory.name, "path": str(directory.path), "weight": weight}
            for directory, weight in zip(directories, options.weights, strict=True)
        ],
    }


def _config(
    told: Mapping[str, Any],
    accounts: Mapping[pathlib.Path, Mapping[str, Any]],
    workdir: pathlib.Path,
) -> dict[str, Any]:
    runs = [
        {"folder": folder.relative_to(workdir).as_posix(), **account}
        for folder, account in accounts.items()
    ]
    return {"settings": told, "runs": runs, "versions": versions()}


def _table(
    results: Mapping[pathlib.Path, Sequence[Mapping[str, Any]]],
    ensemble: Ensemble,
    synthetic: bool,
) -> str:
    account = ensemble.parts[0].run.account
    emotions = account.get("emotions") or PAPER_EMOTIONS
    both = bool(account.get("excitement_as_happiness"))
    target = TARGETS[account.get("target_kind") or "emotion"](
        Wishes(emotions=tuple(emotions), excitement_as_happiness=both)
    )
    entries = [entry for of_run in results.values() for entry in of_run]
    return table(entries, synthetic, target.report, target.description)
