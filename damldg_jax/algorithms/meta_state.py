"""What meta-learning carries from step to step, where options ask for it.

The paper's algorithm carries nothing, and then there is no state. With
``hold_out_steps`` the key that draws the held-out domains stays for so many steps; with
``relative_margin`` the running mean of gamma is kept, which becomes its unit.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.signature import InitFn, State, stateless
from damldg_jax.types import Params

_DECAY = 0.99
# A margin of nothing has no unit.
_LEAST = 1e-6


class Carried(NamedTuple):
    """The state.

    Attributes:
      count: int32 scalar, steps done.
      key: uint32 array, data of the key that draws the held-out domains.
      mean: float32 scalar, running mean of gamma; 0 before the first step.
    """

    count: jax.Array
    key: jax.Array
    mean: jax.Array


class MetaState(NamedTuple):
    """The state as pure functions.

    Attributes:
      init: ``(params, num_domains) -> state``.
      look: ``(state, rng) -> (key, unit)``, by which domains are held out and gamma is
        divided in this step.
      update: ``(state, key, gamma) -> state`` after it.
    """

    init: InitFn
    look: Callable[[State, jax.Array], tuple[jax.Array, jax.Array | float]]
    update: Callable[[State, jax.Array, jax.Array], State]


_NOTHING = MetaState(
    stateless, lambda state, rng: (rng, 1.0), lambda state, key, gamma: state
)


def make_meta_state(settings: Hyperparameters) -> MetaState:
    """Makes the state that options ask for.

    Args:
      settings: ``hold_out_steps`` and ``relative_margin``.

    Returns:
      Its functions; without such options there is nothing to carry.
    """
    if settings.hold_out_steps == 1 and not settings.relative_margin:
        return _NOTHING

    def init(params: Params, num_domains: int) -> Carried:
        del params, num_domains
        key = jax.random.key_data(jax.random.key(0))
        return Carried(jnp.zeros((), jnp.int32), key, jnp.zeros(()))

    def look(state: Carried, rng: jax.Array) -> tuple[jax.Array, jax.Array | float]:
        own = jax.random.key_data(rng)
        first = state.count % settings.hold_out_steps == 0
        key = jax.random.wrap_key_data(jnp.where(first, own, state.key))
        if not settings.relative_margin:
            return key, 1.0
        # Before there is a mean, gamma is taken as it is.
        return key, jnp.where(state.mean > _LEAST, state.mean, 1.0)

    def update(state: Carried, key: jax.Array, gamma: jax.Array) -> Carried:
        gamma = jax.lax.stop_gradient(gamma).astype(state.mean.dtype)
        decay = jnp.minimum(_DECAY, state.count / (state.count + 9.0))
        mean = decay * state.mean + (1 - decay) * gamma
        return Carried(state.count + 1, jax.random.key_data(key), mean)

    return MetaState(init, look, update)
