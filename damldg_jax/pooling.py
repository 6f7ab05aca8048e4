"""Statistics over the frames of an utterance that count, and how they are normalised.

The mean and the standard deviation of each feature over time, as in the statistics
pooling of Snyder et al. 2018, "X-vectors: robust DNN embeddings for speaker
recognition" (https://doi.org/10.1109/ICASSP.2018.8461375).

What training never varied tells nothing, and is taken for the training mean: weights
have not learnt what to make of another value, and in units of a deviation of nearly
nothing it would outweigh all else. Such are features that a rectifier always left at
zero, and the deviations over time of embeddings of one frame. What varied so little
that a value lies past 10 deviations is held there; of the statistics of a batch of up
to 101 utterances none can.

What is no part of an utterance does not count, so that padding changes no result:
frames past ``lengths``, and frames that are silence in every feature, which is what
pads short utterances. (A recorded frame is never that, unless it is digital silence, or
masked in training: ``masking.py``.)
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.assembly import MOMENTUM
from damldg_jax.parallel import mean_over_devices

# Mean and variance, each [features].
Moments = tuple[jax.Array, jax.Array]

# Deviations from the mean, beyond which a number is held.
_LIMIT = 10.0
# Variance beside the mean square of the feature's frames, such that it may be rounding.
_NEGLIGIBLE = 1e-10
# Of the value of silence: ``l s + (1 - l) s``, as Mixup makes it, need not be ``s``.
_ROUNDING = 1e-6
# Keeps the square root of no variance from having an infinite slope.
_TINY = 1e-20


def counted_frames(inputs: jax.Array, silence: float) -> jax.Array:
    """Tells the frames of utterances from the padding around them.

    Args:
      inputs: [..., frames, features, 1], float.
      silence: input value outside of an utterance.

    Returns:
      [..., frames], bool: whether a feature is other than silence, up to rounding.
    """
    return (jnp.abs(inputs - silence) > _ROUNDING * abs(silence)).any(axis=(-2, -1))


def pool_statistics(
    frames: jax.Array, counts: jax.Array, weights: jax.Array | None = None
) -> jax.Array:
    """Means and standard deviations over the frames that count.

    Args:
      frames: [batch, frames, features], float.
      counts: [batch, frames], bool.
      weights: [batch, frames] of each frame, zero where it does not count and of sum 1
        over those that do; None for equal ones.

    Returns:
      [batch, 2 * features], the means first; zeros where no frame counts.
    """
    share = counts[..., None].astype(frames.dtype)
    mean = _average(frames * share, share, weights)
    squares = ((frames - mean[:, None]) * share) ** 2
    deviation = jnp.sqrt(_average(squares, share, weights) + _TINY)
    return jnp.concatenate([mean, deviation], axis=-1)


def _average(
    x: jax.Array, share: jax.Array, weights: jax.Array | None = None
) -> jax.Array:
    """Over frames, of [batch, frames, features] that is zero where none counts."""
    if weights is not None:
        return (x * weights[..., None]).sum(axis=1)
    return x.sum(axis=1) / jnp.maximum(share.sum(axis=1), 1)


def _moments(
    module: nn.Module, x: jax.Array, of_batch: Callable[[], Moments] | None
) -> Moments:
    """In training the batch's, which the running ones follow; else the running ones."""
    size = x.shape[-1:]
    mean = module.variable("batch_stats", "mean", jnp.zeros, size, x.dtype)
    variance = module.variable("batch_stats", "var", jnp.ones, size, x.dtype)
    if of_batch is None:
        return mean.value, variance.value
    now = of_batch()
    mean.value = MOMENTUM * mean.value + (1 - MOMENTUM) * now[0]
    variance.value = MOMENTUM * variance.value + (1 - MOMENTUM) * now[1]
    return now


def _in_deviations(
    x: jax.Array, moments: Moments, size: jax.Array, epsilon: float = 0.0
) -> jax.Array:
    """Numbers [..., features] in units of deviations, 0 where they never varied."""
    mean, variance = moments
    varied = variance > _NEGLIGIBLE * size
    scale = jax.lax.rsqrt(jnp.where(varied, variance, 1) + epsilon)
    scale = jnp.where(varied, scale, 0)
    leading = range(x.ndim - 1)
    x = (x - jnp.expand_dims(mean, leading)) * jnp.expand_dims(scale, leading)
    return jnp.clip(x, -_LIMIT, _LIMIT)


class StatisticsNorm(nn.Module):
    """Batch normalisation of the statistics, without parameters, whatever their scale.

    Attributes:
      axis_name: of the devices that share a batch, or None.
      epsilon: added to variances, for statistics of a known scale.
    """

    axis_name: str | None = None
    epsilon: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Maps [batch, 2 * features], the means first, to numbers of at most 10."""

        def of_batch() -> Moments:
            center = mean_over_devices(x.mean(axis=0), self.axis_name)
            # A difference of large squares would lose the small variances.
            squares = ((x - center[None]) ** 2).mean(axis=0)
            return center, mean_over_devices(squares, self.axis_name)

        mean, variance = _moments(self, x, of_batch if train else None)
        # Of both halves: the mean square of the frames, whose rounding is that of both.
        size = jnp.tile((mean**2 + variance).reshape(2, -1).sum(axis=0), 2)
        return _in_deviations(x, (mean, variance), size, self.epsilon)


class FrameNorm(nn.Module):
    """Batch normalisation of frames, without parameters, whatever each feature's scale.

    All utterances of a batch count alike, however long: so the mean over devices is the
    mean over the batch.

    Attributes:
      axis_name: of the devices that share a batch, or None.
    """

    axis_name: str | None = None

    @nn.compact
    def __call__(self, frames: jax.Array, counts: jax.Array, train: bool) -> jax.Array:
        """Maps [batch, frames, features] to numbers of at most 10, 0 in padding."""
        share = counts[..., None].astype(frames.dtype)

        def over_batch(x: jax.Array) -> jax.Array:
            return mean_over_devices(_average(x, share).mean(axis=0), self.axis_name)

        def of_batch() -> Moments:
            center = over_batch(frames * share)
            return center, over_batch(((frames - center[None, None]) * share) ** 2)

        mean, variance = _moments(self, frames, of_batch if train else None)
        size = mean**2 + variance
        return _in_deviations(frames, (mean, variance), size) * share
