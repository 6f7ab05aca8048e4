"""ResNet on a spectrogram of any length, as pure functions.

ResNet-18 of He et al. 2015 (https://arxiv.org/abs/1512.03385): 7x7/2 stem, 3x3/2 max
pooling, stages of 64, 128, 256 and 512 channels, global average pooling, linear.

Two choices make padding harmless:

* The value of silence is subtracted from the input, so that the zeros with which a
  convolution pads its input mean silence. (A scale would change nothing: batch
  normalisation follows the first convolution.)
* Padding is symmetric, never ``SAME``, whose alignment depends on the length. With
  ``lengths`` given, frames past the end are set to zero after each layer, and an
  utterance padded to a longer batch gets the result it gets alone.

Normalisation is a row of ``norms.py``: of batches, or of groups of channels.
"""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax

from damldg_jax.assembly import COMPUTE_DTYPES, Network, Outputs, assemble
from damldg_jax.convolution import convolve, max_pool
from damldg_jax.norms import NORMS, Norm, valid_frames
from damldg_jax.objectives import CLASSES, Objective

__all__ = ["STAGE_SIZES", "Network", "Outputs", "ResNetEncoder", "resnet"]

STAGE_SIZES = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}

_max_pool = functools.partial(
    nn.max_pool, window_shape=(3, 3), strides=(2, 2), padding=((1, 1), (1, 1))
)
_he_normal = nn.initializers.variance_scaling(2.0, "fan_out", "normal")


def _silence_past_end(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
    if lengths is None:
        return x
    return x * valid_frames(x, lengths)[:, :, None, None].astype(x.dtype)


def _halve(lengths: jax.Array | None) -> jax.Array | None:
    """Frames after a layer of stride 2 with symmetric padding."""
    return None if lengths is None else (lengths + 1) // 2


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2015, Fig. 2)."""

    channels: int
    stride: int
    conv: Callable[..., Any]
    norm: Norm

    @nn.compact
    def __call__(self, x: jax.Array, lengths: jax.Array | None) -> jax.Array:
        """Maps [batch, time, frequency, channels] to ``channels`` at the stride."""
        strides = (self.stride, self.stride)
        y = self.conv(self.channels, (3, 3), strides, padding=1, name="conv1")(x)
        y = _silence_past_end(nn.relu(self.norm("norm1")(y, lengths)), lengths)
        y = self.conv(self.channels, (3, 3), padding=1, name="conv2")(y)
        y = self.norm("norm2")(y, lengths)
        if x.shape != y.shape:
            conv = functools.partial(self.conv, padding=0, name="shortcut")
            x = conv(self.channels, (1, 1), strides)(x)
            x = self.norm("shortcut_norm")(x, lengths)
        return _silence_past_end(nn.relu(x + y), lengths)


class ResNetEncoder(nn.Module):
    """All of a ResNet below its pooling, for inputs [batch, frames, bands, channels].

    Attributes:
      stage_sizes: residual blocks in each stage.
      width: channels of the stem and the first stage.
      silence: input value that stands for no sound.
      axis_name: of the devices that share a batch, or None.
      for_cpu: whether to compute as ``convolution.py`` does.
      norm: a key of ``NORMS``.
      dtype: of convolutions and activations; None for that of inputs and parameters.
      remat: whether the backward pass computes the inside of each block again.
    """

    stage_sizes: tuple[int, ...]
    width: int
    silence: float
    axis_name: str | None = None
    for_cpu: bool = False
    norm: str = "batch"
    dtype: Any = None
    remat: bool = False

    @nn.compact
    def __call__(
        self, inputs: jax.Array, lengths: jax.Array | None, train: bool
    ) -> tuple[jax.Array, jax.Array | None]:
        """Returns maps [batch, time, frequency, channels] and their valid lengths."""
        norm = NORMS[self.norm](train, self.axis_name, self.dtype)
        conv = functools.partial(
            nn.Conv,
            use_bias=False,
            kernel_init=_he_normal,
            conv_general_dilated=convolve if self.for_cpu else None,
            dtype=self.dtype,
        )
        kept = nn.remat if self.remat else lambda function: function

        def stem(encoder: nn.Module, x: jax.Array, lengths: jax.Array | None):
            del encoder  # The layers are its own; ``nn.remat`` wants it.
            x = conv(self.width, (7, 7), (2, 2), padding=3, name="stem")(x)
            lengths = _halve(lengths)
            x = nn.relu(norm("stem_norm")(x, lengths))
            x = (max_pool if self.for_cpu else _max_pool)(_silence_past_end(x, lengths))
            lengths = _halve(lengths)
            return _silence_past_end(x, lengths), lengths

        x = _silence_past_end(inputs - self.silence, lengths)
        x, lengths = kept(stem)(self, x, lengths)
        for stage, blocks in enumerate(self.stage_sizes):
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                lengths = _halve(lengths) if stride == 2 else lengths
                name = f"stage{stage + 1}_block{block + 1}"
                channels = self.width * 2**stage
                x = kept(ResidualBlock)(channels, stride, conv, norm, name=name)(
                    x, lengths
                )
        return x, lengths


def resnet(
    num_outputs: int,
    num_features: int,
    *,
    depth: int = 18,
    width: int = 64,
    channels: int = 1,
    silence: float = 0.0,
    axis_name: str | None = None,
    for_cpu: bool | None = None,
    norm: str = "batch",
    compute_dtype: str = "float32",
    remat: bool = False,
    objective: Objective = CLASSES,
) -> Network:
    """Builds a ResNet for spectrograms.

    Args:
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis.
      depth: one of ``STAGE_SIZES``.
      width: channels of the stem and the first stage; 64 in the paper.
      channels: of the inputs, into which the feature axis is unfolded; see `assemble`.
      silence: input value that stands for no sound.
      axis_name: of the devices that share a training batch, or None.
      for_cpu: whether to compute as ``convolution.py`` does, with the same results up
        to rounding; by default where JAX runs on a CPU.
      norm: a key of ``NORMS``.
      compute_dtype: a key of ``COMPUTE_DTYPES``: of convolutions and activations;
        parameters, statistics and logits keep the parameters' type.
      remat: whether the backward pass computes the inside of each block again, for
        less memory and more time.
      objective: what the outputs mean.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``
      and ``classifier``.
    """
    if for_cpu is None:
        for_cpu = jax.default_backend() == "cpu"
    encoder = ResNetEncoder(
        STAGE_SIZES[depth],
        width,
        silence,
        axis_name,
        for_cpu,
        norm=norm,
        dtype=COMPUTE_DTYPES[compute_dtype],
        remat=remat,
    )
    return assemble(
        encoder, num_outputs, num_features, channels=channels, objective=objective
    )
