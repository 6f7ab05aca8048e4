"""Crops and mirrors pictures from side to side, inside of the compiled step.

A picture is kept row by row, as a spectrogram is frame by frame: what `augment.py` does
to frames crops it from top to bottom, and this crops it from side to side.
"""

from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp


class Columns(NamedTuple):
    """How pictures are altered from side to side.

    Attributes:
      count: columns of a picture.
      channels: of each pixel.
      zoom: range of the part of the width that is kept, uniformly.
      mirrors: whether every other picture is mirrored.
    """

    count: int
    channels: int
    zoom: tuple[float, float]
    mirrors: bool


class ColumnWindows(NamedTuple):
    """Which columns to read of each example.

    Attributes:
      start: [...] float32, of the crop, in columns of the output.
      rate: [...] float32, columns of the picture per column of the output.
      mirrored: [...] bool.
    """

    start: jax.Array
    rate: jax.Array
    mirrored: jax.Array


def draw_columns(rng: jax.Array, columns: Columns) -> ColumnWindows:
    """Draws which columns of one example are read.

    Args:
      rng: key.
      columns: ranges.

    Returns:
      The window, which lies inside of the picture.
    """
    place_key, zoom_key, mirror_key = jax.random.split(rng, 3)
    low, high = columns.zoom
    rate = jnp.clip(jax.random.uniform(zoom_key, minval=low, maxval=high), low, high)
    slack = (columns.count - 1) * (1 / rate - 1)
    mirrored = jax.random.bernoulli(mirror_key) & columns.mirrors
    return ColumnWindows(jax.random.uniform(place_key) * slack, rate, mirrored)


def read_columns(
    inputs: jax.Array, windows: ColumnWindows, columns: Columns
) -> jax.Array:
    """Reads windows from pictures, interpolating between columns.

    Args:
      inputs: [..., rows, columns * channels, 1] float, the channels of the first column
        before those of the second.
      windows: [...], which columns to read.
      columns: how many there are.

    Returns:
      As ``inputs``.
    """
    chex.assert_axis_dimension(inputs, -2, columns.count * columns.channels)
    chex.assert_equal_shape([*windows])
    *leading, rows, _, _ = inputs.shape
    pixels = inputs.reshape(*leading, rows, columns.count, columns.channels)
    last = columns.count - 1
    place = jnp.expand_dims(jnp.arange(columns.count), range(len(leading)))
    position = (windows.start[..., None] + place) * windows.rate[..., None]
    position = jnp.clip(position, 0, last)
    position = jnp.where(windows.mirrored[..., None], last - position, position)
    below = jnp.floor(position).astype(jnp.int32)
    fraction = (position - below)[..., None, :, None]
    lower = _at(pixels, below)
    upper = _at(pixels, jnp.minimum(below + 1, last))
    return (lower + (upper - lower) * fraction).reshape(inputs.shape)


def _at(pixels: jax.Array, places: jax.Array) -> jax.Array:
    return jnp.take_along_axis(pixels, places[..., None, :, None], axis=-2)
