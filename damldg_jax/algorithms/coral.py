"""CORAL: embeddings with the same mean and covariance in every domain.

Deep CORAL, Sun and Saenko 2016 (https://arxiv.org/abs/1607.01719), between all source
domains and with means as well, as in DomainBed (https://arxiv.org/abs/2007.01434).
"""

import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.pairing import require_pairs
from damldg_jax.algorithms.signature import Algorithm, Aux, State, descend
from damldg_jax.losses import mean_risk
from damldg_jax.meta import Batch
from damldg_jax.models import Network
from damldg_jax.parallel import mean_over_devices
from damldg_jax.types import BatchStats, Params


def coral(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of Eq. (1) plus ``weight`` times the distance between domains.

    The distance is the mean over pairs i < j of ``mean_k (m_ik - m_jk)^2 +
    mean_kl (C_ikl - C_jkl)^2`` with m the means and C the covariances of the
    embeddings. C divides by the samples, not by one less as in both papers, so that
    one sample per domain will do; the paper's 1/4 is left to the weight, as in
    DomainBed. ``Batch.weights`` count in the risk; all pairs count alike.

    Args:
      network: the model.
      hyperparameters: ``coral_penalty``, the weight.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; ``penalty`` among its metrics is the distance, unweighted.
    """

    def loss_fn(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        del rng
        require_pairs("CORAL", batch.labels.shape[0])
        maps, updated = network.encode(params, batch_stats, batch.inputs)
        logits = network.classify(params, maps)
        risks = network.objective.domain_risks(logits, batch.labels, axis_name)
        distance = _distance(maps.mean(axis=(-3, -2)), axis_name)
        risk = mean_risk(risks, batch.weights)
        loss = risk + hyperparameters.coral_penalty * distance
        return loss, Aux(updated, state, {"domain_loss": risks, "penalty": distance})

    return descend(loss_fn, axis_name)


def _distance(embeddings: jax.Array, axis_name: str | None) -> jax.Array:
    """Mean over pairs of domains; embeddings are [domains, per_domain, channels]."""
    means = mean_over_devices(embeddings.mean(axis=1), axis_name)
    centred = embeddings - means[:, None]
    products = jnp.einsum("dnk,dnl->dkl", centred, centred) / centred.shape[1]
    covariances = mean_over_devices(products, axis_name)
    return _mean_over_pairs(means) + _mean_over_pairs(covariances)


def _mean_over_pairs(x: jax.Array) -> jax.Array:
    """Mean squared difference of x[i] and x[j]; that is twice the sample variance."""
    return 2 * x.var(axis=0, ddof=1).mean()
