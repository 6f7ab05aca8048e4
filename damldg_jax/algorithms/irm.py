"""IRM: a classifier that is optimal in every domain at once.

Invariant risk minimisation in its practical form, IRMv1, Arjovsky et al. 2019
(https://arxiv.org/abs/1907.02893), section 3.1.
"""

import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.penalty import count_steps, penalised
from damldg_jax.algorithms.signature import Algorithm, Aux, descend
from damldg_jax.losses import mean_risk
from damldg_jax.meta import Batch, meta_train_loss
from damldg_jax.models import Network
from damldg_jax.objectives import Objective
from damldg_jax.parallel import mean_over_devices
from damldg_jax.types import BatchStats, Params


def irm(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of ``1/D sum_i R_i(1) + weight/D sum_i (dR_i(s)/ds at s = 1)^2``.

    ``R_i(s)`` is the risk of domain i with its logits multiplied by the scalar s. The
    weight is 1 for the first ``penalty_warmup`` steps, and where it exceeds 1 the
    whole is divided by it. The square is that of the batch's derivative, as in the
    authors' code; DomainBed multiplies the derivatives of two halves of the batch,
    which is unbiased but may be negative. The state counts the steps.

    Args:
      network: the model.
      hyperparameters: ``irm_penalty``, the weight, and ``penalty_warmup``.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; ``penalty`` among its metrics is the mean square, unweighted.
    """

    def loss_fn(
        params: Params,
        batch_stats: BatchStats,
        state: jax.Array,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        del rng
        forward = network.training_forward(batch_stats)
        mean, risk = meta_train_loss(
            params, forward, batch, axis_name, network.objective
        )
        slopes = _slopes(network.objective, risk.logits, batch.labels, axis_name)
        penalty = mean_risk(slopes**2, batch.weights)
        weight, warmup = hyperparameters.irm_penalty, hyperparameters.penalty_warmup
        loss = penalised(mean, penalty, weight, state, warmup)
        metrics = {"domain_loss": risk.domain_risks, "penalty": penalty}
        return loss, Aux(risk.state, state + 1, metrics)

    return descend(loss_fn, axis_name, count_steps)


def _slopes(
    objective: Objective, logits: jax.Array, labels: jax.Array, axis_name: str | None
) -> jax.Array:
    """[domains], how each risk changes with a factor of its logits, at 1."""

    def sum_of_risks(scales: jax.Array) -> jax.Array:
        scaled = logits * scales[:, None, None]
        return objective.domain_risks(scaled, labels, axis_name).sum()

    slopes = jax.grad(sum_of_risks)(jnp.ones(logits.shape[0], logits.dtype))
    # Before it is squared: a mean of squares is larger than the square of the mean.
    return mean_over_devices(slopes, axis_name)
