"""Holds what a work directory has against what is asked for.

Each run folder says in ``run.json`` on what its numbers depend: settings, data, seed.
A command goes on with folders that agree and refuses those that do not, so results of
different protocols are never mixed. ``config.json`` tells of the latest command.
"""

import contextlib
import dataclasses
import json
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from damldg_jax.features import SIGN
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.source_domains import account_of_domains
from experiments.accounts import folders_in_the_way, held_folders, write_accounts
from experiments.circumstances import devices, versions
from experiments.config import Config
from experiments.data import Prepared, data_hash
from experiments.initial_weights import digest
from experiments.outputs import write_json
from experiments.runs import Run, schedule

# Settings that tell where things are or what is run beside, and those of which a run
# has its own account: but for rounding, none of them says how it comes out.
_NOT_OF_A_RUN = (
    *("corpora_dir", "data_dir", "embeddings_dir", "encoder_weights", "workdir"),
    *("corpora", "sources", "target", "also_test", "min_utterances"),
    *("scenario", "skip_unreadable", "skip_duplicates", "overwrite", "methods"),
    *("trials", "seed", "epochs", "steps", "batch_size", "evaluate_every"),
    *("workers", "beam", "beam_options", "debug_nans"),
    *("trials_at_once", "steps_per_dispatch", "input", "init_channels"),
    *("normalization_prior", "tuned_start"),
    *("distributed", "coordinator_address", "process_id", "num_processes"),
    *("connect_timeout", "peer_timeout"),
)
# Those of these that say so nevertheless, until a run has its own account of them.
_OF_THE_COMMAND = (
    *("seed", "epochs", "steps", "batch_size", "evaluate_every"),
    "normalization_prior",
)


def account_of(run: Run, prepared: Prepared, config: Config) -> dict[str, Any]:
    """All on which the numbers of a run depend, but for versions and the machine."""
    plan = schedule(run.division, config)
    settings = dataclasses.asdict(config)
    return {
        **{name: settings[name] for name in settings if name not in _NOT_OF_A_RUN},
        **account_of_prior(config),
        **account_of_data(run, prepared),
        "init_from": digest(config),
        "model": config.network,
        "steps": plan.steps,
        "batch_size": plan.batch_size,
        "evaluate_every": plan.evaluate_every,
        # The rate of embeddings is measured on all corpora of the command.
        "crop_frames": config.extractor.num_frames(
            config.crop_seconds, prepared.dataset.frame_rate
        ),
    }


def account_of_prior(config: Config) -> dict[str, Any]:
    """The part of it that tells of the prior, where that has a say in the inputs."""
    rule = NORMALIZATIONS[config.normalization]
    believes = rule is not None and rule.transductive
    return {"normalization_prior": config.normalization_prior} if believes else {}


def account_of_data(run: Run, prepared: Prepared) -> dict[str, Any]:
    """The part of it that any method has: which run it is, and of which data."""
    return {
        "sources": run.split.sources,
        "target": run.split.target,
        "method": run.method,
        "seed": run.seed,
        "train_utterances": sum(map(len, run.division.train)),
        "validation_speakers": run.division.speakers,
        "split_hash": run.division.account["hash"],
        "training_hash": run.division.account["training_hash"],
        "data": {name: prepared.hashes[name] for name in run.split.corpora},
        **account_of_domains(run.division.domains),
        **_of_altered(run, prepared),
    }


def _of_altered(run: Run, prepared: Prepared) -> dict[str, Any]:
    hashes = prepared.altered_hashes.items()
    altered = {k: x for k, x in hashes if k.partition(SIGN)[0] in run.split.sources}
    return {"altered_data": altered} if altered else {}


def protocol_of(config: Config) -> dict[str, Any]:
    """All settings on which numbers depend, whatever is trained and tested.

    Args:
      config: all settings.

    Returns:
      The settings by name, as JSON has them.
    """
    settings = dataclasses.asdict(config)
    names = [n for n in settings if n not in _NOT_OF_A_RUN or n in _OF_THE_COMMAND]
    content = {
        **{name: settings[name] for name in names},
        "init_from": digest(config),
        "model": config.network,
    }
    return json.loads(json.dumps(content))


def claim(
    config: Config,
    prepared: Prepared,
    runs: Sequence[Run],
    latest: bool = True,
    account_of: Callable[[Run, Prepared, Config], dict[str, Any]] = account_of,
) -> None:
    """Writes what each run depends on, unless other runs are in the way.

    Args:
      config: all settings; with ``overwrite``, what is in the way is deleted.
      prepared: the data.
      runs: to be done.
      latest: whether they are all that the command does, and are told as that in
        ``config.json``.
      account_of: tells all on which the numbers of a run depend.

    Raises:
      InputError: folders hold runs of other settings or data; it names them, the
        differences and the remedy.
    """
    accounts = _accounts(config, prepared, runs, account_of)
    write_accounts(config.workdir, accounts, config.overwrite)
    if latest:
        described = _describe(config, prepared, accounts)
        write_json(config.workdir / "config.json", described)


@contextlib.contextmanager
def held(runs: Sequence[Run]) -> Iterator[None]:
    """Waits until no other command is at any of these runs, and keeps others waiting.

    What ``claim`` has written stays true so, and nothing is trained twice.

    Args:
      runs: of a command.

    Raises:
      InputError: the work directory cannot be written to.
    """
    with held_folders(run.folder for run in runs):
        yield


def other_runs(
    config: Config, prepared: Prepared, runs: Sequence[Run]
) -> dict[pathlib.Path, str]:
    """Finds folders that hold runs of other settings or data.

    Args:
      config: all settings.
      prepared: the data.
      runs: that are wanted.

    Returns:
      By folder, what differs.
    """
    return folders_in_the_way(_accounts(config, prepared, runs, account_of))


def _accounts(
    config: Config,
    prepared: Prepared,
    runs: Sequence[Run],
    account_of: Callable[[Run, Prepared, Config], dict[str, Any]],
) -> dict[pathlib.Path, dict[str, Any]]:
    """The account of each run by its folder, as it will be read back."""
    return {
        run.folder: json.loads(json.dumps(account_of(run, prepared, config)))
        for run in runs
    }


def _describe(
    config: Config,
    prepared: Prepared,
    accounts: Mapping[pathlib.Path, Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        "settings": dataclasses.asdict(config),
        "seed": config.seed,
        "data_hash": data_hash(prepared.hashes),
        "corpora": {
            name: {
                "content_hash": content_hash,
                "counts": prepared.dataset.corpora[name].counts,
                "synthetic": name in prepared.synthetic,
                "skipped": prepared.skipped.get(name, {}),
            }
            for name, content_hash in prepared.hashes.items()
        },
        "runs": [
            {"folder": folder.relative_to(config.workdir).as_posix(), **account}
            for folder, account in accounts.items()
        ],
        "versions": versions(),
        "devices": devices(),
    }
