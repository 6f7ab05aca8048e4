"""Masks stretches of time and of features of training examples: SpecAugment.

Park et al. 2019, "SpecAugment: a simple data augmentation method for automatic speech
recognition" (https://arxiv.org/abs/1904.08779), without its warping of time, in whose
place examples are stretched. A mask covers neighbouring frames, or neighbouring
features such as bands, of a width from 0 to the widest, at any place, and puts silence
there: the mean, as in the paper, where inputs are normalised by a mean.
"""

from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp


class Masks(NamedTuple):
    """How examples are masked.

    Attributes:
      count: masks over time and as many over features, the paper's ``m_T`` and ``m_F``.
      frames: the widest over time, in parts of the example's frames; its ``T``.
      features: the widest over features, in parts of their number; its ``F``.
    """

    count: int
    frames: float
    features: float


class MaskPlaces(NamedTuple):
    """Where masks lie, before the number of frames and of features is known.

    Attributes:
      frames: [..., count, 2] float32 in [0, 1): of each mask over time, which of the
        widths and which of the places.
      features: [..., count, 2] float32, likewise over features.
    """

    frames: jax.Array
    features: jax.Array


def draw_masks(rng: jax.Array, masks: Masks) -> MaskPlaces:
    """Draws where the masks of one example lie.

    Args:
      rng: key.
      masks: how many.

    Returns:
      The places.
    """
    drawn = jax.random.uniform(rng, (2, masks.count, 2))
    return MaskPlaces(drawn[0], drawn[1])


def mask(
    inputs: jax.Array, places: MaskPlaces, masks: Masks, silence: float
) -> jax.Array:
    """Puts silence where masks lie.

    Args:
      inputs: [..., frames, features, 1] float.
      places: [..., count, 2] of each example.
      masks: how wide they are.
      silence: value that is put there.

    Returns:
      As ``inputs``.
    """
    chex.assert_equal_shape([places.frames, places.features])
    *_, frames, features, _ = inputs.shape
    over_time = _covered(places.frames, frames, masks.frames)
    over_features = _covered(places.features, features, masks.features)
    hidden = over_time[..., None] | over_features[..., None, :]
    return jnp.where(hidden[..., None], silence, inputs)


def _covered(drawn: jax.Array, size: int, part: float) -> jax.Array:
    """Tells which of [size] neighbours any of the masks covers, [..., size] bool."""
    widest = round(part * size)
    width = jnp.floor(drawn[..., 0] * (widest + 1))
    start = jnp.floor(drawn[..., 1] * (size - width + 1))
    place = jnp.expand_dims(jnp.arange(size), range(drawn.ndim - 1))
    inside = (place >= start[..., None]) & (place < (start + width)[..., None])
    return inside.any(axis=-2)
