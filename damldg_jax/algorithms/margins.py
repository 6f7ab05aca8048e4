"""The table of margins: what DA-MLDG takes for the shift of the held-out domains.

``plain`` is the paper's Eq. (3). The others answer what was found wanting in it: it is
as large between two halves of one domain as the batch is small, and it grows with the
scale of the logits, which says nothing about domains.
"""

import functools
from collections.abc import Callable

import chex
import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.meta import domain_shift_margin
from damldg_jax.objectives import Objective
from damldg_jax.parallel import mean_over_devices

# From the logits of S' and of V at theta', [domains, per_domain, outputs], to gamma.
Margin = Callable[[jax.Array, jax.Array], jax.Array]
MakeMargin = Callable[[Hyperparameters, Objective, str | None], Margin]

# Deviation of logits below which they are not scaled up.
_LEAST = 1e-3


def _plain(
    settings: Hyperparameters, objective: Objective, axis_name: str | None
) -> Margin:
    return functools.partial(
        domain_shift_margin,
        temperature=settings.temperature,
        axis_name=axis_name,
        objective=objective,
    )


def _scaled(
    settings: Hyperparameters, objective: Objective, axis_name: str | None
) -> Margin:
    plain = _plain(settings, objective, axis_name)

    def margin(train_logits: jax.Array, test_logits: jax.Array) -> jax.Array:
        center = mean_over_devices(train_logits.mean(), axis_name)
        variance = mean_over_devices(((train_logits - center) ** 2).mean(), axis_name)
        # What is divided by is a unit, not something to be learnt.
        unit = jnp.maximum(jax.lax.stop_gradient(jnp.sqrt(variance)), _LEAST)
        return plain(train_logits / unit, test_logits / unit)

    return margin


def _above_null(
    settings: Hyperparameters, objective: Objective, axis_name: str | None
) -> Margin:
    plain = _plain(settings, objective, axis_name)

    def margin(train_logits: jax.Array, test_logits: jax.Array) -> jax.Array:
        null = null_margin(train_logits, settings.temperature, axis_name, objective)
        # Where there is no more shift than by chance, nothing is to be learnt from it.
        return jnp.maximum(plain(train_logits, test_logits) - null, 0)

    return margin


MARGINS: dict[str, MakeMargin] = {
    "plain": _plain,
    # Energies of logits in units of their deviation: the scale of the logits, which
    # grows as the model learns, has no say.
    "scaled": _scaled,
    # What is more than between two halves of one domain.
    "above_null": _above_null,
}


def null_margin(
    logits: jax.Array,
    temperature: float,
    axis_name: str | None,
    objective: Objective,
) -> jax.Array:
    """Margin between two halves of one domain, mean over domains: what chance makes.

    The halves are smaller than the sets that gamma compares, whose chance margin is
    therefore smaller, by the square root of the ratio of their sizes on average.

    Args:
      logits: [domains, per_domain, outputs]; their order within a domain is random.
      temperature: T of the energy.
      axis_name: of the devices that share ``per_domain``, or None.
      objective: what the logits mean.

    Returns:
      A scalar without a gradient; 0 where there is but one example of a domain.
    """
    chex.assert_rank(logits, 3)
    half = logits.shape[1] // 2
    if not half:
        return jnp.zeros((), logits.dtype)
    energies = objective.energies(jax.lax.stop_gradient(logits), temperature)
    first = mean_over_devices(energies[:, :half].mean(axis=1), axis_name)
    second = mean_over_devices(energies[:, half : 2 * half].mean(axis=1), axis_name)
    return jnp.abs(first - second).mean()
