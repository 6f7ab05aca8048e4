"""Adapts a network to utterances without labels: TENT, entropy minimisation.

Wang et al. 2021, "Tent: fully test-time adaptation by entropy minimization"
(https://arxiv.org/abs/2006.10726). The mean entropy of what the network predicts,
``-sum_c p_c log p_c``, is minimised over the scales and biases of its normalisation
layers; all else stays. While it adapts, each batch is normalised by its own statistics,
and nothing is altered. The paper predicts each batch as it comes; here all steps are
done first, and each utterance is then predicted once by whoever asks.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import jax
import numpy as np
import optax

from damldg_jax.augment import NO_AUGMENTATION
from damldg_jax.batches import Domains, Excerpt, Store
from damldg_jax.losses import entropy
from damldg_jax.models import Network
from damldg_jax.sampling import Windowing, sample_batch
from damldg_jax.types import BatchStats, Params

# The paper's for Adam, which it takes for small pictures.
LEARNING_RATE = 1e-3

_AFFINE = {"scale", "bias"}

# From domains, step and seed to the frames that the step reads.
ExcerptFn = Callable[[Domains, int, int], Excerpt | None]
AdaptFn = Callable[..., "Adapted"]


class Adapted(NamedTuple):
    """What adaptation has come to.

    Attributes:
      params: theta, of which scales and biases are others than before.
      entropies: [steps] float32, mean entropy of each step's batch before the step, in
        nats.
    """

    params: Params
    entropies: np.ndarray


def no_excerpt(domains: Domains, step: int, seed: int) -> None:
    """For a store that has its frames."""
    del domains, step, seed


def unaltered(windowing: Windowing) -> Windowing:
    """Cuts examples as long as those of training, of utterances as they are."""
    return windowing._replace(augmentation=NO_AUGMENTATION, columns=None, masks=None)


def affine_of(params: Params) -> Params:
    """The scales and biases of normalisation layers, among all parameters.

    A layer is one of them that has a ``scale`` and nothing else but a ``bias``, as
    flax's ``BatchNorm``, ``GroupNorm`` and ``LayerNorm`` have. What multiplies by a
    matrix has a ``kernel``.

    Args:
      params: dictionaries of layers, by name.

    Returns:
      A tree that has None in the place of all other leaves.

    Examples:
      >>> affine_of({"norm": {"scale": 1.0, "bias": 0.0}, "last": {"bias": 2.0}})
      {'norm': {'scale': 1.0, 'bias': 0.0}, 'last': {'bias': None}}
    """
    if not isinstance(params, Mapping):
        return None
    if "scale" in params and params.keys() <= _AFFINE:
        return dict(params)
    return {name: affine_of(part) for name, part in params.items()}


def with_affine(params: Params, affine: Params) -> Params:
    """Puts scales and biases in the place of those that there are.

    Args:
      params: all.
      affine: as ``affine_of`` tells them.

    Returns:
      All, of the same structure.
    """
    return jax.tree.map(
        lambda new, old: old if new is None else new,
        affine,
        params,
        is_leaf=lambda x: x is None,
    )


def entropy_and_gradient(
    network: Network,
    params: Params,
    affine: Params,
    batch_stats: BatchStats,
    inputs: jax.Array,
) -> tuple[jax.Array, Params]:
    """Mean entropy of a batch, and its gradient by scales and biases alone.

    Args:
      network: whose outputs are logits of classes.
      params: theta, of which scales and biases do not count.
      affine: those that do.
      batch_stats: running statistics, of which the structure counts.
      inputs: [..., frames, features, 1], normalised by their own statistics.

    Returns:
      A scalar, in nats, and a tree like ``affine``.
    """
    forward = network.training_forward(batch_stats)

    def mean_entropy(affine: Params) -> jax.Array:
        return entropy(forward(with_affine(params, affine), inputs)[0]).mean()

    return jax.value_and_grad(mean_entropy)(affine)


def compile_tent(
    network: Network,
    windowing: Windowing,
    batch_size: int,
    learning_rate: float,
    excerpt_of: ExcerptFn = no_excerpt,
) -> AdaptFn:
    """Makes the function that adapts parameters to a domain, by Adam.

    Args:
      network: the model; it must know of no axis of devices.
      windowing: how examples are cut; they are not altered.
      batch_size: utterances in a step.
      learning_rate: of Adam.
      excerpt_of: the frames of a step, if the store has none.

    Returns:
      ``(params, batch_stats, store, domains, seed, steps) -> Adapted``, a function of
      its arguments alone; ``domains`` has one, whose labels are not looked at, and
      ``steps`` are the numbers of the steps, from 0. All lies on one device.
    """
    windowing, optimizer = unaltered(windowing), optax.adam(learning_rate)

    @jax.jit
    def step(
        affine: Params,
        state: optax.OptState,
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        domains: Domains,
        number: np.int32,
        seed: np.uint32,
        excerpt: Excerpt | None,
    ) -> tuple[Params, optax.OptState, jax.Array]:
        batch = sample_batch(
            store, domains, batch_size, windowing, number, seed, excerpt
        )
        value, gradient = entropy_and_gradient(
            network, params, affine, batch_stats, batch.inputs
        )
        updates, state = optimizer.update(gradient, state, affine)
        return optax.apply_updates(affine, updates), state, value

    def adapt(
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        domains: Domains,
        seed: int,
        steps: Iterable[int],
    ) -> Adapted:
        affine, entropies = affine_of(params), []
        state = optimizer.init(affine)
        for number in steps:
            given = np.int32(number), np.uint32(seed)
            excerpt = excerpt_of(domains, number, seed)
            affine, state, value = step(
                affine, state, params, batch_stats, store, domains, *given, excerpt
            )
            entropies.append(value)
        told = np.array(jax.device_get(entropies), np.float32)
        return Adapted(with_affine(params, affine), told)

    return adapt
