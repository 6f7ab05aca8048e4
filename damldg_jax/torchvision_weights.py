"""Weights of torchvision's ResNets as the weights that a run begins with.

The layers are the same (He et al. 2015), under other names and with kernels laid out
otherwise. The last layer is not taken: its classes are others.
"""

import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import jax
import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.types import BatchStats, Params

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
    "weight": "scale",
    "bias": "bias",
    "running_mean": "mean",
    "running_var": "var",
}
# The classifier, and counters that nothing is computed from.
_LEFT_OUT = re.compile(r"fc\..*|.*\.num_batches_tracked")

Path = tuple[str, ...]


class Loaded(NamedTuple):
    """Weights to begin with.

    Attributes:
      params: of the network, in host memory.
      batch_stats: likewise.
      taken: how many tensors were taken from the file.
      left_out: names of those of the file that were not.
    """

    params: Params
    batch_stats: BatchStats
    taken: int
    left_out: tuple[str, ...]


def read_weights(path: pathlib.Path, params: Params, batch_stats: BatchStats) -> Loaded:
    """Reads a ``state_dict`` in safetensors under torchvision's names.

    Args:
      path: of the file.
      params: of a ResNet as it was initialised; the classifier stays.
      batch_stats: likewise.

    Returns:
      The weights.

    Raises:
      InputError: the file is not there or damaged, or its tensors are not those of this
        network; it names the first that lack, are too many, or have another shape.
    """
    tensors = _read(path)
    targets = {
        **{("params", *p): x for p, x in _leaves(params.get("encoder", {}))},
        **{("batch_stats", *p): x for p, x in _leaves(batch_stats)},
    }
    names = {name: _place(name) for name in tensors if not _LEFT_OUT.fullmatch(name)}
    _check_names(path, names, targets)
    found = {place: _laid_out(tensors[name]) for name, place in names.items()}
    for name, place in names.items():
        _check_tensor(path, name, found[place], targets[place])

    def exchanged(kind: str, tree: Params) -> Params:
        return jax.tree_util.tree_map_with_path(
            lambda keys, x: found[kind, *(key.key for key in keys)].astype(x.dtype),
            tree,
        )

    return Loaded(
        params={**params, "encoder": exchanged("params", params["encoder"])},
        batch_stats=exchanged("batch_stats", batch_stats),
        taken=len(names),
        left_out=tuple(sorted(tensors.keys() - names.keys())),
    )


def _read(path: pathlib.Path) -> Mapping[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"--init_from={path} cannot be read as safetensors ({error}). A state_dict "
            "of torchvision is written as such by safetensors.torch.save_file."
        ) from error


def _place(name: str) -> Path | None:
    """Where a tensor belongs, or None for a name that is none of a ResNet's."""
    module, _, kind = name.rpartition(".")
    if match := _LAYER.fullmatch(module):
        stage, block, part = match.groups()
        place = (f"stage{stage}_block{int(block) + 1}", _PARTS[part])
    elif module in _STEM:
        place = _STEM[module]
    else:
        return None
    if "norm" not in place[-1]:
        return ("params", *place, "kernel") if kind == "weight" else None
    if kind not in _OF_NORM:
        return None
    group = "batch_stats" if kind.startswith("running") else "params"
    return (group, *place, _OF_NORM[kind])


def _leaves(tree: Mapping, path: Path = ()) -> Iterator[tuple[Path, np.ndarray]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _check_names(
    path: pathlib.Path,
    names: Mapping[str, Path | None],
    targets: Mapping[Path, np.ndarray],
) -> None:
    strangers = [name for name, place in names.items() if place not in targets]
    lacking = ["/".join(place) for place in targets.keys() - set(names.values())]
    if strangers or lacking:
        told = []
        if lacking:
            told.append(f"{len(lacking)} of the network lack, such as {min(lacking)}")
        if strangers:
            told.append(f"{len(strangers)} are too many, such as {min(strangers)}")
        raise InputError(
            f"--init_from={path}: its tensors are not those of this network: "
            f"{'; '.join(told)}. It needs torchvision's names and the same "
            "--model_depth, with --network_norm=batch."
        )


def _laid_out(tensor: np.ndarray) -> np.ndarray:
    """Kernels [out, in, rows, columns] become [rows, columns, in, out]."""
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor


def _check_tensor(
    path: pathlib.Path, name: str, tensor: np.ndarray, wanted: np.ndarray
) -> None:
    if tensor.shape != wanted.shape:
        raise InputError(
            f"--init_from={path}: '{name}' makes {list(tensor.shape)}, and this "
            f"network has {list(wanted.shape)}. Is --model_width that of the file "
            "(64), and do the --features have as many channels?"
        )
    if tensor.dtype.kind != "f" or not np.isfinite(tensor).all():
        raise InputError(
            f"--init_from={path}: '{name}' ({tensor.dtype}) holds what are no finite "
            "numbers."
        )
