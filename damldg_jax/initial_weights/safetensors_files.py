"""Reads files in the safetensors format."""

import json
import pathlib
from typing import Any

import numpy as np

from damldg_jax.errors import InputError

_LENGTH = 8


def read_header(path: pathlib.Path) -> dict[str, Any] | None:
    """Reads what a file says of its tensors and of itself.

    Args:
      path: of any file.

    Returns:
      Its header, with what it says of itself under ``__metadata__``; None if it is no
      safetensors file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        # Of other files these bytes are no length at all.
        if length > path.stat().st_size - _LENGTH:
            return None
        try:
            header = json.loads(file.read(length))
        # Of brackets in brackets Python gives up reading.
        except (ValueError, RecursionError):
            return None
    return header if isinstance(header, dict) else None


def read_tensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Reads all tensors of a file.

    Args:
      path: of the file.

    Returns:
      The tensors by name.

    Raises:
      InputError: the file is damaged, or has numbers that NumPy does not know.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"--init_from={path} cannot be read as safetensors ({error}). Save it "
            "anew, in float32."
        ) from error
