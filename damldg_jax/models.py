"""ResNet on a one-channel spectrogram of any length, as pure functions.

ResNet-18 of He et al. 2015 (https://arxiv.org/abs/1512.03385): 7x7/2 stem, 3x3/2 max
pooling, stages of 64, 128, 256 and 512 channels, global average pooling, linear.

Two choices make padding harmless:

* The value of silence is subtracted from the input, so that the zeros with which a
  convolution pads its input mean silence. (A scale would change nothing: batch
  normalisation follows the first convolution.)
* Padding is symmetric, never ``SAME``, whose alignment depends on the length. With
  ``lengths`` given, frames past the end are set to zero after each layer, and an
  utterance padded to a longer batch gets the result it gets alone.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.convolution import convolve, max_pool
from damldg_jax.types import BatchStats, Forward, Params

STAGE_SIZES = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}

# What running statistics keep of themselves at each step.
MOMENTUM = 0.9

_max_pool = functools.partial(
    nn.max_pool, window_shape=(3, 3), strides=(2, 2), padding=((1, 1), (1, 1))
)
_he_normal = nn.initializers.variance_scaling(2.0, "fan_out", "normal")


class Outputs(NamedTuple):
    """What a network says about each utterance.

    Attributes:
      logits: [..., classes].
      embedding: [..., channels], the input of the last linear layer.
    """

    logits: jax.Array
    embedding: jax.Array


class Network(NamedTuple):
    """A network as pure functions; leading axes of the inputs are free.

    Attributes:
      init: ``key -> (params, batch_stats)``.
      encode: ``(params, batch_stats, inputs[..., frames, features, 1]) ->
        (maps[..., time, frequency, channels], batch_stats)``, normalising by the
        statistics of this very batch and returning the updated running ones.
      statistics: ``(params, batch_stats, inputs) -> batch_stats``, those of this very
        batch alone; of the second argument the structure counts.
      classify: ``(params, maps) -> logits[..., classes]``.
      evaluate: ``(params, batch_stats, inputs, lengths[...] or None) -> Outputs``,
        normalising by running statistics; frames past ``lengths`` do not count.
    """

    init: Callable[[jax.Array], tuple[Params, BatchStats]]
    encode: Callable[[Params, BatchStats, jax.Array], tuple[jax.Array, BatchStats]]
    statistics: Callable[[Params, BatchStats, jax.Array], BatchStats]
    classify: Callable[[Params, jax.Array], jax.Array]
    evaluate: Callable[[Params, BatchStats, jax.Array, jax.Array | None], Outputs]

    def training_forward(self, batch_stats: BatchStats) -> Forward:
        """The network as ``(params, inputs) -> (logits, updated batch_stats)``."""

        def forward(params: Params, inputs: jax.Array) -> tuple[jax.Array, BatchStats]:
            maps, updated = self.encode(params, batch_stats, inputs)
            return self.classify(params, maps), updated

        return forward

    def running_forward(self, batch_stats: BatchStats) -> Forward:
        """As above, but normalised by running statistics, which stay as they are."""

        def forward(params: Params, inputs: jax.Array) -> tuple[jax.Array, BatchStats]:
            return self.evaluate(params, batch_stats, inputs).logits, batch_stats

        return forward


def _silence_past_end(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
    if lengths is None:
        return x
    valid = jnp.arange(x.shape[1])[None] < lengths[:, None]
    return x * valid[:, :, None, None].astype(x.dtype)


def _halve(lengths: jax.Array | None) -> jax.Array | None:
    """Frames after a layer of stride 2 with symmetric padding."""
    return None if lengths is None else (lengths + 1) // 2


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2015, Fig. 2)."""

    channels: int
    stride: int
    conv: Callable[..., Any]
    norm: Callable[..., Any]

    @nn.compact
    def __call__(self, x: jax.Array, lengths: jax.Array | None) -> jax.Array:
        """Maps [batch, time, frequency, channels] to ``channels`` at the stride."""
        strides = (self.stride, self.stride)
        y = self.conv(self.channels, (3, 3), strides, padding=1, name="conv1")(x)
        y = _silence_past_end(nn.relu(self.norm(name="norm1")(y)), lengths)
        y = self.conv(self.channels, (3, 3), padding=1, name="conv2")(y)
        y = self.norm(name="norm2")(y)
        if x.shape != y.shape:
            conv = functools.partial(self.conv, padding=0, name="shortcut")
            x = conv(self.channels, (1, 1), strides)(x)
            x = self.norm(name="shortcut_norm")(x)
        return _silence_past_end(nn.relu(x + y), lengths)


