"""Reads Whisper's encoder from safetensors under the names of Hugging Face.

``model.encoder.layers.0.self_attn.q_proj.weight`` and so on, as in the checkpoints
``openai/whisper-*`` of any size, whole or the encoder alone; what belongs to the
decoder is not read. Sizes are those of the tensors.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from damldg_jax.encoders.blocks import HEAD_WIDTH
from damldg_jax.encoders.tensors import Tensors
from damldg_jax.encoders.whisper import Sizes
from damldg_jax.errors import InputError
from damldg_jax.types import Params

# What may stand before the names, and what is not of the encoder.
PREFIXES = ("model.encoder.", "encoder.")
_DECODER = ("model.decoder.", "decoder.", "proj_out.")
_BANDS = (80, 128)

# Of our modules' parameters, those of PyTorch, and how to turn one into the other.
_KINDS = {
    "conv": {"kernel": ("weight", (2, 1, 0)), "bias": ("bias", (0,))},
    "dense": {"kernel": ("weight", (1, 0)), "bias": ("bias", (0,))},
    "no_bias": {"kernel": ("weight", (1, 0))},
    "norm": {"scale": ("weight", (0,)), "bias": ("bias", (0,))},
}


def read_sizes(tensors: Tensors) -> tuple[Sizes, str]:
    """Infers the sizes of the encoder from the shapes of its tensors.

    Args:
      tensors: of a file or folder.

    Returns:
      The sizes, and what stands before the names.

    Raises:
      InputError: it is no encoder of Whisper; it names the tensor that tells.
    """
    prefix = next((p for p in PREFIXES if f"{p}conv1.weight" in tensors.shapes), None)
    if prefix is None:
        raise InputError(
            f"{tensors.told} holds no encoder of Whisper: there is "
            f"no '{PREFIXES[0]}conv1.weight'. Give model.safetensors of a checkpoint "
            "openai/whisper-*, as Hugging Face has it, or the folder that holds it."
        )

    def shape(name: str, rank: int) -> tuple[int, ...]:
        return tensors.shape(prefix + name, rank)

    width, num_mels, _ = shape("conv1.weight", 3)
    positions, _ = shape("embed_positions.weight", 2)
    hidden, _ = shape("layers.0.fc1.weight", 2)
    numbers = {
        int(found[1])
        for name in tensors.shapes
        if (found := re.match(re.escape(prefix) + r"layers\.(\d{1,4})\.", name))
    }
    sizes = Sizes(num_mels, width, hidden, max(numbers) + 1, positions)
    if num_mels not in _BANDS or width % HEAD_WIDTH:
        raise InputError(
            f"{tensors.told}: '{prefix}conv1.weight' is "
            f"[{width}, {num_mels}, ...], and Whisper's encoders have a width that is "
            f"a multiple of {HEAD_WIDTH}, and {_BANDS[0]} or {_BANDS[1]} mel bands."
        )
    return sizes, prefix


def tensor_shapes(sizes: Sizes, prefix: str) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of an encoder.

    Args:
      sizes: of the encoder.
      prefix: what stands before the names.

    Returns:
      Shapes by name.
    """
    return {prefix + name: shape for name, (_, _, shape) in _wanted(sizes)}


def read_params(tensors: Tensors, sizes: Sizes, prefix: str, layers: int) -> Params:
    """Reads the parameters of an encoder, no more of them than are used.

    Args:
      tensors: of a file or folder.
      sizes: of the encoder.
      prefix: what stands before the names.
      layers: blocks that are used; all for the last normalisation, too.

    Returns:
      Parameters of ``WhisperEncoder``, float32.

    Raises:
      InputError: tensors are missing, there are others, or one is misshapen or not
        finite; it names them.
    """
    params: dict = {}
    for _, place, value in read_some(
        tensors, sizes, prefix, lambda module: _is_used(module, sizes, layers)
    ):
        _put(params, place, value)
    return params


def read_some(
    tensors: Tensors, sizes: Sizes, prefix: str, is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, tuple[str, ...], np.ndarray]]:
    """Reads some modules of an encoder, of whose tensors all are checked.

    Args:
      tensors: of a file or folder.
      sizes: of the encoder.
      prefix: what stands before the names.
      is_wanted: tells of a module of ``WhisperEncoder`` whether to read it.

    Yields:
      Of each tensor the name, its place among the parameters, and its numbers, float32.

    Raises:
      InputError: tensors are missing, there are others, or one is misshapen or not
        finite; it names them.
    """
    tensors.check(tensor_shapes(sizes, prefix), ignored=_DECODER)
    for name, (place, order, _) in _wanted(sizes):
        if is_wanted(place[0]):
            value = tensors.read(prefix + name).transpose(order)
            yield prefix + name, place, np.ascontiguousarray(value)


def _is_used(module: str, sizes: Sizes, layers: int) -> bool:
    if module == "layer_norm":
        return layers == sizes.num_layers
    return not module.startswith("layers_") or int(module[7:]) < layers


def _put(params: dict, place: tuple[str, ...], value: np.ndarray) -> None:
    for name in place[:-1]:
        params = params.setdefault(name, {})
    params[place[-1]] = value


def _wanted(
    sizes: Sizes,
) -> Iterator[tuple[str, tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]]]:
    """Each tensor's name, with its place, the order of its axes, and its shape."""
    for name, (kind, shape) in _modules(sizes).items():
        first, *rest = name.replace("layers.", "layers_").split(".")
        for ours, (theirs, order) in _KINDS[kind].items():
            of = shape if len(order) == len(shape) else shape[:1]
            yield f"{name}.{theirs}", ((first, *rest, ours), order, of)
    table = sizes.positions, sizes.width
    yield "embed_positions.weight", (("embed_positions",), (0, 1), table)


def _modules(sizes: Sizes) -> Mapping[str, tuple[str, tuple[int, ...]]]:
    """Each module's kind and the shape of its weight, as PyTorch has it."""
    width, hidden = sizes.width, sizes.hidden
    modules = {
        "conv1": ("conv", (width, sizes.num_mels, 3)),
        "conv2": ("conv", (width, width, 3)),
        "layer_norm": ("norm", (width,)),
    }
    for number in range(sizes.num_layers):
        block = f"layers.{number}"
        for name in ("q_proj", "v_proj", "out_proj"):
            modules[f"{block}.self_attn.{name}"] = ("dense", (width, width))
        modules[f"{block}.self_attn.k_proj"] = ("no_bias", (width, width))
        modules[f"{block}.fc1"] = ("dense", (hidden, width))
        modules[f"{block}.fc2"] = ("dense", (width, hidden))
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            modules[f"{block}.{name}"] = ("norm", (width,))
    return modules
