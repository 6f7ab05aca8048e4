"""Blocks of a transformer encoder, each normalised before.

Self-attention and a hidden layer (Vaswani et al. 2017,
https://arxiv.org/abs/1706.03762), as pre-norm, in the dialect of Whisper: keys have no
bias, the activation is GELU. Frames that do not count are nothing to the others.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

# Of all published sizes of Whisper.
HEAD_WIDTH = 64
# The hidden layer is so many times as wide as frames, in all of them.
EXPANSION = 4
_EPSILON = 1e-5
# The score of a frame that does not count; its weight is exactly 0.
_NEVER = -1e30


def num_heads(width: int) -> int:
    """Heads of attention on frames of a width: as narrow as ``HEAD_WIDTH`` allows.

    Args:
      width: of the frames.

    Returns:
      The largest number that divides it and leaves ``HEAD_WIDTH`` to each; or 1.
    """
    most = max(1, width // HEAD_WIDTH)
    return next(heads for heads in range(most, 0, -1) if width % heads == 0)


def layer_norm(name: str) -> nn.LayerNorm:
    """Layer normalisation as encoders have it, in the parameters' type.

    Args:
      name: of the layer.

    Returns:
      The layer.
    """
    # The difference of squares loses digits where a mean is large.
    return nn.LayerNorm(epsilon=_EPSILON, use_fast_variance=False, name=name)


def attend(
    query: jax.Array, key: jax.Array, value: jax.Array, counts: jax.Array
) -> jax.Array:
    """Attention of every frame to those that count: ``softmax(q k^T / sqrt(d)) v``.

    As ``jax.nn.dot_product_attention``, whose softmax is float32 even where all else
    is double.

    Args:
      query: [batch, frames, heads, d].
      key: likewise.
      value: likewise.
      counts: [batch, frames], bool.

    Returns:
      [batch, frames, heads, d], of the same type; weights are at least float32.
    """
    dtype = jnp.promote_types(query.dtype, jnp.float32)
    scores = jnp.einsum("bthd,bshd->bhts", query, key, preferred_element_type=dtype)
    scores = scores * query.shape[-1] ** -0.5
    # Where none counts all do alike, and nobody reads what comes out.
    scores = jnp.where(counts[:, None, None], scores, _NEVER)
    weights = jax.nn.softmax(scores, axis=-1).astype(value.dtype)
    return jnp.einsum("bhts,bshd->bthd", weights, value)


class Attention(nn.Module):
    """Self-attention over the frames that count.

    Attributes:
      dtype: of products; None for that of inputs and parameters.
    """

    dtype: Any = None

    @nn.compact
    def __call__(self, x: jax.Array, counts: jax.Array) -> jax.Array:
        """Maps [batch, frames, width] to the same; ``counts`` is [batch, frames]."""
        width, heads = x.shape[-1], num_heads(x.shape[-1])

        def project(name: str, use_bias: bool = True) -> jax.Array:
            out = nn.Dense(width, use_bias=use_bias, dtype=self.dtype, name=name)(x)
            return out.reshape(*out.shape[:-1], heads, width // heads)

        query, value = project("q_proj"), project("v_proj")
        mixed = attend(query, project("k_proj", use_bias=False), value, counts)
        mixed = mixed.reshape(x.shape)
        return nn.Dense(width, dtype=self.dtype, name="out_proj")(mixed)


class Block(nn.Module):
    """A layer of the encoder.

    Attributes:
      hidden: units of the hidden layer.
      dtype: of products; None for that of inputs and parameters. Norms, and the frames
        that go from block to block, keep the wider type.
    """

    hidden: int
    dtype: Any = None

    @nn.compact
    def __call__(self, x: jax.Array, counts: jax.Array) -> jax.Array:
        """Maps [batch, frames, width] to the same; ``counts`` is [batch, frames]."""
        attention = Attention(self.dtype, name="self_attn")
        x = x + attention(layer_norm("self_attn_layer_norm")(x), counts)
        inner = layer_norm("final_layer_norm")(x)
        inner = nn.Dense(self.hidden, dtype=self.dtype, name="fc1")(inner)
        inner = nn.gelu(inner, approximate=False)
        return x + nn.Dense(x.shape[-1], dtype=self.dtype, name="fc2")(inner)
