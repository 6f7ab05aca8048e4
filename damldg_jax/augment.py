"""Crops, stretches and shifts spectrograms in one gather inside the compiled step.

Frame ``t`` of the output is frame ``t + shift`` of a crop, and that is read from the
utterance at ``(start + t + shift) * rate``. What falls outside of the crop or of the
utterance is silence.
"""

from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp

from damldg_jax.batches import Excerpt, Store


class Augmentation(NamedTuple):
    """Ranges from which each example is altered, uniformly.

    Attributes:
      stretch: factors of speed; above 1 is faster.
      shift: of the crop, in parts of its length; what is shifted in is silence.
    """

    stretch: tuple[float, float] = (0.8, 1.25)
    shift: tuple[float, float] = (-0.1, 0.1)


# Of pictures: crops from top to bottom. Each frame is a row.
OF_PICTURES = Augmentation(stretch=(0.89, 1.0), shift=(0.0, 0.0))
NO_AUGMENTATION = Augmentation(stretch=(1.0, 1.0), shift=(0.0, 0.0))


class Windows(NamedTuple):
    """Where to read each example.

    Attributes:
      start: [...] float32, of the crop, in frames of the stretched utterance; may be
        negative.
      shift: [...] float32, whole frames by which the crop is moved ahead.
      rate: [...] float32, frames of the utterance per frame of the output.
    """

    start: jax.Array
    shift: jax.Array
    rate: jax.Array


def draw_windows(
    rng: jax.Array, lengths: jax.Array, num_frames: int, augmentation: Augmentation
) -> Windows:
    """Draws a window for each utterance.

    A longer utterance is cropped at a random place; a shorter one is laid at a random
    place of the window, with silence on both sides.

    Args:
      rng: key.
      lengths: [...] int, frames of each utterance.
      num_frames: of the output.
      augmentation: ranges of the stretch and of the shift.

    Returns:
      The windows.
    """
    crop_key, stretch_key, shift_key = jax.random.split(rng, 3)
    shape = lengths.shape
    low, high = augmentation.stretch
    rate = jax.random.uniform(stretch_key, shape, minval=low, maxval=high)
    # The range may be a single number, which floating point need not hit exactly.
    rate = jnp.clip(rate, low, high)
    stretched = jnp.floor((lengths - 1) / rate) + 1
    slack = stretched - num_frames
    place = jax.random.uniform(crop_key, shape)
    start = jnp.sign(slack) * jnp.floor(place * (jnp.abs(slack) + 1))
    low, high = augmentation.shift
    shift = jax.random.uniform(shift_key, shape, minval=low, maxval=high)
    return Windows(start, jnp.round(shift * num_frames), rate)


def read_windows(
    store: Store,
    utterances: jax.Array,
    windows: Windows,
    num_frames: int,
    silence: float,
    excerpt: Excerpt | None = None,
) -> jax.Array:
    """Reads windows from a store, interpolating between frames.

    Args:
      store: packed utterances.
      utterances: [...] int32, indices into it.
      windows: [...], where to read each.
      num_frames: of the output.
      silence: value outside of the utterance.
      excerpt: [...], the frames to read, if the store has none.

    Returns:
      [..., num_frames, features, 1] float32, inside normalised as the store says.
    """
    chex.assert_equal_shape([utterances, *windows])
    if excerpt is None:
        excerpt = Excerpt(store.frames, store.offsets[utterances])
    chex.assert_equal_shape([utterances, excerpt.offsets])
    frames, offsets = excerpt.frames, excerpt.offsets[..., None]
    last = store.lengths[utterances][..., None] - 1
    time = jnp.expand_dims(
        jnp.arange(num_frames, dtype=jnp.float32), range(utterances.ndim)
    )
    place = time + windows.shift[..., None]
    position = (windows.start[..., None] + place) * windows.rate[..., None]
    below = jnp.clip(jnp.floor(position).astype(jnp.int32), 0, last)
    above = jnp.minimum(below + 1, last)
    fraction = (position - below)[..., None]
    lower = _rows(frames, offsets + below)
    upper = _rows(frames, offsets + above)
    values = lower + (upper - lower) * fraction
    inside = (position >= 0) & (position <= last) & (place >= 0) & (place < num_frames)
    if store.shift is not None:
        shift, scale = store.shift[utterances], store.scale[utterances]
        values = (values - shift[..., None, :]) * scale[..., None, :]
    return jnp.where(inside[..., None], values, silence)[..., None]


def _rows(frames: jax.Array, places: jax.Array) -> jax.Array:
    # What lies outside of a window need not be in an excerpt: whatever is read there
    # is replaced by silence.
    rows = frames.at[places].get(mode="clip", wrap_negative_indices=False)
    return rows.astype(jnp.promote_types(rows.dtype, jnp.float32))
