"""Reads the weights of layers from the HDF5 files of Keras, in either layout.

* Keras 1 and 2 (and ``model.save("x.h5")`` of Keras 3): datasets
  ``<layer>/<layer>/kernel:0``, in a whole model below ``model_weights``, and deeper by
  a group where a model is part of another.
* Keras 3, ``x.weights.h5``: datasets ``layers/conv2d/vars/0``, where the attribute
  ``name`` of ``vars`` is the layer's own name. Early versions of Keras 3 wrote none.
"""

import json
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.errors import InputError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Groups of what the optimiser keeps.
_OPTIMIZERS = {"optimizer", "optimizer_weights"}
# Bytes of a layer and of all that are looked for: more than any ResNet here has, and
# less than is let in by a few bytes that only declare a size.
_LARGEST, _LARGEST_IN_ALL = 400_000_000, 4_000_000_000


# A damaged file makes h5py raise any of these.
_DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)


class Weight(NamedTuple):
    """A dataset.

    Attributes:
      layer: to which it belongs; empty if it belongs to none.
      kind: its name within the layer, or its number.
      value: its numbers; zeros of its shape and type where they are not looked for.
    """

    layer: str
    kind: str
    value: np.ndarray


class Layers(NamedTuple):
    """What a file holds.

    Attributes:
      weights: by the path of the dataset.
      config: of the model, if the file has it; else empty.
    """

    weights: Mapping[str, Weight]
    config: Any


def is_hdf5(path: pathlib.Path) -> bool:
    """Whether a file begins as those of HDF5 do."""
    with path.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def read_layers(path: pathlib.Path, is_known: Callable[[str], bool]) -> Layers:
    """Reads all weights of a file.

    Args:
      path: of the file.
      is_known: tells whether a name is that of a layer that is looked for.

    Returns:
      The weights, and the configuration of the model.

    Raises:
      InputError: the file is damaged, has no names of layers, would have other files
        read, or has layers that are too large.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            datasets = dict(_datasets(file))
            belongs = {name: _belongs(file, name, is_known) for name in datasets}
            wanted = {n: d for n, d in datasets.items() if is_known(belongs[n][0])}
            _check_places(path, datasets)
            _check_sizes(path, wanted)
            weights = {
                name: Weight(*belongs[name], _value(dataset, name in wanted))
                for name, dataset in datasets.items()
            }
            config = json.loads(file.attrs.get("model_config", "{}"))
    except InputError:
        raise
    except _DAMAGED as error:
        raise InputError(
            f"--init_from={path} cannot be read as HDF5 ({error}). Is it whole?"
        ) from error
    if not any(weight.layer for weight in weights.values()):
        raise InputError(
            f"--init_from={path} holds no names of layers, as files of early versions "
            "of Keras 3 do not. Load it there, and save the model: model.save('x.h5')."
        )
    return Layers(weights, config)


def _datasets(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """All datasets by their paths; links out of the file are not followed."""
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        child = group[name]
        if isinstance(child, h5py.Dataset):
            yield above + name, child
        else:
            yield from _datasets(child, f"{above}{name}/")


def _check_places(path: pathlib.Path, datasets: Mapping[str, Any]) -> None:
    """Refuses datasets whose numbers lie in other files, any of the disk."""
    for name, dataset in datasets.items():
        if dataset.external or dataset.is_virtual:
            raise InputError(
                f"--init_from={path}: the numbers of '{name}' lie in another file, "
                "which is not read. Save the weights anew, in one file."
            )


def _check_sizes(path: pathlib.Path, datasets: Mapping[str, Any]) -> None:
    sizes = {name: dataset.nbytes for name, dataset in datasets.items()}
    largest = max(sizes, key=sizes.get, default="")
    if sizes and (sizes[largest] > _LARGEST or sum(sizes.values()) > _LARGEST_IN_ALL):
        raise InputError(
            f"--init_from={path}: its layers have {sum(sizes.values()):,} bytes, "
            f"'{largest}' alone {sizes[largest]:,}, more than any network here. Is it "
            "whole?"
        )


def _value(dataset: Any, is_wanted: bool) -> np.ndarray:
    if is_wanted and dataset.dtype.kind == "f":
        return np.asarray(dataset)
    # They take no memory.
    return np.broadcast_to(np.zeros((), dataset.dtype), dataset.shape or ())


def _belongs(file: Any, name: str, is_known: Callable[[str], bool]) -> tuple[str, str]:
    """The layer of a dataset and what it is there."""
    *groups, leaf = name.split("/")
    if not groups or _OPTIMIZERS & {*groups}:
        return "", name
    if groups[-1] == "vars":
        layer = file["/".join(groups)].attrs.get("name", "")
        return str(layer), leaf
    # The outer group has the layer's name, the inner one that which it had in a graph,
    # where it may be numbered (conv1_conv/conv1_conv_1/kernel:0).
    layer = next(filter(is_known, groups), groups[-1])
    return layer, leaf.partition(":")[0]
