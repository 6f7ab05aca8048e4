"""How a ResNet normalises its maps: over the batch, or over groups of channels.

Group normalisation, Wu and He 2018 (https://arxiv.org/abs/1803.08494), looks at each
utterance alone: there are no running statistics, training and evaluation do the same,
and a batch may be computed in parts (``chunks.py``).

Whatever the type of the maps, statistics are computed in float32 at least.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.assembly import MOMENTUM

# Channels of a group, where there are as many. The default of Wu and He, 32 groups,
# would be single channels in a narrow network.
GROUP_SIZE = 16
EPSILON = 1e-5

Normalise = Callable[[jax.Array, jax.Array | None], jax.Array]
# From a layer's name to what normalises ``(maps, their valid lengths or None)``.
Norm = Callable[[str], Normalise]


def valid_frames(x: jax.Array, lengths: jax.Array) -> jax.Array:
    """Tells where utterances have not ended.

    Args:
      x: [batch, time, ...], of which the shape counts.
      lengths: [batch], valid frames of each.

    Returns:
      [batch, time], bool.
    """
    return jnp.arange(x.shape[1])[None] < lengths[:, None]


def num_groups(channels: int) -> int:
    """Number of equal groups, as many as have ``GROUP_SIZE`` channels or more.

    Args:
      channels: to be divided.

    Returns:
      A divisor of ``channels``; 1 where they are too few for two groups.

    Examples:
      >>> num_groups(64), num_groups(24), num_groups(8)
      (4, 1, 1)
    """
    most = max(1, channels // GROUP_SIZE)
    return next(n for n in range(most, 0, -1) if channels % n == 0)


def batch_norm(train: bool, axis_name: str | None, dtype: Any) -> Norm:
    """Normalises by the batch's mean and variance, in evaluation by running ones.

    Args:
      train: whether it is the batch's that count.
      axis_name: of the devices that share the batch, or None.
      dtype: of the result; None for that of maps and parameters.

    Returns:
      The norm. Where utterances end does not concern it.
    """

    def named(name: str) -> Normalise:
        norm = nn.BatchNorm(
            use_running_average=not train,
            momentum=MOMENTUM,
            epsilon=EPSILON,
            axis_name=axis_name,
            dtype=dtype,
            name=name,
        )
        return lambda x, lengths: norm(x)

    return named


def group_norm(train: bool, axis_name: str | None, dtype: Any) -> Norm:
    """Normalises groups of channels of each utterance by their mean and variance.

    Args:
      train: makes no difference.
      axis_name: nor does this.
      dtype: of the result; None for that of maps and parameters.

    Returns:
      The norm. Frames past the end of an utterance have no part in its statistics.
    """
    del train, axis_name

    def named(name: str) -> Normalise:
        def norm(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
            groups = num_groups(x.shape[-1])
            layer = nn.GroupNorm(groups, epsilon=EPSILON, dtype=dtype, name=name)
            if lengths is None:
                return layer(x)
            valid = valid_frames(x, lengths)[:, :, None, None]
            return layer(x, mask=jnp.tile(valid, (1, 1, 1, x.shape[-1])))

        return norm

    return named


NORMS = {"batch": batch_norm, "group": group_norm}
