"""Model files of this package: names are the paths of the parameters themselves."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

from damldg_jax.errors import InputError
from damldg_jax.initial_weights.safetensors_files import read_header, read_tensors
from damldg_jax.initial_weights.signature import Content, Format

# The key of the header under which such a file tells of itself.
_KEY = "damldg_jax"
_TAKEN = ("params/encoder/", "batch_stats/")
_FLAGS = {"depth": "model_depth", "width": "model_width", "norm": "network_norm"}


def _recognises(path: pathlib.Path) -> bool:
    return _KEY in _said(path)


def _said(path: pathlib.Path) -> Mapping[str, Any]:
    said = (read_header(path) or {}).get("__metadata__")
    return said if isinstance(said, Mapping) else {}


def _read(path: pathlib.Path) -> Content:
    try:
        metadata = json.loads(_said(path)[_KEY])
        network = metadata.get("network", {})
        settings = [f"--{f}={network[n]}" for n, f in _FLAGS.items() if n in network]
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"--init_from={path}: what it says of itself is damaged ({error}). Take "
            "another copy of the file."
        ) from error
    tensors = read_tensors(path)
    taken = {name: x for name, x in tensors.items() if name.startswith(_TAKEN)}
    told = " ".join(settings) or "the settings of the run that wrote it"
    return Content(
        tensors=taken,
        places={name: tuple(name.split("/")) for name in taken},
        left_out=tuple(tensors.keys() - taken.keys()),
        remedy=f"It needs {told}, and the same --model.",
        metadata=metadata,
    )


FORMAT = Format("a model file of this package", _recognises, _read)
