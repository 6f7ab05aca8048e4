"""The one signature that all algorithms share.

An algorithm turns a batch into the gradient that the optimiser applies. It is a pair
of pure functions, so one training step, one loop and one evaluation serve them all.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.meta import Batch
from damldg_jax.models import Network
from damldg_jax.parallel import mean_over_devices
from damldg_jax.types import BatchStats, Params

State = Any


class Aux(NamedTuple):
    """What an algorithm hands on beside its gradient.

    Attributes:
      batch_stats: running statistics after this batch.
      state: the algorithm's own state after this batch.
      metrics: small arrays to be logged, each the same on every device; ``loss`` is
        always among them.
    """

    batch_stats: BatchStats
    state: State
    metrics: Mapping[str, jax.Array]


InitFn = Callable[[Params, int], State]
GradientFn = Callable[[Params, BatchStats, State, Batch, jax.Array], tuple[Params, Aux]]


class Algorithm(NamedTuple):
    """An algorithm as pure functions.

    Attributes:
      init: ``(params, num_domains) -> state``, the algorithm's own state before the
        first step.
      gradient: ``(params, batch_stats, state, batch, rng) -> (gradient, aux)``, the
        gradient being averaged over devices.
    """

    init: InitFn
    gradient: GradientFn


Factory = Callable[[Network, Hyperparameters, str | None], Algorithm]
LossFn = Callable[[Params, BatchStats, State, Batch, jax.Array], tuple[jax.Array, Aux]]


def stateless(params: Params, num_domains: int) -> tuple[()]:
    """The state of an algorithm that keeps none."""
    del params, num_domains
    return ()


def descend(
    loss_fn: LossFn, axis_name: str | None, init: InitFn = stateless
) -> Algorithm:
    """Makes the algorithm that descends the gradient of a loss.

    Args:
      loss_fn: ``(params, batch_stats, state, batch, rng) -> (loss, aux)``; the loss
        is averaged over devices already, and joins the metrics of ``aux``.
      axis_name: of the devices that share a batch, or None.
      init: ``(params, num_domains) -> state`` of the loss; none by default.

    Returns:
      The algorithm.
    """

    def gradient(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[Params, Aux]:
        (loss, aux), grads = jax.value_and_grad(loss_fn, has_aux=True)(
            params, batch_stats, state, batch, rng
        )
        grads = mean_over_devices(grads, axis_name)
        return grads, aux._replace(metrics={"loss": loss, **aux.metrics})

    return Algorithm(init, gradient)
