"""The encoder of Whisper in Flax, for recordings of any length.

Radford et al. 2022, "Robust speech recognition via large-scale weak supervision"
(https://arxiv.org/abs/2212.04356): two convolutions, the second of stride 2, a table of
positions, and blocks of self-attention and a hidden layer (``blocks.py``).

Frames past the end of a recording are zeros to the convolutions and nothing to
attention, so that a recording in a batch of longer ones comes out as it does alone.
"""

import dataclasses
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.encoders.blocks import Block, layer_norm


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How large an encoder is.

    Attributes:
      num_mels: bands that it hears.
      width: of its frames.
      hidden: units of the hidden layer in each block.
      num_layers: blocks.
      positions: rows of the table, frames that it can number.
    """

    num_mels: int
    width: int
    hidden: int
    num_layers: int
    positions: int


class WhisperEncoder(nn.Module):
    """From log-mel frames to frames of 20 ms.

    Attributes:
      sizes: of the encoder.
      dtype: of products; None for that of inputs and parameters.
      remat: whether the backward pass computes the insides of the blocks again.
    """

    sizes: Sizes
    dtype: Any = None
    remat: bool = False

    @nn.compact
    def __call__(
        self, mel: jax.Array, lengths: jax.Array, layers: tuple[int, ...]
    ) -> tuple[jax.Array, ...]:
        """Encodes recordings.

        Args:
          mel: [batch, frames, num_mels], zeros past ``lengths``.
          lengths: [batch] int, log-mel frames of each; those of the batch are at most
            twice ``sizes.positions``.
          layers: whose outputs are wanted, ascending: 0 is what goes into the first
            block, and the last comes normalised, as Whisper's decoder is given it.

        Returns:
          Of each layer [batch, ceil(frames / 2), width], zeros past the end.
        """
        chex.assert_rank([mel, lengths], [3, 1])
        x = self._heard(mel, lengths)
        counts = jnp.arange(x.shape[1])[None] < ((lengths + 1) // 2)[:, None]
        table = self.param(
            "embed_positions",
            nn.initializers.normal(0.01),
            (self.sizes.positions, self.sizes.width),
        )
        x = x + table[None, : x.shape[1]]
        outputs = [x]
        block = nn.remat(Block) if self.remat else Block
        for number in range(max(layers)):
            x = block(self.sizes.hidden, self.dtype, name=f"layers_{number}")(x, counts)
            outputs.append(x)
        if max(layers) == self.sizes.num_layers:
            outputs[-1] = layer_norm("layer_norm")(outputs[-1])
        inside = counts[..., None]
        return tuple(jnp.where(inside, outputs[layer], 0) for layer in layers)

    def _heard(self, mel: jax.Array, lengths: jax.Array) -> jax.Array:
        width = self.sizes.width
        inside = (jnp.arange(mel.shape[1])[None] < lengths[:, None])[..., None]
        conv = nn.Conv(width, (3,), padding=1, dtype=self.dtype, name="conv1")
        x = jnp.where(inside, nn.gelu(conv(mel), approximate=False), 0)
        conv = nn.Conv(width, (3,), 2, padding=1, dtype=self.dtype, name="conv2")
        return nn.gelu(conv(x), approximate=False)
