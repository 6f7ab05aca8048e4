"""How IRM and V-REx weigh their penalties: lightly at first, then in full.

Both start from a weight of 1, so that features are learnt before they are compared,
as in the code of IRM's authors (https://github.com/facebookresearch/
InvariantRiskMinimization), which V-REx's authors extend.
"""

import jax
import jax.numpy as jnp

from damldg_jax.types import Params


def count_steps(params: Params, num_domains: int) -> jax.Array:
    """The state of an algorithm that counts its steps: an int32 scalar, 0."""
    del params, num_domains
    return jnp.zeros((), jnp.int32)


def penalised(
    risk: jax.Array, penalty: jax.Array, weight: float, step: jax.Array, warmup: int
) -> jax.Array:
    """Loss ``(risk + w penalty) / max(w, 1)``.

    A heavy penalty would make a loss as many times larger, for which no learning rate
    is fit both before and after the warm-up; hence the division.

    Args:
      risk: mean over domains, a scalar in nats.
      penalty: a scalar, not negative.
      weight: w after the warm-up; during it w is 1.
      step: steps done, an integer scalar.
      warmup: steps that the warm-up takes.

    Returns:
      A scalar.
    """
    applied = jnp.where(step < warmup, 1.0, weight).astype(risk.dtype)
    return (risk + applied * penalty) / jnp.maximum(applied, 1.0)
