"""A network for embeddings: statistics over time, hidden layers, a linear classifier.

The mean and the standard deviation of each feature over the frames of an utterance, as
in the statistics pooling of Snyder et al. 2018, "X-vectors: robust DNN embeddings for
speaker recognition" (https://doi.org/10.1109/ICASSP.2018.8461375), here of the inputs
themselves. They are batch-normalised, for embeddings come in any scale, and go through
hidden layers, each with batch normalisation and a rectifier.

What is no part of an utterance does not count, so that padding changes no result:
frames past ``lengths``, and frames that are silence in every feature, which is what
pads short utterances. (A recorded frame is never exactly that, unless it is digital
silence.) Of an embedding of one frame the deviation is zero and tells nothing.
"""

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.assembly import MOMENTUM, Network, assemble
from damldg_jax.objectives import CLASSES, Objective

# Small beside the variance of any embedding, so that its scale does not matter.
_INPUT_EPSILON = 1e-10
_EPSILON = 1e-5
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


class PooledEncoder(nn.Module):
    """Statistics over time and hidden layers, for inputs [batch, frames, features, 1].

    Attributes:
      hidden_units: of each hidden layer; with none the classifier is linear in the
        statistics.
      silence: input value outside of an utterance.
      axis_name: of the devices that share a batch, or None.
    """

    hidden_units: Sequence[int]
    silence: float
    axis_name: str | None = None

    @nn.compact
    def __call__(
        self, inputs: jax.Array, lengths: jax.Array | None, train: bool
    ) -> tuple[jax.Array, None]:
        """Returns maps of a single place, [batch, 1, 1, units]."""

        def norm(name: str, **options) -> nn.BatchNorm:
            return nn.BatchNorm(
                use_running_average=not train,
                momentum=MOMENTUM,
                axis_name=self.axis_name,
                # A difference of large squares would lose the small variances.
                use_fast_variance=False,
                name=name,
                **options,
            )

        frames = inputs.reshape(*inputs.shape[:2], -1) - self.silence
        counts = (frames != 0).any(axis=-1)
        if lengths is not None:
            counts &= jnp.arange(frames.shape[1])[None] < lengths[:, None]
        x = pool_statistics(frames, counts)
        # The layer that follows has a scale and a bias.
        plain = {"use_scale": False, "use_bias": False, "epsilon": _INPUT_EPSILON}
        x = norm("input_norm", **plain)(x)
        for number, units in enumerate(self.hidden_units, start=1):
            x = nn.Dense(units, use_bias=False, name=f"hidden{number}")(x)
            x = nn.relu(norm(f"norm{number}", epsilon=_EPSILON)(x))
        return x[:, None, None], None


def pooled(
    num_outputs: int,
    num_features: int,
    *,
    hidden_units: Sequence[int] = (256,),
    channels: int = 1,
    silence: float = 0.0,
    axis_name: str | None = None,
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
      objective: what the outputs mean.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``,
      empty without hidden layers, and ``classifier``.
    """
    encoder = PooledEncoder(tuple(hidden_units), silence, axis_name)
    return assemble(
        encoder, num_outputs, num_features, channels=channels, objective=objective
    )
