"""The table of averages of the parameters over a run, evaluated in their place.

An average of the last steps' parameters is flatter ground than the last step alone:
Polyak and Juditsky 1992 (https://doi.org/10.1137/0330046), Izmailov et al. 2018
(https://arxiv.org/abs/1803.05407), for unseen domains Cha et al. 2021
(https://arxiv.org/abs/2102.08604). It is kept beside the optimiser's state and has no
say in training.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from damldg_jax.types import Params

# Weight of the latest steps in a mean of powers: Shamir and Zhang 2013.
_POWER = 8.0


class Averaged(NamedTuple):
    """State of an optimiser that keeps an average.

    Attributes:
      inner: state of what descends.
      average: of the parameters, as they are.
      count: int32 scalar, steps that are averaged.
    """

    inner: Any
    average: Params
    count: jax.Array


# From the steps averaged so far, and the decay, to what the average keeps of itself.
Keep = Callable[[jax.Array, float], jax.Array]


def _exponential(count: jax.Array, decay: float) -> jax.Array:
    # The first steps are forgotten sooner than that.
    return jnp.minimum(decay, count / (count + 9.0))


def _polynomial(count: jax.Array, decay: float) -> jax.Array:
    del decay
    return 1 - (_POWER + 1) / (count + _POWER + 1)


AVERAGES: dict[str, Keep | None] = {
    "none": None,
    # Exponential moving average.
    "ema": _exponential,
    # Step t weighs about t^8, so that a ninth of the run counts, however long it is:
    # Shamir and Zhang 2013 (https://proceedings.mlr.press/v28/shamir13.html).
    "polynomial": _polynomial,
}


def averaging(
    optimizer: optax.GradientTransformation, average: str, decay: float
) -> optax.GradientTransformation:
    """Makes an optimiser keep an average of the parameters.

    Args:
      optimizer: what descends, and goes on as if nobody looked.
      average: key of ``AVERAGES``.
      decay: of the exponential average, what it keeps of itself in a step.

    Returns:
      The optimiser; with ``none`` the one that was given.
    """
    keep = AVERAGES[average]
    if keep is None:
        return optimizer

    def init(params: Params) -> Averaged:
        return Averaged(optimizer.init(params), params, jnp.zeros((), jnp.int32))

    def update(
        gradient: Params, state: Averaged, params: Params | None = None
    ) -> tuple[Params, Averaged]:
        updates, inner = optimizer.update(gradient, state.inner, params)
        kept = keep(state.count.astype(jnp.float32), decay)
        new = optax.apply_updates(params, updates)
        mean = jax.tree.map(
            lambda a, p: a + (1 - kept).astype(p.dtype) * (p - a), state.average, new
        )
        return updates, Averaged(inner, mean, state.count + 1)

    return optax.GradientTransformation(init, update)


def evaluated(params: Params, optimizer_state: Any) -> Params:
    """The parameters that are to be evaluated.

    Args:
      params: theta after the last step.
      optimizer_state: of ``averaging``, or of any other optimiser.

    Returns:
      Their average, if there is one of any step; else theta.
    """
    averaged = isinstance(optimizer_state, Averaged) and int(optimizer_state.count)
    return optimizer_state.average if averaged else params
