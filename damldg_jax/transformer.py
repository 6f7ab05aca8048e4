"""Blocks of a transformer encoder before statistics pooling.

Frames of layer N of a speech encoder go through its blocks N + 1 to N + K, which may
begin as the encoder has them (``initial_weights/whisper_blocks.py``) and are trained
with everything behind them: the encoder's last layers are tuned, the ones below are
features. Statistics over time of what comes out go on as in ``pooled.py``.

The blocks take frames in the scale in which the encoder makes them: nothing is
normalised before, and silence is 0. They add no positions: an encoder's frames hold
theirs, and to others the order of frames means nothing.
"""

from typing import Any

import flax.linen as nn
import jax

from damldg_jax.assembly import COMPUTE_DTYPES, Network
from damldg_jax.encoders.blocks import EXPANSION, Block, layer_norm
from damldg_jax.heads import LEARNT_EPSILON, on_statistics
from damldg_jax.pooling import pool_statistics

# What the last layer normalisation is called among the parameters.
LAST_NORM = "layer_norm"


def block_name(number: int) -> str:
    """What a block is called among the parameters; the first is number 1."""
    return f"block{number}"


class Blocks(nn.Module):
    """Blocks one after the other, and maybe a layer normalisation at the end.

    Attributes:
      count: of blocks.
      last_norm: whether frames come normalised, as at the end of an encoder.
      dtype: of products; None for that of frames and parameters.
      remat: whether the backward pass computes the inside of each block again.
    """

    count: int
    last_norm: bool = False
    dtype: Any = None
    remat: bool = False

    @nn.compact
    def __call__(self, frames: jax.Array, counts: jax.Array) -> jax.Array:
        """Maps frames [batch, frames, features], of which ``counts`` do, to others."""
        block = nn.remat(Block) if self.remat else Block
        x, hidden = frames, EXPANSION * frames.shape[-1]
        for number in range(1, self.count + 1):
            x = block(hidden, self.dtype, name=block_name(number))(x, counts)
        return layer_norm(LAST_NORM)(x) if self.last_norm else x


class BlocksPooling(nn.Module):
    """Statistics over time of what blocks make of frames."""

    blocks: Blocks

    def __call__(self, frames: jax.Array, counts: jax.Array, train: bool) -> jax.Array:
        """Maps [batch, frames, features] to [batch, 2 * features]."""
        del train  # Nothing of it is of the batch.
        return pool_statistics(self.blocks(frames, counts), counts)


def transformer(
    num_outputs: int,
    num_features: int,
    *,
    blocks: int = 1,
    last_norm: bool = False,
    remat: bool = False,
    compute_dtype: str = "float32",
    **options: Any,
) -> Network:
    """Builds a network on statistics over time of a transformer's blocks.

    Args:
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis, the width of the blocks.
      blocks: how many.
      last_norm: whether the last one is the last of its encoder, which then normalises.
      remat: whether the backward pass computes the inside of each block again, for
        less memory and more time.
      compute_dtype: a key of ``COMPUTE_DTYPES``: of the products of blocks and of
        hidden layers; norms, weights of attention, statistics, parameters and logits
        keep the parameters' type.
      **options: others of ``pooled.pooled``.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``,
      which has those of the blocks as ``pool``, and ``classifier``.

    Examples:
      >>> import jax.numpy as jnp
      >>> network = transformer(num_outputs=5, num_features=8, blocks=2)
      >>> params, _ = jax.jit(network.init)(jax.random.key(0))
      >>> jax.tree.map(jnp.shape, params["encoder"]["pool"]["blocks"]["block2"]["fc1"])
      {'bias': (32,), 'kernel': (8, 32)}
    """
    dtype = COMPUTE_DTYPES[compute_dtype]
    return on_statistics(
        BlocksPooling(Blocks(blocks, last_norm, dtype, remat)),
        num_outputs,
        num_features,
        compute_dtype=compute_dtype,
        epsilon=LEARNT_EPSILON,
        **options,
    )
