"""V-REx: risks that are the same in every domain.

Risk extrapolation in its variance form, Krueger et al. 2021
(https://arxiv.org/abs/2003.00688).
"""

import jax

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.pairing import require_pairs
from damldg_jax.algorithms.penalty import count_steps, penalised
from damldg_jax.algorithms.signature import Algorithm, Aux, descend
from damldg_jax.losses import mean_risk
from damldg_jax.meta import Batch, meta_train_loss
from damldg_jax.models import Network
from damldg_jax.types import BatchStats, Params


def vrex(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of ``mean + weight * variance`` of the domains' risks.

    The variance is ``1/D sum_i (R_i - mean)^2``, as in DomainBed, with D for its
    divisor and ``Batch.weights`` in both means. The paper writes the sum of the risks
    for their mean. The weight is 1 for the first ``penalty_warmup`` steps, and
    where it exceeds 1 the whole is divided by it. The state counts the steps.

    Args:
      network: the model.
      hyperparameters: ``vrex_penalty``, the weight, and ``penalty_warmup``.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; ``penalty`` among its metrics is the variance, unweighted.
    """

    def loss_fn(
        params: Params,
        batch_stats: BatchStats,
        state: jax.Array,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        del rng
        require_pairs("V-REx", batch.labels.shape[0])
        forward = network.training_forward(batch_stats)
        mean, risk = meta_train_loss(
            params, forward, batch, axis_name, network.objective
        )
        variance = mean_risk((risk.domain_risks - mean) ** 2, batch.weights)
        weight, warmup = hyperparameters.vrex_penalty, hyperparameters.penalty_warmup
        loss = penalised(mean, variance, weight, state, warmup)
        metrics = {"domain_loss": risk.domain_risks, "penalty": variance}
        return loss, Aux(risk.state, state + 1, metrics)

    return descend(loss_fn, axis_name, count_steps)
