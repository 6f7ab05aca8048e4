"""SAM: descent towards flat ground.

Sharpness-aware minimisation, Foret et al. 2021 (https://arxiv.org/abs/2010.01412),
Algorithm 1.
"""

import jax
import jax.numpy as jnp
import optax

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.signature import Algorithm, Aux, State, descend
from damldg_jax.meta import Batch, meta_train_loss
from damldg_jax.models import Network
from damldg_jax.parallel import mean_over_devices
from damldg_jax.types import BatchStats, Params


def sam(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of Eq. (1) where it is worst nearby, at ``theta + rho g / ||g||``.

    g is the gradient at theta. As in the paper the place is taken for a constant plus
    theta: no second derivative. Both passes normalise by the batch's statistics, and
    the first alone, that at theta, updates the running ones.

    Args:
      network: the model.
      hyperparameters: ``sam_radius``, rho.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; ``loss`` is of the climbed place, ``domain_loss`` of theta.
    """

    def loss_fn(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        del rng
        forward, objective = network.training_forward(batch_stats), network.objective
        ascent, risk = jax.grad(meta_train_loss, has_aux=True)(
            jax.lax.stop_gradient(params), forward, batch, axis_name, objective
        )
        ascent = mean_over_devices(ascent, axis_name)
        climbed = _climb(params, ascent, hyperparameters.sam_radius)
        loss, _ = meta_train_loss(climbed, forward, batch, axis_name, objective)
        return loss, Aux(risk.state, state, {"domain_loss": risk.domain_risks})

    return descend(loss_fn, axis_name)


def _climb(params: Params, gradient: Params, radius: float) -> Params:
    """Goes ``radius`` far along the gradient, and nowhere where there is none."""
    norm = optax.tree.norm(gradient)
    scale = radius / jnp.where(norm > 0, norm, 1)
    return jax.tree.map(lambda p, g: p + scale.astype(p.dtype) * g, params, gradient)
