"""The weights that runs begin with: checked, told and accounted for."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from damldg_jax import encoders
from damldg_jax.assembly import Network
from damldg_jax.errors import InputError
from damldg_jax.initial_weights import Loaded, Request, read_weights
from damldg_jax.types import BatchStats, Params
from experiments.beginning import beginning, blocks_in_scale, has_blocks
from experiments.config import Config

# Of a long list the console gets the first and the last few; the run's files have all.
_FIRST, _LAST = 3, 1
# Settings of features by which stored records are known: other recordings, code or
# versions of the same features may have others.
_OF_THE_RECORDS = {"files", "source", "opensmile"}


def load(config: Config, params: Params, batch_stats: BatchStats) -> Loaded:
    """Reads the weights that are to be begun with.

    Args:
      config: all settings, by which there are weights to begin with.
      params: of the network as it was initialised, or their shapes and dtypes.
      batch_stats: likewise.

    Returns:
      The weights.

    Raises:
      InputError: they cannot be read, or are of another network.
    """
    begun = beginning(config)
    return read_weights(
        begun.path,
        params,
        batch_stats,
        config.init_channels,
        begun.flag,
        blocks_in_scale(config),
    )


def check(config: Config, network: Network) -> None:
    """Refuses weights of another network or features, before any run is claimed.

    Args:
      config: all settings.
      network: that is to be trained.

    Raises:
      InputError: the weights cannot be read, are of another network, or have learnt
        from other features.
    """
    if beginning(config) is not None:
        loaded = load(config, *jax.eval_shape(network.init, jax.random.key(0)))
        # Only model files of this package tell.
        if loaded.metadata:
            _check_features(config, loaded.metadata["features"])
            _check_scale(config, loaded.metadata["normalization"])


def _check_features(config: Config, theirs: Mapping[str, Any]) -> None:
    """Refuses features of another meaning, whose shapes may be the same."""
    # Lists for tuples, as the file has them.
    ours = json.loads(json.dumps(config.extractor.settings()))
    learnt = f"--init_from={config.init_from}: these weights have learnt from"
    if theirs["name"] != ours["name"]:
        raise InputError(
            f"{learnt} --features={theirs['name']}, and this run has "
            f"--features={ours['name']}. Give --features={theirs['name']}, or begin "
            "with other weights."
        )
    names = sorted((theirs.keys() | ours.keys()) - _OF_THE_RECORDS)
    for name in names:
        if theirs.get(name) != ours.get(name):
            raise InputError(
                f"{learnt} --features={theirs['name']} of {name} {theirs.get(name)!r}, "
                f"which is {ours.get(name)!r} here. Make them anew with these features."
            )


def _check_scale(config: Config, theirs: str) -> None:
    """Refuses blocks that have learnt from frames of another scale."""
    if has_blocks(config) and theirs != config.normalization:
        raise InputError(
            f"--init_from={config.init_from}: these blocks have learnt from frames of "
            f"--normalization={theirs}, and this run has "
            f"--normalization={config.normalization}. Give --normalization={theirs}, "
            "or begin with other weights."
        )


def digest(config: Config) -> str | None:
    """By what runs know the weights that they began with, wherever the file lies.

    Args:
      config: all settings.

    Returns:
      A hash of the file, and what was made of its first layer; None for random weights.
      Of a folder it is that of its files.

    Raises:
      InputError: the file cannot be read.
    """
    begun = beginning(config)
    if begun is None:
        return None
    try:
        found = _digest(config, begun)
    except OSError as error:
        raise InputError(f"{begun.told} cannot be read: {error}.") from error
    # Earlier versions did nothing else than what is the default.
    default = config.init_channels == Config.init_channels
    return found if default else f"{found} --init_channels={config.init_channels}"


def _digest(config: Config, begun: Request) -> str:
    if begun.path == config.encoder_weights:
        # It has been hashed already, once for all runs.
        return config.extractor.settings()["weights"]
    if begun.path.is_dir():
        return encoders.digest(begun.path, begun.flag)
    with begun.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def account(config: Config, loaded: Loaded) -> dict[str, Any]:
    """What a run's files say of the weights that it began with.

    Args:
      config: all settings.
      loaded: the weights.

    Returns:
      All names, as JSON has them.
    """
    return {
        "file": beginning(config).path.name,
        "format": loaded.title,
        "sha256": digest(config),
        "taken": [*loaded.taken],
        "left_out": [*loaded.left_out],
        "new": [*loaded.new],
        "notes": [*loaded.notes],
        "metadata": {**loaded.metadata},
    }


def description(config: Config, loaded: Loaded) -> str:
    """What was loaded and what was not.

    Args:
      config: all settings.
      loaded: the weights.

    Returns:
      A line for each kind of it.
    """
    lines = [
        f"Runs begin with {beginning(config).path} ({loaded.title}).",
        f"  taken from it: {_brief(loaded.taken)}",
        f"  left out of it: {_brief(loaded.left_out)}",
        f"  new, with random weights: {_brief(loaded.new)}",
        *(f"  {note}" for note in loaded.notes),
    ]
    return "\n".join(lines)


def _brief(names: Sequence[str]) -> str:
    if not names:
        return "nothing"
    told = [*names]
    if len(told) > _FIRST + _LAST + 1:
        told = [*told[:_FIRST], "...", *told[-_LAST:]]
    return f"{len(names)} ({', '.join(told)})"