class ResNetEncoder(nn.Module):
    """All of a ResNet below its pooling, for inputs [batch, frames, features, 1].

    Attributes:
      stage_sizes: residual blocks in each stage.
      width: channels of the stem and the first stage.
      silence: input value that stands for no sound.
      axis_name: of the devices that share a batch, or None.
      for_cpu: whether to compute as ``convolution.py`` does.
    """

    stage_sizes: tuple[int, ...]
    width: int
    silence: float
    axis_name: str | None = None
    for_cpu: bool = False

    @nn.compact
    def __call__(
        self, inputs: jax.Array, lengths: jax.Array | None, train: bool
    ) -> tuple[jax.Array, jax.Array | None]:
        """Returns maps [batch, time, frequency, channels] and their valid lengths."""
        norm = functools.partial(
            nn.BatchNorm,
            use_running_average=not train,
            momentum=MOMENTUM,
            epsilon=1e-5,
            axis_name=self.axis_name,
        )
        conv = functools.partial(
            nn.Conv,
            use_bias=False,
            kernel_init=_he_normal,
            conv_general_dilated=convolve if self.for_cpu else None,
        )
        x = _silence_past_end(inputs - self.silence, lengths)
        x = conv(self.width, (7, 7), (2, 2), padding=3, name="stem")(x)
        lengths = _halve(lengths)
        x = _silence_past_end(nn.relu(norm(name="stem_norm")(x)), lengths)
        x = (max_pool if self.for_cpu else _max_pool)(x)
        lengths = _halve(lengths)
        x = _silence_past_end(x, lengths)
        for stage, blocks in enumerate(self.stage_sizes):
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                lengths = _halve(lengths) if stride == 2 else lengths
                name = f"stage{stage + 1}_block{block + 1}"
                channels = self.width * 2**stage
                x = ResidualBlock(channels, stride, conv, norm, name=name)(x, lengths)
        return x, lengths


def _pool(maps: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
    """Averages [..., time, frequency, channels] over frequency and valid time."""
    if lengths is None:
        return maps.mean(axis=(-3, -2))
    # Frames past the end are zero already, so a sum leaves them out.
    count = lengths[:, None] * maps.shape[-2]
    return maps.sum(axis=(-3, -2)) / count.astype(maps.dtype)


def resnet(
    num_classes: int,
    num_features: int,
    *,
    depth: int = 18,
    width: int = 64,
    silence: float = 0.0,
    axis_name: str | None = None,
    for_cpu: bool | None = None,
) -> Network:
    """Builds a ResNet for spectrograms.

    Args:
      num_classes: size of the output.
      num_features: size of the inputs' feature axis.
      depth: one of ``STAGE_SIZES``.
      width: channels of the stem and the first stage; 64 in the paper.
      silence: input value that stands for no sound.
      axis_name: of the devices that share a training batch, or None.
      for_cpu: whether to compute as ``convolution.py`` does, with the same results up
        to rounding; by default where JAX runs on a CPU.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``
      and ``classifier``.
    """
    if for_cpu is None:
        for_cpu = jax.default_backend() == "cpu"
    encoder = ResNetEncoder(STAGE_SIZES[depth], width, silence, axis_name, for_cpu)
    classifier = nn.Dense(num_classes)

    def init(key: jax.Array) -> tuple[Params, BatchStats]:
        encoder_key, classifier_key = jax.random.split(key)
        inputs = jnp.zeros((1, 32, num_features, 1))
        (maps, _), variables = encoder.init_with_output(
            encoder_key, inputs, None, train=False
        )
        head = classifier.init(classifier_key, _pool(maps))
        params = {"encoder": variables["params"], "classifier": head["params"]}
        return params, variables["batch_stats"]

    def encode(
        params: Params, batch_stats: BatchStats, inputs: jax.Array
    ) -> tuple[jax.Array, BatchStats]:
        chex.assert_axis_dimension(inputs, -2, num_features)
        variables = {"params": params["encoder"], "batch_stats": batch_stats}
        flat = inputs.reshape(-1, *inputs.shape[-3:])
        (maps, _), updated = encoder.apply(
            variables, flat, None, train=True, mutable=["batch_stats"]
        )
        maps = maps.reshape(*inputs.shape[:-3], *maps.shape[1:])
        return maps, updated["batch_stats"]

    def statistics(
        params: Params, batch_stats: BatchStats, inputs: jax.Array
    ) -> BatchStats:
        # Running statistics that start from zero hold their share of the batch's.
        zeros = jax.tree.map(jnp.zeros_like, batch_stats)
        _, updated = encode(params, zeros, inputs)
        return jax.tree.map(lambda x: x / (1 - MOMENTUM), updated)

    def classify(params: Params, maps: jax.Array) -> jax.Array:
        return classifier.apply({"params": params["classifier"]}, _pool(maps))

    def evaluate(
        params: Params,
        batch_stats: BatchStats,
        inputs: jax.Array,
        lengths: jax.Array | None = None,
    ) -> Outputs:
        chex.assert_axis_dimension(inputs, -2, num_features)
        variables = {"params": params["encoder"], "batch_stats": batch_stats}
        flat = inputs.reshape(-1, *inputs.shape[-3:])
        lengths = None if lengths is None else lengths.reshape(-1)
        maps, lengths = encoder.apply(variables, flat, lengths, train=False)
        embedding = _pool(maps, lengths)
        embedding = embedding.reshape(*inputs.shape[:-3], -1)
        logits = classifier.apply({"params": params["classifier"]}, embedding)
        return Outputs(logits, embedding)

    return Network(init, encode, statistics, classify, evaluate)
