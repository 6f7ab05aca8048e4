"""A ResNet's ``state_dict`` under torchvision's names, in safetensors.

The layers are the same (He et al. 2015), under other names and with kernels laid out
otherwise; epsilon is the same too.
"""

import pathlib
import re

import numpy as np

from damldg_jax.initial_weights.safetensors_files import read_header, read_tensors
from damldg_jax.initial_weights.signature import Content, Format, Place, Request

_STEM = {"conv1": ("stem",), "bn1": ("stem_norm",)}
_LAYER = re.compile(
    r"layer(\d)\.(\d+)\.(conv1|conv2|bn1|bn2|downsample\.0|downsample\.1)"
)
_PARTS = {
    "conv1": "conv1",
    "bn1": "norm1",
    "conv2": "conv2",
    "bn2": "norm2",
    "downsample.0": "shortcut",
    "downsample.1": "shortcut_norm",
}
_OF_NORM = {
    "weight": ("params", "encoder", "scale"),
    "bias": ("params", "encoder", "bias"),
    "running_mean": ("batch_stats", "mean"),
    "running_var": ("batch_stats", "var"),
}
# The classifier, and counters that nothing is computed from.
_LEFT_OUT = re.compile(r"fc\..*|.*\.num_batches_tracked")


def _recognises(path: pathlib.Path) -> bool:
    return read_header(path) is not None


def _read(request: Request) -> Content:
    tensors = read_tensors(request.path)
    taken = {n: _laid_out(x) for n, x in tensors.items() if not _LEFT_OUT.fullmatch(n)}
    return Content(
        tensors=taken,
        places={name: _place(name) for name in taken},
        left_out=tuple(tensors.keys() - taken.keys()),
        remedy="It needs torchvision's names and the same --model_depth, with "
        "--network_norm=batch.",
    )


def _place(name: str) -> Place | None:
    """Where a tensor belongs, or None for a name that is none of a ResNet's."""
    module, _, kind = name.rpartition(".")
    if match := _LAYER.fullmatch(module):
        stage, block, part = match.groups()
        layer = (f"stage{stage}_block{int(block) + 1}", _PARTS[part])
    elif module in _STEM:
        layer = _STEM[module]
    else:
        return None
    if "norm" not in layer[-1]:
        return ("params", "encoder", *layer, "kernel") if kind == "weight" else None
    if kind not in _OF_NORM:
        return None
    *above, leaf = _OF_NORM[kind]
    return (*above, *layer, leaf)


def _laid_out(tensor: np.ndarray) -> np.ndarray:
    """Kernels [out, in, rows, columns] become [rows, columns, in, out]."""
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor


FORMAT = Format("torchvision's state_dict in safetensors", _recognises, _read)
