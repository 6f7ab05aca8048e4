"""Model files of this package: names are the paths of the parameters themselves."""

import dataclasses
import pathlib

from damldg_jax.initial_weights.safetensors_files import read_header, read_tensors
from damldg_jax.initial_weights.signature import Content, Format, Request
from damldg_jax.networks import NETWORKS
from damldg_jax.prediction.description import Description
from damldg_jax.prediction.model_file import KEY, describe

_TAKEN = ("params/encoder/", "batch_stats/")
# Settings of the ResNet without which its tensors are others.
_FLAGS = {"depth": "model_depth", "width": "model_width", "norm": "network_norm"}


def _recognises(path: pathlib.Path) -> bool:
    said = (read_header(path) or {}).get("__metadata__")
    return isinstance(said, dict) and KEY in said


def _read(request: Request) -> Content:
    # First the whole file: what is cut short is told as that.
    tensors = read_tensors(request.path)
    description = describe(request.path)
    taken = {name: x for name, x in tensors.items() if name.startswith(_TAKEN)}
    return Content(
        tensors=taken,
        places={name: tuple(name.split("/")) for name in taken},
        left_out=tuple(tensors.keys() - taken.keys()),
        remedy=f"It needs {_flags(description)}.",
        metadata=dataclasses.asdict(description),
    )


def _flags(description: Description) -> str:
    settings, model = description.network_settings, f"--model={description.network}"
    if description.network != "resnet":
        units = ",".join(map(str, settings["hidden_units"]))
        told = f"{model} --hidden_units={units}"
        has_blocks = NETWORKS[description.network].has_blocks
        return f"{told} --tuned_layers={settings['blocks']}" if has_blocks else told
    return " ".join([model, *(f"--{f}={settings[n]}" for n, f in _FLAGS.items())])


FORMAT = Format("a model file of this package", _recognises, _read)
