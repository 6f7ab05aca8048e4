"""Weights of files as the weights that a run begins with.

What a file is, is seen from its content. To add a format, write it in a file of its
own, offering what ``Format`` says, and give it a row here. The last layer of a network
is never taken: its classes are others.
"""

import pathlib

from damldg_jax.errors import InputError
from damldg_jax.initial_weights import (
    keras_resnet,
    own_model,
    torchvision_resnet,
    whisper_blocks,
)
from damldg_jax.initial_weights.matching import match
from damldg_jax.initial_weights.signature import Blocks, Format, Loaded, Request
from damldg_jax.initial_weights.stem import CHANNELS
from damldg_jax.types import BatchStats, Params

__all__ = ["CHANNELS", "FORMATS", "Blocks", "Loaded", "Request", "read_weights"]

# The first that recognises a file reads it.
FORMATS: tuple[Format, ...] = (
    whisper_blocks.FORMAT,
    own_model.FORMAT,
    torchvision_resnet.FORMAT,
    keras_resnet.FORMAT,
)

# Of files that are none of these, but that others call weights.
_ARCHIVES = {
    b"PK": "It is an archive: of PyTorch, save its state_dict by "
    "safetensors.torch.save_file; of Keras, save the model as .h5 or its weights as "
    ".weights.h5.",
    b"\x80": "It is a pickle, which may run anything: save the state_dict by "
    "safetensors.torch.save_file.",
}


def read_weights(
    path: pathlib.Path,
    params: Params,
    batch_stats: BatchStats,
    channels: str = "match",
    flag: str = "init_from",
    blocks: Blocks | None = None,
) -> Loaded:
    """Reads the weights of a file into a network.

    Args:
      path: of the file, or of a folder, in one of ``FORMATS``.
      params: of the network as it was initialised, or of its shapes and dtypes; the
        classifier stays.
      batch_stats: likewise.
      channels: a key of ``CHANNELS``: what becomes of the input channels of a ResNet's
        first layer.
      flag: that gave the path, for messages.
      blocks: of the network, if it goes on with those of a pretrained encoder.

    Returns:
      The weights, and what was taken and what was not.

    Raises:
      InputError: the file is not there, damaged or of no known format, or its tensors
        are not those of this network; it names the first that lack, are too many, or
        have another shape.
    """
    request = Request(path, flag, blocks)
    try:
        for row in FORMATS:
            if row.recognises(path):
                parts = request.told, row.title, row.read(request)
                return match(*parts, params, batch_stats, channels)
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        raise InputError(
            f"{request.told} cannot be read ({error.strerror}). Name a file of "
            "weights; of an earlier run that is models/last.safetensors in its folder."
        ) from error
    hints = (hint for sign, hint in _ARCHIVES.items() if start.startswith(sign))
    titles = "; ".join(row.title for row in FORMATS)
    raise InputError(
        f"{request.told} cannot be read: it is none of {titles}. "
        f"{next(hints, 'Is it whole?')}"
    )
