"""Deep-All: plain supervised training on all source domains together."""

import jax

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.signature import Algorithm, Aux, State, descend
from damldg_jax.meta import Batch, meta_train_loss
from damldg_jax.models import Network
from damldg_jax.types import BatchStats, Params


def deep_all(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of the loss of Eq. (1) over all source domains.

    Args:
      network: the model.
      hyperparameters: none is read.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm.
    """
    del hyperparameters

    def loss_fn(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        del rng
        forward = network.training_forward(batch_stats)
        loss, risk = meta_train_loss(
            params, forward, batch, axis_name, network.objective
        )
        return loss, Aux(risk.state, state, {"domain_loss": risk.domain_risks})

    return descend(loss_fn, axis_name)
