"""Fish: steps through the domains one after the other, towards where they agree.

Gradient matching, Shi et al. 2021 (https://arxiv.org/abs/2104.09937), Algorithm 1.
"""

import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.signature import Algorithm, Aux, State, stateless
from damldg_jax.losses import mean_risk
from damldg_jax.meta import Batch, virtual_update
from damldg_jax.models import Network
from damldg_jax.types import BatchStats, Params


def fish(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Mean of the gradients met by a virtual step in each domain, in random order.

    From theta, ``theta_i = theta_(i-1) - eta_s g_i`` with ``g_i`` the gradient of the
    next domain's risk at ``theta_(i-1)``. The direction ``theta - theta_D`` is
    returned as ``(theta - theta_D) / (eta_s D)``, which is the mean of all ``g_i``, so
    that the outer learning rate eta_t keeps its meaning: the paper's epsilon is
    ``eta_t / (eta_s D)``. The steps are plain, as in the paper; DomainBed takes Adam's.

    Each step normalises by its own domain's batch statistics and updates the running
    ones in turn. Under ``Batch.weights`` the mean is weighted, and a domain's step is
    as much longer or shorter as the domain counts more or less.

    Args:
      network: the model.
      hyperparameters: ``inner_learning_rate``, eta_s; it may be 0.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; ``loss`` and ``domain_loss`` [domains] are of the risks met.
    """

    def gradient(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[Params, Aux]:
        num_domains = batch.labels.shape[0]
        order = jax.random.permutation(rng, num_domains)
        shares = _shares(batch)
        total = jax.tree.map(jnp.zeros_like, params)
        risks = jnp.zeros(num_domains, shares.dtype)
        # Unrolled: convolutions inside a loop of XLA are slow on a CPU.
        for place in range(num_domains):
            domain = order[place]
            part = Batch(batch.inputs[domain][None], batch.labels[domain][None])
            rate = hyperparameters.inner_learning_rate * num_domains * shares[domain]
            forward = network.training_forward(batch_stats)
            params, met = virtual_update(
                params, forward, part, rate, axis_name, network.objective
            )
            batch_stats = met.risk.state
            total = _add(total, met.gradient, shares[domain])
            risks = risks.at[domain].set(met.loss)
        metrics = {"loss": mean_risk(risks, batch.weights), "domain_loss": risks}
        return total, Aux(batch_stats, state, metrics)

    return Algorithm(stateless, gradient)


def _shares(batch: Batch) -> jax.Array:
    """[domains], what each counts in a mean over domains; they sum to 1."""
    num_domains, dtype = batch.labels.shape[0], batch.inputs.dtype
    if batch.weights is None:
        return jnp.full(num_domains, 1 / num_domains, dtype)
    return batch.weights / batch.weights.sum()


def _add(total: Params, gradient: Params, share: jax.Array) -> Params:
    return jax.tree.map(lambda t, g: t + share.astype(g.dtype) * g, total, gradient)
