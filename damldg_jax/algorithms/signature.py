"""The one signature that all algorithms share.

An algorithm turns a batch into the gradient that the optimiser applies. It is a pair
of pure functions, so one training step, one loop and one evaluation serve them all.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax

from damldg_jax.meta import Batch
from damldg_jax.models import Network
from damldg_jax.parallel import mean_over_devices
from damldg_jax.types import BatchStats, Params

State = Any

ENERGY_STATISTICS = ("batch", "running")


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


GradientFn = Callable[[Params, BatchStats, State, Batch, jax.Array], tuple[Params, Aux]]


class Algorithm(NamedTuple):
    """An algorithm as pure functions.

    Attributes:
      init: ``params -> state``, the algorithm's own state before the first step.
      gradient: ``(params, batch_stats, state, batch, rng) -> (gradient, aux)``, the
        gradient being averaged over devices.
    """

    init: Callable[[Params], State]
    gradient: GradientFn


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """Settings of the algorithms; each reads those that concern it.

    Attributes:
      inner_learning_rate: eta_s of the virtual update.
      num_held_out: meta-test domains in a step.
      second_order: derive the meta-test loss through the virtual update, as the
        paper's line 7 says; else take theta' for a constant plus theta.
      margin_gradient: let the gradient flow through gamma as well, as line 7 is
        written and as the public code places it; else gamma is a mere number.
      energy_statistics: ``running`` normalises by the running statistics when gamma
        is computed, as the public code does; ``batch`` by those of S' and of V.
      temperature: T of the energy in Eq. (3).
    """

    inner_learning_rate: float = 0.01
    num_held_out: int = 1
    second_order: bool = True
    margin_gradient: bool = True
    energy_statistics: str = "batch"
    temperature: float = 1.0


Factory = Callable[[Network, Hyperparameters, str | None], Algorithm]


class LossAux(NamedTuple):
    """What a loss hands on.

    Attributes:
      batch_stats: running statistics after this batch.
      metrics: small arrays to be logged beside the loss.
    """

    batch_stats: BatchStats
    metrics: Mapping[str, jax.Array]


LossFn = Callable[[Params, BatchStats, Batch, jax.Array], tuple[jax.Array, LossAux]]


def descend(loss_fn: LossFn, axis_name: str | None) -> Algorithm:
    """Makes the algorithm that descends the gradient of a loss, with no other state.

    Args:
      loss_fn: ``(params, batch_stats, batch, rng) -> (loss, aux)``; the loss is
        averaged over devices already.
      axis_name: of the devices that share a batch, or None.

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
            params, batch_stats, batch, rng
        )
        grads = mean_over_devices(grads, axis_name)
        return grads, Aux(aux.batch_stats, state, {"loss": loss, **aux.metrics})

    return Algorithm(stateless, gradient)


def stateless(params: Params) -> tuple[()]:
    """The state of an algorithm that keeps none."""
    del params
    return ()
