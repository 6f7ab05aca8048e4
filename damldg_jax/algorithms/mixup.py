"""Mixup between domains: straight lines from one domain's samples to another's.

Zhang et al. 2018 (https://arxiv.org/abs/1710.09412), between domains as in Wang et al.
2020 (https://arxiv.org/abs/2001.00677) and in DomainBed.
"""

import jax

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.pairing import draw_partners, require_pairs
from damldg_jax.algorithms.signature import Algorithm, Aux, State, descend
from damldg_jax.losses import mean_risk
from damldg_jax.meta import Batch
from damldg_jax.models import Network
from damldg_jax.types import BatchStats, Params


def mixup(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of ``l R(y) + (1 - l) R(y')`` at ``l x + (1 - l) x'``.

    ``(x', y')`` lies in the same slot of another domain, and ``l ~ Beta(alpha,
    alpha)`` is drawn for each pair of domains, as in DomainBed, whose cycle through
    the domains is any; here it is a shift. Mixed samples take the place of the batch:
    they are normalised together, by their own statistics, and it is these that update
    the running ones. Of ``Batch.weights`` that of x counts.

    Args:
      network: the model.
      hyperparameters: ``mixup_alpha``.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; its ``domain_loss`` is of mixed samples, by the domain of x.
    """

    def loss_fn(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        num_domains = batch.labels.shape[0]
        require_pairs("Mixup", num_domains)
        pair_key, share_key = jax.random.split(rng)
        partners = draw_partners(pair_key, num_domains)
        alpha, dtype = hyperparameters.mixup_alpha, batch.inputs.dtype
        own = jax.random.beta(share_key, alpha, alpha, (num_domains,), dtype)

        inputs = _mix(own[:, None, None, None, None], batch.inputs, partners)
        logits, updated = network.training_forward(batch_stats)(params, inputs)
        domain_risks = network.objective.domain_risks
        first = domain_risks(logits, batch.labels, axis_name)
        second = domain_risks(logits, batch.labels[partners], axis_name)
        risks = own * first + (1 - own) * second
        loss = mean_risk(risks, batch.weights)
        return loss, Aux(updated, state, {"domain_loss": risks})

    return descend(loss_fn, axis_name)


def _mix(own: jax.Array, x: jax.Array, partners: jax.Array) -> jax.Array:
    return own * x + (1 - own) * x[partners]
