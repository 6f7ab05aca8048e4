"""A network for embeddings: statistics over time, hidden layers, a linear classifier.

The mean and the standard deviation of each feature over the frames of an utterance, as
in the statistics pooling of Snyder et al. 2018, "X-vectors: robust DNN embeddings for
speaker recognition" (https://doi.org/10.1109/ICASSP.2018.8461375), here of the inputs
themselves. They are batch-normalised, for embeddings come in any scale, and go through
hidden layers, each with batch normalisation and a rectifier.

What training never varied tells nothing, and is taken for the training mean: weights
have not learnt what to make of another value, and in units of a deviation of nearly
nothing it would outweigh all else. Such are features that a rectifier always left at
zero, and the deviations over time of embeddings of one frame. What varied so little
that a value lies past 10 deviations is held there; within a batch of up to 101
utterances none can.

What is no part of an utterance does not count, so that padding changes no result:
frames past ``lengths``, and frames that are silence in every feature, which is what
pads short utterances. (A recorded frame is never that, unless it is digital silence.)
"""

import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.assembly import COMPUTE_DTYPES, MOMENTUM, Network, assemble
from damldg_jax.objectives import CLASSES, Objective
from damldg_jax.parallel import mean_over_devices

_EPSILON = 1e-5
# Deviations from the mean, beyond which a statistic is held.
_LIMIT = 10.0
# Variance beside the mean square of the feature's frames, such that it may be rounding.
_NEGLIGIBLE = 1e-10
# Of the value of silence: ``l s + (1 - l) s``, as Mixup makes it, need not be ``s``.
_ROUNDING = 1e-6
# Keeps the square root of no variance from having an infinite slope.
_TINY = 1e-20


def pool_statistics(frames: jax.Array, counts: jax.Array) -> jax.Array:
    """Means and standard deviations over the frames that count.

    Args:
      frames: [batch, frames, features], float.
      counts: [batch, frames], bool.

    Returns:
      [batch, 2 * features], the means first; zeros where no frame counts.
    """
    share = counts[..., None].astype(frames.dtype)
    total = jnp.maximum(share.sum(axis=1), 1)
    mean = (frames * share).sum(axis=1) / total
    squares = ((frames - mean[:, None]) * share) ** 2
    deviation = jnp.sqrt(squares.sum(axis=1) / total + _TINY)
    return jnp.concatenate([mean, deviation], axis=-1)


def counted_frames(inputs: jax.Array, silence: float) -> jax.Array:
    """Tells the frames of utterances from the padding around them.

    Args:
      inputs: [..., frames, features, 1], float.
      silence: input value outside of an utterance.

    Returns:
      [..., frames], bool: whether a feature is other than silence, up to rounding.
    """
    return (jnp.abs(inputs - silence) > _ROUNDING * abs(silence)).any(axis=(-2, -1))


def _scale(mean: jax.Array, variance: jax.Array) -> jax.Array:
    """What statistics [2 * features] are multiplied by, 0 where they never varied."""
    # Of both halves: the mean square of the frames, whose rounding is that of both.
    size = (mean**2 + variance).reshape(2, -1).sum(axis=0)
    varied = variance > _NEGLIGIBLE * jnp.tile(size, 2)
    return jnp.where(varied, jax.lax.rsqrt(jnp.where(varied, variance, 1)), 0)


class StatisticsNorm(nn.Module):
    """Batch normalisation of the statistics, without parameters, whatever their scale.

    Attributes:
      axis_name: of the devices that share a batch, or None.
    """

    axis_name: str | None = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Maps [batch, 2 * features], the means first, to numbers of at most 10."""
        size = x.shape[-1:]
        mean = self.variable("batch_stats", "mean", jnp.zeros, size, x.dtype)
        variance = self.variable("batch_stats", "var", jnp.ones, size, x.dtype)
        now = mean.value, variance.value
        if train:
            center = mean_over_devices(x.mean(axis=0), self.axis_name)
            # A difference of large squares would lose the small variances.
            squares = ((x - center[None]) ** 2).mean(axis=0)
            now = center, mean_over_devices(squares, self.axis_name)
            mean.value = MOMENTUM * mean.value + (1 - MOMENTUM) * now[0]
            variance.value = MOMENTUM * variance.value + (1 - MOMENTUM) * now[1]
        return jnp.clip((x - now[0][None]) * _scale(*now)[None], -_LIMIT, _LIMIT)


class PooledEncoder(nn.Module):
    """Statistics over time and hidden layers, for inputs [batch, frames, features, 1].

    Attributes:
      hidden_units: of each hidden layer; with none the classifier is linear in the
        statistics.
      silence: input value outside of an utterance.
      axis_name: of the devices that share a batch, or None.
      dtype: of hidden layers; None for that of inputs and parameters.
    """

    hidden_units: Sequence[int]
    silence: float
    axis_name: str | None = None
    dtype: Any = None

    @nn.compact
    def __call__(
        self, inputs: jax.Array, lengths: jax.Array | None, train: bool
    ) -> tuple[jax.Array, None]:
        """Returns maps of a single place, [batch, 1, 1, units]."""
        norm = functools.partial(
            nn.BatchNorm,
            use_running_average=not train,
            momentum=MOMENTUM,
            epsilon=_EPSILON,
            axis_name=self.axis_name,
            use_fast_variance=False,
            dtype=self.dtype,
        )
        dense = functools.partial(nn.Dense, use_bias=False, dtype=self.dtype)
        counts = counted_frames(inputs, self.silence)
        if lengths is not None:
            counts &= jnp.arange(inputs.shape[1])[None] < lengths[:, None]
        frames = inputs.reshape(*inputs.shape[:2], -1) - self.silence
        x = pool_statistics(frames, counts)
        x = StatisticsNorm(self.axis_name, name="input_norm")(x, train)
        for number, units in enumerate(self.hidden_units, start=1):
            x = dense(units, name=f"hidden{number}")(x)
            x = nn.relu(norm(name=f"norm{number}")(x))
        return x[:, None, None], None


def pooled(
    num_outputs: int,
    num_features: int,
    *,
    hidden_units: Sequence[int] = (256,),
    channels: int = 1,
    silence: float = 0.0,
    axis_name: str | None = None,
    compute_dtype: str = "float32",
    objective: Objective = CLASSES,
) -> Network:
    """Builds a network on statistics over time.

    Args:
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis.
      hidden_units: of each hidden layer, maybe none.
      channels: of the inputs; all are pooled alike.
      silence: input value outside of an utterance.
      axis_name: of the devices that share a training batch, or None.
      compute_dtype: a key of ``COMPUTE_DTYPES``: of hidden layers; statistics over
        time and over the batch, parameters and logits keep the parameters' type.
      objective: what the outputs mean.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``,
      empty without hidden layers, and ``classifier``.

    Examples:
      >>> network = pooled(num_outputs=5, num_features=8, hidden_units=())
      >>> params, batch_stats = jax.jit(network.init)(jax.random.key(0))
      >>> inputs = jnp.ones((2, 30, 8, 1))
      >>> outputs = jax.jit(network.evaluate)(params, batch_stats, inputs)
      >>> outputs.logits.shape, outputs.embedding.shape
      ((2, 5), (2, 16))
    """
    dtype = COMPUTE_DTYPES[compute_dtype]
    encoder = PooledEncoder(tuple(hidden_units), silence, axis_name, dtype)
    network = assemble(
        encoder, num_outputs, num_features, channels=channels, objective=objective
    )
    return network._replace(counts=functools.partial(counted_frames, silence=silence))
