"""What formats of weights and the rest of this package agree on."""

import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.types import BatchStats, Params

# Where a tensor belongs: ``("params", "encoder", "stem", "kernel")``.
Place = tuple[str, ...]
Found = Mapping[Place, np.ndarray]


def _as_it_is(found: Found) -> Found:
    return found


class Blocks(NamedTuple):
    """Of a pretrained encoder, those with which a network goes on.

    Attributes:
      first: number of the layer whose frames it is given, the blocks below it.
      count: of its own blocks.
    """

    first: int
    count: int


class Request(NamedTuple):
    """What is to be read.

    Attributes:
      path: of the file, or of a folder.
      flag: that gave it, for messages.
      blocks: of the network, if it goes on with those of an encoder; else None.
    """

    path: pathlib.Path
    flag: str = "init_from"
    blocks: Blocks | None = None

    @property
    def told(self) -> str:
        """The flag and the path, as messages tell it."""
        return f"--{self.flag}={self.path}"

    def check_layers(self, num_layers: int) -> None:
        """Refuses more blocks than an encoder has.

        Args:
          num_layers: of the encoder.

        Raises:
          InputError: there are not as many; it says how many there are.
        """
        first, count = self.blocks
        left = max(num_layers - first, 0)
        if count <= left:
            return
        remedy = f"Give --tuned_layers={left}" + " or fewer" * (left > 1)
        if not left:
            remedy = "Take features of a lower layer (--encoder_layer)"
        raise InputError(
            f"--tuned_layers={count} on frames of layer {first}: {self.told} has "
            f"{num_layers} layers, {left} of them above these. {remedy}, or begin at "
            "random (--tuned_start=random)."
        )


class Content(NamedTuple):
    """What a file holds.

    Attributes:
      tensors: that are to be taken, by their names in the file, laid out as flax has
        them: kernels [rows, columns, in, out].
      places: where each of them belongs; None for a name that is none of a network's.
      left_out: names of all else in the file.
      remedy: what the file needs, where its names are not those of the network.
      metadata: what the file says of itself.
      fold: what makes the tensors those of an equal network of this package, once they
        are known to be finite numbers; those that it leaves out have gone into others.
      notes: what it does, in sentences.
      part: how the places begin in which the file must have all; what lies elsewhere
        stays as it was initialised. Left out: all but the last layer.
    """

    tensors: Mapping[str, np.ndarray]
    places: Mapping[str, Place | None]
    left_out: tuple[str, ...]
    remedy: str
    metadata: Mapping[str, Any] = {}
    fold: Callable[[Found], Found] = _as_it_is
    notes: tuple[str, ...] = ()
    part: Place = ()


class Format(NamedTuple):
    """A row of the table of formats.

    Attributes:
      title: what it is called.
      recognises: whether a file's content is of this format.
      read: reads a file that it recognises; raises ``InputError`` if it is damaged.
    """

    title: str
    recognises: Callable[[pathlib.Path], bool]
    read: Callable[[Request], Content]


class Loaded(NamedTuple):
    """Weights to begin with.

    Attributes:
      params: of the network, in host memory.
      batch_stats: likewise.
      title: of the file's format.
      taken: names of the tensors that were taken from the file.
      left_out: names of those of the file that were not.
      new: of the network, what is not from the file.
      notes: how what was taken was changed, in sentences.
      metadata: what the file says of itself; empty but for model files of this package.
    """

    params: Params
    batch_stats: BatchStats
    title: str
    taken: tuple[str, ...]
    left_out: tuple[str, ...]
    new: tuple[str, ...]
    notes: tuple[str, ...]
    metadata: Mapping[str, Any]
