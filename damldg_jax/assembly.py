"""Networks as pure functions, assembled from an encoder.

An encoder is all of a network below its pooling, a flax module that maps ``(inputs
[batch, frames, bands, channels], lengths [batch] or None, train)`` to ``(maps [batch,
time, frequency, channels], their valid lengths or None)``. What is past those lengths
is zero. Maps of a type below float32 become float32, so that pooling, logits, risks and
energies are; and an encoder may have no statistics over the batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.objectives import CLASSES, Objective
from damldg_jax.types import BatchStats, Forward, Params

# What running statistics keep of themselves at each step.
MOMENTUM = 0.9
# Of convolutions, products and activations; None is that of inputs and parameters.
COMPUTE_DTYPES = {"float32": None, "bfloat16": jnp.bfloat16}


class Outputs(NamedTuple):
    """What a network says about each utterance.

    Attributes:
      logits: [..., outputs].
      embedding: [..., channels], the input of the last linear layer.
    """

    logits: jax.Array
    embedding: jax.Array


class Network(NamedTuple):
    """A network as pure functions; leading axes of the inputs are free.

    Attributes:
      init: ``key -> (params, batch_stats)``; the latter is empty where nothing is
        normalised over the batch.
      encode: ``(params, batch_stats, inputs[..., frames, features, 1]) ->
        (maps[..., time, frequency, channels], batch_stats)``, normalising by the
        statistics of this very batch and returning the updated running ones.
      statistics: ``(params, batch_stats, inputs) -> batch_stats``, those of this very
        batch alone; of the second argument the structure counts.
      classify: ``(params, maps) -> logits[..., outputs]``.
      evaluate: ``(params, batch_stats, inputs, lengths[...] or None) -> Outputs``,
        normalising by running statistics; frames past ``lengths`` do not count.
      objective: what the logits mean, and how far they are from labels.
      counts: ``inputs[..., frames, features, 1] -> bool[..., frames]``, the frames
        that are not padding, for a network that leaves padding out; None for others.
    """

    init: Callable[[jax.Array], tuple[Params, BatchStats]]
    encode: Callable[[Params, BatchStats, jax.Array], tuple[jax.Array, BatchStats]]
    statistics: Callable[[Params, BatchStats, jax.Array], BatchStats]
    classify: Callable[[Params, jax.Array], jax.Array]
    evaluate: Callable[[Params, BatchStats, jax.Array, jax.Array | None], Outputs]
    objective: Objective = CLASSES
    counts: Callable[[jax.Array], jax.Array] | None = None

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


def _at_least_float32(maps: jax.Array) -> jax.Array:
    return maps.astype(jnp.promote_types(maps.dtype, jnp.float32))


def _pool(maps: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
    """Averages [..., time, frequency, channels] over frequency and valid time."""
    if lengths is None:
        return maps.mean(axis=(-3, -2))
    # Frames past the end are zero already, so a sum leaves them out.
    count = lengths[:, None] * maps.shape[-2]
    return maps.sum(axis=(-3, -2)) / count.astype(maps.dtype)


def assemble(
    encoder: nn.Module,
    num_outputs: int,
    num_features: int,
    *,
    channels: int = 1,
    objective: Objective = CLASSES,
) -> Network:
    """Puts global average pooling and a linear layer on an encoder.

    Args:
      encoder: see above; its batch normalisation keeps ``MOMENTUM``.
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis.
      channels: into which that axis is unfolded: it holds the channels of the first
        band, then those of the second, and so on.
      objective: what the outputs mean.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``
      and ``classifier``.
    """
    classifier = nn.Dense(num_outputs)

    def unfold(inputs: jax.Array) -> jax.Array:
        chex.assert_axis_dimension(inputs, -2, num_features)
        bands = num_features // channels
        return inputs.reshape(-1, inputs.shape[-3], bands, channels)

    def init(key: jax.Array) -> tuple[Params, BatchStats]:
        encoder_key, classifier_key = jax.random.split(key)
        inputs = unfold(jnp.zeros((1, 32, num_features, 1)))
        (maps, _), variables = encoder.init_with_output(
            encoder_key, inputs, None, train=False
        )
        head = classifier.init(classifier_key, _pool(_at_least_float32(maps)))
        # Of an encoder without parameters flax has nothing to tell.
        encoder_params = variables.get("params", {})
        params = {"encoder": encoder_params, "classifier": head["params"]}
        return params, variables.get("batch_stats", {})

    # Traced once for the several passes of a step, which is much of what a start takes.
    @jax.jit
    def encode(
        params: Params, batch_stats: BatchStats, inputs: jax.Array
    ) -> tuple[jax.Array, BatchStats]:
        variables = {"params": params["encoder"], "batch_stats": batch_stats}
        (maps, _), updated = encoder.apply(
            variables, unfold(inputs), None, train=True, mutable=["batch_stats"]
        )
        maps = maps.reshape(*inputs.shape[:-3], *maps.shape[1:])
        return _at_least_float32(maps), updated.get("batch_stats", {})

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
        variables = {"params": params["encoder"], "batch_stats": batch_stats}
        lengths = None if lengths is None else lengths.reshape(-1)
        maps, lengths = encoder.apply(variables, unfold(inputs), lengths, train=False)
        embedding = _pool(_at_least_float32(maps), lengths)
        embedding = embedding.reshape(*inputs.shape[:-3], -1)
        logits = classifier.apply({"params": params["classifier"]}, embedding)
        return Outputs(logits, embedding)

    return Network(init, encode, statistics, classify, evaluate, objective)
