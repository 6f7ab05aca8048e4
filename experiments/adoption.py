"""Runs that are trained alike share their training.

Scenarios 1, 3 and 6 of the paper have the same sources, and so does each model that is
tested on further corpora: what differs is the target, which training never looks at. A
run whose training another one of the work directory has done takes over its last
checkpoint and its metrics, and is only tested.
"""

import json
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

from damldg_jax.errors import InputError
from experiments.checkpoints import SET_ASIDE, steps_in
from experiments.outputs import METRICS, lines_until, write_json
from experiments.runs import Run
from experiments.seals import changed

# In the folder of a run that has another one's training: which one's.
_ADOPTED = "adopted.json"
# Of a run's account, what concerns its test alone.
_OF_THE_TEST = ("target", "split_hash")


def adopt(run: Run) -> pathlib.Path | None:
    """Takes over the training of a finished run that was trained alike, if any.

    Args:
      run: that has no result; its account lies in its folder.

    Returns:
      The folder of the other run; None if there is none, or nothing left to train.
    """
    account = _read(run.folder / "run.json")
    if account is None or _is_trained(run.folder, account):
        return None
    # Of an adoption that was cut short.
    (run.folder / _ADOPTED).unlink(missing_ok=True)
    if (run.folder / SET_ASIDE / str(account.get("steps"))).exists():
        # Taken over before, and found to be damaged.
        return None
    for folder in _of_the_same_sources(run):
        if folder != run.folder and _is_the_same(folder, account):
            _take_over(folder, run.folder, account["steps"])
            return folder
    return None


def is_adopted(folder: pathlib.Path) -> bool:
    """Whether a run has taken its training over from another one.

    Args:
      folder: of the run.
    """
    return (folder / _ADOPTED).exists()


def training_of(account: Mapping[str, Any]) -> dict[str, Any] | None:
    """All on which the trained model of a run depends.

    Args:
      account: of the run, its ``run.json``.

    Returns:
      The same without what concerns its test; None if it does not tell its training
      utterances, as an earlier version's does not.
    """
    if "training_hash" not in account:
        return None
    kept = {name: account[name] for name in account if name not in _OF_THE_TEST}
    data = {name: account["data"][name] for name in account["sources"]}
    return {**kept, "data": data}


def _of_the_same_sources(run: Run) -> list[pathlib.Path]:
    runs = run.folder.parents[2]
    sources = "+".join(run.split.sources)
    return sorted(runs.glob(f"{sources}-to-*/{run.method}/trial_*"))


def _is_the_same(folder: pathlib.Path, account: Mapping[str, Any]) -> bool:
    """Whether a finished run is there that was trained as an account says."""
    other = _read(folder / "run.json")
    return (
        other is not None
        and training_of(other) == training_of(account)
        and _is_trained(folder, other)
        and (folder / "result.json").exists()
        and _is_whole(folder / METRICS, other["steps"])
    )


def _read(path: pathlib.Path) -> dict[str, Any] | None:
    try:
        account = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # Whose account cannot be read is no model for others.
    return account if isinstance(account, dict) else None


def _is_whole(log: pathlib.Path, steps: int) -> bool:
    try:
        lines = lines_until(log, steps, finished=True)
        return bool(lines) and METRICS not in changed(log.parent)
    except (InputError, OSError, ValueError):
        return False  # Told where it is met in its own run.


def _is_trained(folder: pathlib.Path, account: Mapping[str, Any]) -> bool:
    return account.get("steps") in steps_in(folder / "checkpoints")


def _take_over(source: pathlib.Path, folder: pathlib.Path, step: int) -> None:
    """Copies what training has left; the checkpoint, which decides, comes last."""
    temporary = folder / "adopting"
    shutil.rmtree(temporary, ignore_errors=True)
    checkpoints = temporary / "checkpoints"
    shutil.copytree(source / "checkpoints" / str(step), checkpoints / str(step))
    shutil.copy2(source / "metrics.jsonl", temporary)
    (temporary / "metrics.jsonl").replace(folder / "metrics.jsonl")
    name = source.relative_to(source.parents[3]).as_posix()
    write_json(folder / _ADOPTED, {"training_of": name})
    # What the run had trained by itself is the same, and less.
    if (folder / "checkpoints").exists():
        shutil.rmtree(folder / "checkpoints")
    checkpoints.replace(folder / "checkpoints")
    shutil.rmtree(temporary)
