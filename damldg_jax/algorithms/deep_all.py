"""Deep-All: plain supervised training on all source domains together."""

import jax

from damldg_jax.algorithms.signature import Algorithm, Aux, Hyperparameters, stateless
from damldg_jax.meta import Batch, meta_train_loss
from damldg_jax.models import Network
from damldg_jax.parallel import mean_over_devices
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

    def gradient(
        params: Params, batch_stats: BatchStats, state: tuple, batch: Batch, rng: object
    ) -> tuple[Params, Aux]:
        del rng
        forward = network.training_forward(batch_stats)
        (loss, risk), grads = jax.value_and_grad(meta_train_loss, has_aux=True)(
            params, forward, batch, axis_name
        )
        metrics = {"loss": loss, "domain_loss": risk.domain_risks}
        return mean_over_devices(grads, axis_name), Aux(risk.state, state, metrics)

    return Algorithm(stateless, gradient)
