"""Risks and energies: the two quantities of which every objective is made."""

import chex
import jax
import jax.numpy as jnp
import optax

from damldg_jax.parallel import mean_over_devices


def cross_entropy(
    logits: jax.Array, labels: jax.Array, label_smoothing: float = 0.0
) -> jax.Array:
    """Cross-entropy of each example, ``-log p(y | x)``.

    Args:
      logits: [..., classes], float.
      labels: [...], integer classes.
      label_smoothing: e of ``-(1 - e) log p(y | x) - e mean_c log p(c | x)``.

    Returns:
      [...], in nats.
    """
    chex.assert_type(labels, int)
    chex.assert_equal_shape_prefix((logits, labels), labels.ndim)
    of_true = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    if not label_smoothing:
        return of_true
    of_any = -jax.nn.log_softmax(logits).mean(axis=-1)
    return (1 - label_smoothing) * of_true + label_smoothing * of_any


def domain_risks(
    logits: jax.Array,
    labels: jax.Array,
    axis_name: str | None = None,
    label_smoothing: float = 0.0,
) -> jax.Array:
    """Mean cross-entropy in each domain, ``L_CE`` in Eq. (2) of the paper.

    Args:
      logits: [domains, per_domain, classes], float.
      labels: [domains, per_domain], integer classes.
      axis_name: of the devices that share ``per_domain``, or None.
      label_smoothing: as of ``cross_entropy``.

    Returns:
      [domains], in nats.

    Examples:
      >>> logits = jnp.array([[[0.0, 0.0]], [[9.0, 0.0]]])  # unsure; sure
      >>> print(domain_risks(logits, jnp.array([[0], [0]])).round(3))
      [0.693 0.   ]
    """
    chex.assert_rank([logits, labels], [3, 2])
    losses = cross_entropy(logits, labels, label_smoothing)
    return mean_over_devices(losses.mean(axis=1), axis_name)


def concordances(
    values: jax.Array, labels: jax.Array, axis_name: str | None = None
) -> jax.Array:
    """Concordance correlation coefficient in each domain.

    ``2 cov(x, y) / (var x + var y + (mean x - mean y)^2)``, Lin 1989
    (https://doi.org/10.2307/2532051). Where neither varies and both are equal it is 0,
    as it is wherever one of them does not vary.

    Args:
      values: [domains, per_domain, dimensions], float.
      labels: likewise.
      axis_name: of the devices that share ``per_domain``, or None.

    Returns:
      [domains, dimensions], from -1 to 1.

    Examples:
      >>> truth = jnp.array([[[-1.0], [0.0], [1.0]]])
      >>> print(concordances(truth, truth), concordances(-truth, truth))
      [[1.]] [[-1.]]
    """
    chex.assert_rank([values, labels], 3)
    chex.assert_equal_shape([values, labels])

    def mean(x: jax.Array) -> jax.Array:
        # Over devices before it is squared: the coefficient is of the whole domain.
        return mean_over_devices(x.mean(axis=1, keepdims=True), axis_name)

    value_mean, label_mean = mean(values), mean(labels)
    value_rest, label_rest = values - value_mean, labels - label_mean
    spread = mean(value_rest**2) + mean(label_rest**2) + (value_mean - label_mean) ** 2
    covariance = mean(value_rest * label_rest)
    # Devices take smaller numbers for 0, but may still find them above it.
    least = jnp.finfo(spread.dtype).tiny
    return (2 * covariance / jnp.where(spread > least, spread, 1)).squeeze(1)


def concordance_risks(
    values: jax.Array, labels: jax.Array, axis_name: str | None = None
) -> jax.Array:
    """``1 - CCC`` in each domain, mean over dimensions.

    Args:
      values: [domains, per_domain, dimensions], float; with one sample in a domain
        there is nothing to be learnt from it.
      labels: likewise.
      axis_name: of the devices that share ``per_domain``, or None.

    Returns:
      [domains], from 0 to 2.
    """
    return 1 - concordances(values, labels, axis_name).mean(axis=-1)


def squared_error_risks(
    values: jax.Array, labels: jax.Array, axis_name: str | None = None
) -> jax.Array:
    """Mean squared error in each domain, over samples and dimensions.

    Args:
      values: [domains, per_domain, dimensions], float.
      labels: likewise.
      axis_name: of the devices that share ``per_domain``, or None.

    Returns:
      [domains].
    """
    chex.assert_rank([values, labels], 3)
    chex.assert_equal_shape([values, labels])
    return mean_over_devices(((values - labels) ** 2).mean(axis=(1, 2)), axis_name)


def mean_risk(risks: jax.Array, weights: jax.Array | None = None) -> jax.Array:
    """Mean over domains, ``1/D sum_i L_CE(S_i)`` of Eq. (2).

    Args:
      risks: [domains], in nats.
      weights: [domains], what each domain counts; None for all alike, as in Eq. (2).

    Returns:
      A scalar, in nats.

    Examples:
      >>> print(mean_risk(jnp.array([1.0, 3.0])))
      2.0
      >>> print(mean_risk(jnp.array([1.0, 3.0]), weights=jnp.array([3.0, 1.0])))
      1.5
    """
    if weights is None:
        return risks.mean()
    chex.assert_equal_shape([risks, weights])
    return (risks * weights).sum() / weights.sum()


def energy(logits: jax.Array, temperature: float = 1.0) -> jax.Array:
    """Energy of each example, ``log sum_c exp(z_c / T)``.

    The sign is the paper's: large where the network is sure. Liu et al. 2020
    (https://arxiv.org/abs/2010.03759) call ``-T`` times this the energy.

    Args:
      logits: [..., classes], float.
      temperature: T of Eq. (3).

    Returns:
      [...].

    Examples:
      >>> print(energy(jnp.array([[0.0, 0.0], [9.0, 0.0]])).round(2))  # unsure; sure
      [0.69 9.  ]
    """
    return jax.nn.logsumexp(logits / temperature, axis=-1)


def entropy(logits: jax.Array) -> jax.Array:
    """Entropy of what is predicted of each example, ``-sum_c p(c | x) log p(c | x)``.

    Args:
      logits: [..., classes], float.

    Returns:
      [...], in nats.

    Examples:
      >>> print(entropy(jnp.array([[0.0, 0.0], [9.0, 0.0]])).round(3))  # unsure; sure
      [0.693 0.001]
    """
    log_probabilities = jax.nn.log_softmax(logits)
    return -(jnp.exp(log_probabilities) * log_probabilities).sum(axis=-1)
