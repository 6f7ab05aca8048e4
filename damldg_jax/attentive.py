"""Attentive statistics pooling: a network that learns which frames tell.

Okabe, Koshinaka and Shinoda 2018, "Attentive statistics pooling for deep speaker
embedding" (https://arxiv.org/abs/1803.10963): mean and standard deviation over time,
in which each frame h has the weight that a softmax over time makes of its score ``v
tanh(W h + b)``. Their k, added to all scores alike, changes no weight and is left out.

Frames are normalised, feature by feature, for embeddings come in any scale and the
hyperbolic tangent does not.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.assembly import COMPUTE_DTYPES, Network
from damldg_jax.heads import LEARNT_EPSILON, on_statistics
from damldg_jax.pooling import FrameNorm, pool_statistics


def attention(scores: jax.Array, counts: jax.Array) -> jax.Array:
    """Weights of frames by their scores.

    Args:
      scores: [batch, frames], float.
      counts: [batch, frames], bool.

    Returns:
      [batch, frames]: a softmax of the scores of frames that count, zero in others.
    """
    # Where none counts a softmax over none would divide zero by zero.
    among = counts | ~counts.any(axis=-1, keepdims=True)
    return jax.nn.softmax(scores, axis=-1, where=among) * counts.astype(scores.dtype)


class AttentivePooling(nn.Module):
    """Statistics over time of normalised frames, weighted by attention.

    Attributes:
      width: hidden units of the scorer.
      axis_name: of the devices that share a batch, or None.
      dtype: of the scorer; None for that of frames and parameters.
    """

    width: int
    axis_name: str | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, frames: jax.Array, counts: jax.Array, train: bool) -> jax.Array:
        """Maps [batch, frames, features] to [batch, 2 * features]."""
        x = FrameNorm(self.axis_name, name="frame_norm")(frames, counts, train)
        hidden = nn.Dense(self.width, dtype=self.dtype, name="hidden")(x)
        score = nn.Dense(1, use_bias=False, dtype=self.dtype, name="score")
        scores = score(jnp.tanh(hidden))[..., 0].astype(x.dtype)
        return pool_statistics(x, counts, attention(scores, counts))


def attentive(
    num_outputs: int,
    num_features: int,
    *,
    width: int = 64,
    axis_name: str | None = None,
    compute_dtype: str = "float32",
    **options: Any,
) -> Network:
    """Builds a network on statistics over time weighted by attention.

    Args:
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis.
      width: hidden units of the scorer.
      axis_name: of the devices that share a training batch, or None.
      compute_dtype: a key of ``COMPUTE_DTYPES``: of the scorer and of hidden layers;
        weights, statistics, parameters and logits keep the parameters' type.
      **options: others of ``pooled.pooled``.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``,
      which has those of the scorer as ``pool``, and ``classifier``.

    Examples:
      >>> network = attentive(num_outputs=5, num_features=8, width=4)
      >>> params, _ = jax.jit(network.init)(jax.random.key(0))
      >>> jax.tree.map(jnp.shape, params["encoder"]["pool"]["score"])
      {'kernel': (4, 1)}
    """
    return on_statistics(
        AttentivePooling(width, axis_name, COMPUTE_DTYPES[compute_dtype]),
        num_outputs,
        num_features,
        axis_name=axis_name,
        compute_dtype=compute_dtype,
        epsilon=LEARNT_EPSILON,
        **options,
    )
