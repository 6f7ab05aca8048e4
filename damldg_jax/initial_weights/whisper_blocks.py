"""Blocks of Whisper's encoder, under the names of Hugging Face, in safetensors.

A network on frames of layer N goes on with the blocks N + 1 to N + K, which are
``layers.N`` to ``layers.N+K-1`` of the checkpoint, and with its last normalisation if
the last block is among them. All else of the network is new.
"""

import pathlib
from collections.abc import Mapping

from damldg_jax.encoders.blocks import EXPANSION
from damldg_jax.encoders.tensors import Tensors
from damldg_jax.encoders.whisper import Sizes
from damldg_jax.encoders.whisper_weights import PREFIXES, read_sizes, read_some
from damldg_jax.errors import InputError
from damldg_jax.initial_weights.safetensors_files import read_header
from damldg_jax.initial_weights.signature import Blocks, Content, Format, Request
from damldg_jax.transformer import LAST_NORM, block_name

_PART = ("params", "encoder", "pool", "blocks")
_REMEDY = (
    "It needs --model=transformer on --features=whisper --encoder_output=frames, of "
    "one layer of an encoder of the same size, and --normalization=none."
)


def _recognises(path: pathlib.Path) -> bool:
    # Nothing else comes as a folder.
    if path.is_dir():
        return any(path.glob("*.safetensors"))
    header = read_header(path) or {}
    return any(f"{prefix}conv1.weight" in header for prefix in PREFIXES)


def _read(request: Request) -> Content:
    tensors = Tensors(request.path, request.flag)
    sizes, prefix = read_sizes(tensors)
    blocks = _checked(request, sizes)
    modules = _modules(blocks, sizes)
    found = {
        name: ((*_PART, modules[place[0]], *place[1:]), value)
        for name, place, value in read_some(
            tensors, sizes, prefix, modules.__contains__
        )
    }
    return Content(
        tensors={name: value for name, (_, value) in found.items()},
        places={name: place for name, (place, _) in found.items()},
        left_out=tuple(tensors.shapes.keys() - found.keys()),
        remedy=_REMEDY,
        notes=(_note(blocks, sizes),),
        part=_PART,
    )


def _checked(request: Request, sizes: Sizes) -> Blocks:
    """The blocks that are wanted, if there are such."""
    if request.blocks is None:
        raise InputError(
            f"{request.told} holds an encoder of Whisper, and this network goes on "
            f"with none of its blocks. {_REMEDY}"
        )
    request.check_layers(sizes.num_layers)
    if sizes.hidden != EXPANSION * sizes.width:
        raise InputError(
            f"{request.told}: its hidden layers have {sizes.hidden} units, and those "
            f"of a published encoder of width {sizes.width} have "
            f"{EXPANSION * sizes.width}. Give one of these, or begin at random "
            "(--tuned_start=random)."
        )
    return request.blocks


def _modules(blocks: Blocks, sizes: Sizes) -> Mapping[str, str]:
    """Modules of the encoder, and what they are in the network."""
    first, count = blocks
    modules = {f"layers_{first + i}": block_name(i + 1) for i in range(count)}
    if first + count == sizes.num_layers:
        modules["layer_norm"] = LAST_NORM
    return modules


def _note(blocks: Blocks, sizes: Sizes) -> str:
    first, count = blocks
    told = (
        f"layer {first + 1}" if count == 1 else f"layers {first + 1} to {first + count}"
    )
    last = ", with the last normalisation" * (first + count == sizes.num_layers)
    return f"These are {told} of the encoder's {sizes.num_layers}{last}."


FORMAT = Format("an encoder of Whisper in safetensors", _recognises, _read)
