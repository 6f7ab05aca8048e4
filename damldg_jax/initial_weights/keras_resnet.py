"""A ResNet of Keras under the layer names of the paper's public code, as HDF5.

``conv1_conv``, ``conv1_bn``, ``conv2_block1_1_conv``, ``conv2_block1_1_bn``, ...,
``conv3_block1_0_conv`` (of the shortcut), as keras.applications names them
(https://github.com/vtsouval/DA_MLDG, ``src/architectures/resnet18.py``). The layers are
those of ``models.py``: zeros are padded on both sides there too, and before the max
pooling, where nothing is below zero, they are what -inf is here. Two things differ and
are made equal, exactly:

* epsilon e of batch normalisation is 1.001e-5: ``var + e`` is ``(var + e - 1e-5) +
  1e-5``.
* Where a convolution has a bias b, ``x + b - mean`` is ``x - (mean - b)``.
"""

import collections
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from damldg_jax.initial_weights.hdf5_layers import Weight, is_hdf5, read_layers
from damldg_jax.initial_weights.signature import Content, Format, Found, Place, Request
from damldg_jax.norms import EPSILON

# Of the public code; files of weights alone do not tell theirs.
KERAS_EPSILON = 1.001e-5
_STEM = {"conv1_conv": ("stem",), "conv1_bn": ("stem_norm",)}
_LAYER = re.compile(r"conv(\d+)_block(\d+)_([012])_(conv|bn)")
_PARTS = {
    "0_conv": "shortcut",
    "0_bn": "shortcut_norm",
    "1_conv": "conv1",
    "1_bn": "norm1",
    "2_conv": "conv2",
    "2_bn": "norm2",
}
_OF_CONVOLUTION = {
    "kernel": ("params", "encoder", "kernel"),
    "bias": ("params", "encoder", "bias"),
}
_OF_NORM = {
    "gamma": ("params", "encoder", "scale"),
    "beta": ("params", "encoder", "bias"),
    "moving_mean": ("batch_stats", "mean"),
    "moving_variance": ("batch_stats", "var"),
}


def _layer(name: str) -> Place | None:
    """The layer here of a layer's name there, or None if there is none."""
    if match := _LAYER.fullmatch(name):
        stage, block, number, kind = match.groups()
        return (f"stage{int(stage) - 1}_block{block}", _PARTS[f"{number}_{kind}"])
    return _STEM.get(name)


def _read(request: Request) -> Content:
    layers = read_layers(request.path, lambda name: _layer(name) is not None)
    # A convolution of another name is part of another network. What else there is, a
    # classifier and what an optimiser keeps, is left out.
    wanted = {
        dataset: weight
        for dataset, weight in layers.weights.items()
        if weight.layer and (_layer(weight.layer) or weight.value.ndim == 4)
    }
    names = _names(wanted)
    epsilons = {_layer(name): e for name, e in _epsilons(layers.config)}
    biases = sum(_is_bias(_place(weight)) for weight in wanted.values())
    return Content(
        tensors={names[dataset]: weight.value for dataset, weight in wanted.items()},
        places={names[dataset]: _place(weight) for dataset, weight in wanted.items()},
        left_out=tuple(layers.weights.keys() - wanted.keys()),
        remedy="It needs the layer names of the paper's public code (conv1_conv, "
        "conv2_block1_1_bn, ...) and the same --model_depth, with "
        "--network_norm=batch.",
        fold=functools.partial(_fold, epsilons=epsilons),
        notes=_notes(epsilons, biases),
    )


def _names(weights: Mapping[str, Weight]) -> dict[str, str]:
    """Short names of datasets; of two of the same short name, their paths."""
    short = {dataset: f"{w.layer}/{w.kind}" for dataset, w in weights.items()}
    several = [*short.values()]
    return {d: name if several.count(name) == 1 else d for d, name in short.items()}


def _place(weight: Weight) -> Place | None:
    """Where a weight belongs, or None if nowhere."""
    layer = _layer(weight.layer)
    if layer is None:
        return None
    kinds = _OF_NORM if "norm" in layer[-1] else _OF_CONVOLUTION
    # Keras 3 numbers them, in this order.
    numbered = dict(zip(map(str, range(len(kinds))), kinds, strict=True))
    kind = numbered.get(weight.kind, weight.kind)
    if kind not in kinds:
        return None
    *above, leaf = kinds[kind]
    return (*above, *layer, leaf)


def _epsilons(config: Any) -> Iterator[tuple[str, float]]:
    """Names and epsilons of the layers of a model that have one."""
    # No recursion: a stranger's file may have any depth.
    parts = collections.deque([config])
    while parts:
        part = parts.popleft()
        if isinstance(part, Mapping):
            if isinstance(part.get("epsilon"), float):
                yield str(part.get("name")), part["epsilon"]
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)


def _is_bias(place: Place | None) -> bool:
    """Whether a place is the bias of a convolution, which this package has not."""
    return place is not None and place[-1] == "bias" and "norm" not in place[-2]


def _norm_of(convolution: str) -> str:
    """The normalisation that follows a convolution: conv1, stem or shortcut."""
    if convolution.startswith("conv"):
        return convolution.replace("conv", "norm")
    return f"{convolution}_norm"


def _fold(found: Found, epsilons: Mapping[Place | None, float]) -> Found:
    """Biases of convolutions go into means, and other epsilons into variances."""
    folded = dict(found)
    for place, bias in found.items():
        *above, convolution, _ = place
        mean = ("batch_stats", *above[2:], _norm_of(convolution), "mean")
        fits = mean in found and found[mean].shape == bias.shape
        # What does not fit stays, and is then told as too much.
        if _is_bias(place) and fits:
            folded[mean] = np.subtract(found[mean], bias, dtype=np.float64)
            del folded[place]
    for place, variance in found.items():
        if place[0] == "batch_stats" and place[-1] == "var":
            more = epsilons.get(place[1:-1], KERAS_EPSILON) - EPSILON
            folded[place] = np.add(variance, more, dtype=np.float64)
    return folded


def _notes(epsilons: Mapping[Place | None, float], biases: int) -> tuple[str, ...]:
    given = {e for layer, e in epsilons.items() if layer} or {KERAS_EPSILON}
    told = " and ".join(f"{e:.4g}" for e in sorted(given))
    notes = [f"Epsilon is {told} there and {EPSILON:g} here: variances make up for it."]
    if biases:
        notes.append(
            f"{biases} biases of convolutions are in the means of the normalisation "
            "that follows."
        )
    return tuple(notes)


FORMAT = Format("weights of Keras in HDF5", is_hdf5, _read)
