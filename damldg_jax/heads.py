"""What networks on statistics over time share: all but how the frames are pooled.

The statistics are batch-normalised, whatever their scale, and go through hidden layers,
each with batch normalisation and a rectifier, to a linear classifier.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.assembly import COMPUTE_DTYPES, MOMENTUM, Network, assemble
from damldg_jax.objectives import CLASSES, Objective
from damldg_jax.pooling import StatisticsNorm, counted_frames

_EPSILON = 1e-5
# Of statistics that weights have part in, and whose scale is known: a channel that is
# all but silent is not to have the largest of all gradients.
LEARNT_EPSILON = 1e-5

# From ``(frames [batch, frames, features] of which silence is 0, counts [batch,
# frames], train)`` to statistics [batch, 2 * features], the means first; a function or
# a flax module.
Pool = Callable[[jax.Array, jax.Array, bool], jax.Array]


class StatisticsEncoder(nn.Module):
    """Statistics over time and hidden layers, for inputs [batch, frames, features, 1].

    Attributes:
      pool: makes the statistics.
      hidden_units: of each hidden layer; with none the classifier is linear in the
        statistics.
      silence: input value outside of an utterance.
      axis_name: of the devices that share a batch, or None.
      dtype: of hidden layers; None for that of inputs and parameters.
      epsilon: added to the variances of the statistics.
    """

    pool: Pool
    hidden_units: Sequence[int]
    silence: float
    axis_name: str | None = None
    dtype: Any = None
    epsilon: float = 0.0

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
        x = self.pool(frames, counts, train)
        x = StatisticsNorm(self.axis_name, self.epsilon, name="input_norm")(x, train)
        for number, units in enumerate(self.hidden_units, start=1):
            x = dense(units, name=f"hidden{number}")(x)
            x = nn.relu(norm(name=f"norm{number}")(x))
        return x[:, None, None], None


def on_statistics(
    pool: Pool,
    num_outputs: int,
    num_features: int,
    *,
    hidden_units: Sequence[int] = (256,),
    channels: int = 1,
    silence: float = 0.0,
    axis_name: str | None = None,
    compute_dtype: str = "float32",
    objective: Objective = CLASSES,
    epsilon: float = 0.0,
) -> Network:
    """Builds a network on statistics over time.

    Args:
      pool: makes the statistics.
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis.
      hidden_units: of each hidden layer, maybe none.
      channels: of the inputs; all are pooled alike.
      silence: input value outside of an utterance.
      axis_name: of the devices that share a training batch, or None.
      compute_dtype: a key of ``COMPUTE_DTYPES``: of hidden layers.
      objective: what the outputs mean.
      epsilon: added to the variances of the statistics: none where they are of the
        inputs themselves, which come in any scale.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder`` and
      ``classifier``.
    """
    encoder = StatisticsEncoder(
        pool,
        tuple(hidden_units),
        silence,
        axis_name,
        COMPUTE_DTYPES[compute_dtype],
        epsilon,
    )
    network = assemble(
        encoder, num_outputs, num_features, channels=channels, objective=objective
    )
    return network._replace(counts=functools.partial(counted_frames, silence=silence))
