"""Masks stretches of time and of features of training examples: SpecAugment.

Park et al. 2019, "SpecAugment: a simple data augmentation method for automatic speech
recognition" (https://arxiv.org/abs/1904.08779), without its warping of time; examples
may be stretched instead. A mask covers neighbouring frames, or neighbouring features
such as bands with all their channels, of a width from 0 to the widest, at any place,
and puts silence there: the mean, as in the paper, where inputs are normalised by a
mean. The widest is a part of the whole example, padding included, whereas the paper's
``p`` holds a mask over time to a part of the utterance: a short one can be hidden
whole. Networks that take silent frames for padding leave masked ones out.
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
      channels: neighbouring features of one band, which are masked together.
    """

    count: int
    frames: float
    features: float
    channels: int = 1


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
    chex.assert_shape(places, (*inputs.shape[:-3], masks.count, 2))
    *_, frames, features, _ = inputs.shape
    over_time = _covered(places.frames, frames, masks.frames)
    over_bands = _covered(places.features, features // masks.channels, masks.features)
    over_features = jnp.repeat(over_bands, masks.channels, axis=-1)
    hidden = over_time[..., None] | over_features[..., None, :]
    return jnp.where(hidden[..., None], silence, inputs)


def widest(part: float, size: int) -> int:
    """The width that no mask exceeds.

    Args:
      part: of the neighbours, at most 1.
      size: how many neighbours there are.

    Returns:
      How many of them; none of a single one, without which nothing would be left.
    """
    return round(part * size) if size > 1 else 0


def _covered(drawn: jax.Array, size: int, part: float) -> jax.Array:
    """Tells which of [size] neighbours any of the masks covers, [..., size] bool."""
    width = jnp.floor(drawn[..., 0] * (widest(part, size) + 1))
    start = jnp.floor(drawn[..., 1] * (size - width + 1))
    place = jnp.expand_dims(jnp.arange(size), range(drawn.ndim - 1))
    inside = (place >= start[..., None]) & (place < (start + width)[..., None])
    return inside.any(axis=-2)
