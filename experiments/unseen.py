"""Refuses weights to begin with that have been trained on what is to be unseen."""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from damldg_jax.corpora.scenarios import Split
from damldg_jax.errors import InputError
from damldg_jax.initial_weights import Request
from damldg_jax.prediction.model_file import KEY
from experiments.beginning import beginning
from experiments.config import Config
from experiments.runs import Run


def seen_by(path: pathlib.Path) -> dict[str, str]:
    """The corpora that weights were trained on, whatever of them was told apart.

    Args:
      path: of a file of weights, or of a folder, which is none of ours.

    Returns:
      By name, the hash of the content of their records, empty where it is not told.
      Nothing of a file of other software, which does not tell.

    Raises:
      InputError: the file cannot be opened, or is one of ours and does not say it.
    """
    from safetensors import SafetensorError, safe_open

    if path.is_dir():
        return {}
    try:
        with safe_open(path, "numpy") as file:
            described = (file.metadata() or {}).get(KEY)
    except SafetensorError:
        return {}  # Of another format, or told where the weights are read.
    except OSError as error:
        raise InputError(f"--init_from={path} cannot be read ({error}).") from error
    if described is None:
        return {}
    try:
        said = json.loads(described)
    except (ValueError, RecursionError) as error:
        raise _silent(path, error) from error
    return seen_of(path, said)


def seen_of(path: pathlib.Path, said: Any) -> dict[str, str]:
    """The corpora that weights were trained on, by what one of our models says.

    Args:
      path: of the file, for messages.
      said: what it says of itself, as JSON has it.

    Returns:
      As of ``seen_by``.

    Raises:
      InputError: it does not say it.
    """
    try:
        training = said["training"]
        # Where there is no account of it, sources are at least named.
        sources = training.get("sources") or said.get("domains", ())
        seen = training.get("seen") or dict.fromkeys(sources, "")
        if not seen:
            raise KeyError("seen")
        return dict(seen)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _silent(path, error) from error


def _silent(path: pathlib.Path, error: Exception) -> InputError:
    return InputError(
        f"--init_from={path} does not say what it was trained on ({error!r}). Make it "
        "anew, or begin with other weights."
    )


def seen_in(
    run: Run, config: Config, begun_with: Mapping[str, Any] | None
) -> dict[str, str]:
    """The corpora that the weights of a run have been trained on, by it and before it.

    Args:
      run: whose account lies in its folder.
      config: names the weights that it began with.
      begun_with: the account of them, made when they were loaded: the file may have
        gone since, or be another one. None for random weights.

    Returns:
      By name, the hash of the content of their records.

    Raises:
      InputError: the weights that it began with do not say what they were trained on,
        or there is no account of them.
    """
    account = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    begun = beginning(config)
    before = _seen_before(begun, begun_with) if begun else {}
    return before | {name: account["data"][name] for name in run.split.sources}


def _seen_before(
    begun: Request, begun_with: Mapping[str, Any] | None
) -> dict[str, str]:
    if begun_with is None:
        raise InputError(
            f"{begun.told}: these weights were not loaded, so what they have seen is "
            "not known. Give the command once more, with the file in its place."
        )
    # Files of other software say nothing of themselves.
    said = begun_with["metadata"]
    return seen_of(begun.path, said) if said else {}


def check_unseen(
    config: Config, splits: Sequence[Split], hashes: Mapping[str, str]
) -> None:
    """Refuses to begin with weights that have been trained on a target.

    A corpus is known by its name, and by the content of its records under another one.

    Args:
      config: names the weights.
      splits: sources and targets.
      hashes: of the content of the records of each corpus.

    Raises:
      InputError: the weights have seen a target; it says what to do.
    """
    if config.init_from is None:
        return
    seen = seen_by(config.init_from)
    for split in splits:
        target = split.target
        named = [n for n, x in seen.items() if n == target or x == hashes.get(target)]
        if named:
            raise InputError(
                f"--init_from={config.init_from}: these weights were trained on "
                f"{', '.join(seen)}, so the target '{target}' would not be unseen. "
                "Begin with weights that were pre-trained without it: "
                f"python -m experiments.pretrain --target={target}."
            )
