"""Holds accounts of runs, their ``run.json``, against those that folders have.

An account says on what the numbers of a run depend: settings, data, seed. Whatever
writes run folders, claims them so.
"""

import contextlib
import json
import pathlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from damldg_jax.errors import InputError
from damldg_jax.records import locks
from experiments.console import say_once
from experiments.differences import differences
from experiments.outputs import write_json
from experiments.runs import lock_of

ACCOUNT = "run.json"
# What earlier versions did, who told nothing of it as there was no choice.
_IMPLIED: Mapping[str, Any] = {
    **{"vary_split": False, "init_from": None, "variants": []},
    **{"encoder_layer": [], "encoder_output": "statistics"},
    **{"encoder_whole_window": False, "normalization_prior": 0.0},
    **{"optimizer": "sgd", "weight_decay": 0.0, "weight_average": "none"},
    **{"average_decay": 0.99, "balance": "none", "label_smoothing": 0.0},
    **{"margin": "plain", "relative_margin": False, "hold_out_steps": 1},
    **{"tent_steps": 0, "tent_learning_rate": 0.001},
    **{"domains": "corpora", "domains_per_corpus": None},
    **{"tuned_layers": 1},
    **{"mask_frames": 0.0, "mask_features": 0.0, "masks": 2},
}
Accounts = Mapping[pathlib.Path, Mapping[str, Any]]


def write_accounts(workdir: pathlib.Path, accounts: Accounts, overwrite: bool) -> None:
    """Writes what each run depends on, unless other runs are in the way.

    Args:
      workdir: of the runs.
      accounts: by folder, as JSON has them.
      overwrite: whether to delete what is in the way.

    Raises:
      InputError: folders hold runs of other settings or data; it names them, the
        differences and the remedy.
    """
    in_the_way = folders_in_the_way(accounts)
    if in_the_way and not overwrite:
        folder, difference = next(iter(in_the_way.items()))
        raise InputError(
            f"{len(in_the_way)} of the runs in {workdir} are of other settings "
            f"or data. {folder}: {difference}. Choose another --workdir, or have them "
            "deleted and done anew by --overwrite."
        )
    for folder in in_the_way:
        shutil.rmtree(folder)
    for folder, account in accounts.items():
        write_json(folder / ACCOUNT, account)


@contextlib.contextmanager
def held_folders(folders: Iterable[pathlib.Path]) -> Iterator[None]:
    """Waits until no other command is at any of these runs, and keeps others waiting.

    Args:
      folders: of the runs of a command.

    Yields:
      None, while they are held.

    Raises:
      InputError: the work directory cannot be written to.
    """
    with contextlib.ExitStack() as stack:
        # In one order: two commands never wait for each other.
        for path in sorted({lock_of(folder) for folder in folders}):
            stack.enter_context(locks.held(path, say_once, "train runs", "--workdir"))
        yield


def folders_in_the_way(accounts: Accounts) -> dict[pathlib.Path, str]:
    """Finds folders that hold runs of other settings or data.

    Args:
      accounts: by folder, as JSON has them.

    Returns:
      By folder, what differs.
    """
    found = {folder: _difference(folder, its) for folder, its in accounts.items()}
    return {folder: difference for folder, difference in found.items() if difference}


def _difference(folder: pathlib.Path, account: Mapping[str, Any]) -> str:
    """What keeps a folder from being gone on with, or nothing."""
    # An empty one is left where its first file could not be written.
    if not folder.exists() or all(p.suffix == ".tmp" for p in folder.iterdir()):
        return ""
    try:
        stored = json.loads((folder / ACCOUNT).read_text(encoding="utf-8"))
        # This is implied by what they told of the split.
        implied = {**_IMPLIED, "training_hash": account["training_hash"]}
        stored = {n: x for n, x in implied.items() if n in account} | stored
        return differences(stored, account)
    except (OSError, ValueError, AttributeError) as error:
        return f"its run.json cannot be read ({error})"
