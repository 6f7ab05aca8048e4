"""What a network's outputs mean, and how far they are from the labels.

Algorithms ask for risks and energies, never for what is predicted: a ``Network``
carries its objective, and one signature and one step serve classes and dimensions.

Continuous dimensions are predicted as distributions. Over equally spaced bins from -1
to 1 there is a softmax for each dimension, whose expectation is the value. So the
logits of a dimension are those of classes in all that the paper asks of them: the
energy ``log sum exp z / T`` of Eq. (3) is defined, and so is the logit of what is true.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple, Protocol

import chex
import jax
import jax.numpy as jnp

from damldg_jax.losses import (
    concordance_risks,
    domain_risks,
    energy,
    squared_error_risks,
)
from damldg_jax.parallel import mean_over_devices


class DomainRisks(Protocol):
    """``(logits [domains, per_domain, outputs], labels, axis_name) -> [domains]``."""

    def __call__(
        self, logits: jax.Array, labels: jax.Array, axis_name: str | None = None
    ) -> jax.Array:
        """Returns the risk in each domain, of all its samples on all devices."""


class Objective(NamedTuple):
    """What outputs mean, as pure functions.

    Attributes:
      domain_risks: ``(logits [domains, per_domain, outputs], labels, axis_name=None)
        -> [domains]``, the risk in each domain, of all its samples on all devices.
      energies: ``(logits [..., outputs], temperature) -> [...]``, of each example.
      evidence: ``(logits [..., outputs], labels) -> [...]``, by which logit the
        outputs speak for what is true.
      predict: ``logits [..., outputs] -> [..., predictions]``: the probability of each
        class, or the value of each dimension.
      min_per_domain: samples of a domain below which its risk teaches nothing.
    """

    domain_risks: DomainRisks
    energies: Callable[[jax.Array, float], jax.Array]
    evidence: Callable[[jax.Array, jax.Array], jax.Array]
    predict: Callable[[jax.Array], jax.Array]
    min_per_domain: int = 1

    def energy_score(
        self,
        logits: jax.Array,
        temperature: float = 1.0,
        axis_name: str | None = None,
    ) -> jax.Array:
        """Mean energy of a set, ``E = 1/N sum_i log sum_c exp(z_ic / T)`` in Eq. (3).

        Args:
          logits: [..., outputs], float; every leading axis counts examples.
          temperature: T of Eq. (3).
          axis_name: of the devices that share the examples, or None.

        Returns:
          A scalar.
        """
        return mean_over_devices(self.energies(logits, temperature).mean(), axis_name)


def _true_logit(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return jnp.take_along_axis(logits, labels[..., None], axis=-1).squeeze(-1)


# Labels are integer classes [domains, per_domain], risks cross-entropies in nats.
CLASSES = Objective(domain_risks, energy, _true_logit, jax.nn.softmax)


def class_objective(label_smoothing: float = 0.0) -> Objective:
    """Makes the objective of classes.

    Args:
      label_smoothing: probability that the risk spreads over all classes evenly:
        Szegedy et al. 2016 (https://arxiv.org/abs/1512.00567), section 7.

    Returns:
      ``CLASSES``, or the same with smoothed labels.
    """
    if not label_smoothing:
        return CLASSES
    risks = functools.partial(domain_risks, label_smoothing=label_smoothing)
    return CLASSES._replace(domain_risks=risks)


class DimensionLoss(NamedTuple):
    """A row of the table.

    Attributes:
      risks: ``(values [domains, per_domain, dimensions], labels, axis_name) ->
        [domains]``.
      min_per_domain: as in ``Objective``.
    """

    risks: DomainRisks
    min_per_domain: int


DIMENSION_LOSSES = {
    # Of one sample there is no correlation.
    "ccc": DimensionLoss(concordance_risks, 2),
    "mse": DimensionLoss(squared_error_risks, 1),
}


def dimensions(num_bins: int, loss: DimensionLoss) -> Objective:
    """Makes the objective of continuous dimensions, each a distribution over bins.

    Labels are [domains, per_domain, dimensions], float, from -1 to 1. The energy of an
    example is the mean over dimensions of ``log sum_k exp(z_k / T)`` over bins; the
    evidence is the mean of the true value's logit, interpolated between the two bins
    beside it.

    Args:
      num_bins: of each dimension, at least two; outputs are dimension by dimension.
      loss: what a domain's values are held to.

    Returns:
      The objective.
    """
    if num_bins < 2:
        raise ValueError(f"Values need at least two bins to lie between: {num_bins}.")

    def apart(logits: jax.Array) -> jax.Array:
        return logits.reshape(*logits.shape[:-1], -1, num_bins)

    def predict(logits: jax.Array) -> jax.Array:
        centers = jnp.linspace(-1, 1, num_bins, dtype=logits.dtype)
        return jnp.einsum("...k,k->...", jax.nn.softmax(apart(logits)), centers)

    def risks(
        logits: jax.Array, labels: jax.Array, axis_name: str | None = None
    ) -> jax.Array:
        chex.assert_rank([logits, labels], 3)
        chex.assert_type(labels, float)
        return loss.risks(predict(logits), labels, axis_name)

    def energies(logits: jax.Array, temperature: float = 1.0) -> jax.Array:
        return energy(apart(logits), temperature).mean(axis=-1)

    def evidence(logits: jax.Array, labels: jax.Array) -> jax.Array:
        place = (labels + 1) / 2 * (num_bins - 1)
        bins = jnp.arange(num_bins, dtype=labels.dtype)
        share = jnp.maximum(1 - jnp.abs(jnp.subtract.outer(place, bins)), 0)
        return (share * apart(logits)).sum(axis=-1).mean(axis=-1)

    return Objective(risks, energies, evidence, predict, loss.min_per_domain)
