"""Group DRO: the domains with the largest risks count the most.

Group distributionally robust optimisation, Sagawa et al. 2020
(https://arxiv.org/abs/1911.08731), Algorithm 1.
"""

import math

import chex
import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.signature import Algorithm, Aux, descend
from damldg_jax.meta import Batch, meta_train_loss
from damldg_jax.models import Network
from damldg_jax.types import BatchStats, Params


def group_dro(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of ``sum_i q_i R_i`` with q that follows the risks R.

    At each step, first, ``q_i <- q_i exp(eta R_i)``, normalised; no gradient passes
    through q. The paper draws one domain at a step; here, as in DomainBed, all of them
    take part. The state is log q [domains], uniform at first: in logarithms nothing
    overflows, and a domain whose weight has vanished can return. ``Batch.weights`` do
    not apply, as q takes their place.

    Args:
      network: the model.
      hyperparameters: ``group_dro_step_size``, eta.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; ``domain_weight`` [domains] among its metrics is q.
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
        _, risk = meta_train_loss(params, forward, batch, axis_name, network.objective)
        risks = risk.domain_risks
        chex.assert_equal_shape([state, risks])
        raised = state + hyperparameters.group_dro_step_size * risks
        log_weights = jax.lax.stop_gradient(jax.nn.log_softmax(raised))
        weights = jnp.exp(log_weights)
        metrics = {"domain_loss": risks, "domain_weight": weights}
        return (weights * risks).sum(), Aux(risk.state, log_weights, metrics)

    return descend(loss_fn, axis_name, _uniform)


def _uniform(params: Params, num_domains: int) -> jax.Array:
    del params
    # With a dtype of its own: a weak one would have the step compiled twice.
    dtype = jnp.result_type(float)
    return jnp.full((num_domains,), -math.log(num_domains), dtype)
