"""Names for what is passed around as trees of arrays."""

from collections.abc import Callable
from typing import Any

import jax

Params = Any
BatchStats = Any

# ``(params, inputs) -> (logits, state)``, state being batch statistics or the like.
Forward = Callable[[Params, jax.Array], tuple[jax.Array, Any]]
