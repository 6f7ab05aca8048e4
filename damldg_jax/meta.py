"""The paper's method, piece by piece, each a pure function under its own name.

With ``S'`` the meta-train and ``V`` the meta-test domains of a step:

    L_theta(S')                        meta_train_loss        Eq. (2)
    theta' = theta - eta_s grad L      virtual_update         Algorithm, line 5
    gamma = |E(S') - E(V)| at theta'   domain_shift_margin    Eq. (3)
    gamma L_theta'(V)                  meta_test_loss         Eq. (2)

``algorithms/mldg.py`` composes them, with batch normalisation and several devices.
Here a network is any function ``forward(params, inputs) -> (logits, state)``, so that
they can be tried in a notebook on a model of two lines. ``inner_learning_rate`` is the
paper's eta_s; the outer eta_t is the ``learning_rate`` of the optimiser. ``objective``
says what its logits mean: classes, as in the paper, unless another is given.
"""

from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp

from damldg_jax.losses import mean_risk
from damldg_jax.objectives import CLASSES, Objective
from damldg_jax.parallel import mean_over_devices
from damldg_jax.types import Forward, Params


class Batch(NamedTuple):
    """Examples of several domains, each equally represented.

    Attributes:
      inputs: [domains, per_domain, frames, features, 1], float.
      labels: [domains, per_domain], integer classes, or what else the objective takes:
        [domains, per_domain, dimensions], float from -1 to 1.
      weights: [domains], what each domain counts in a mean over domains; None for
        all alike, as in Eq. (2).
    """

    inputs: jax.Array
    labels: jax.Array
    weights: jax.Array | None = None


class Risk(NamedTuple):
    """What a loss saw on the way.

    Attributes:
      logits: [domains, per_domain, outputs].
      state: what ``forward`` returned beside them, such as batch statistics.
      domain_risks: [domains], the objective's: for classes mean cross-entropies.
    """

    logits: jax.Array
    state: Any
    domain_risks: jax.Array


class MetaSplit(NamedTuple):
    """A step's partition of the domains.

    Attributes:
      meta_train: batch of the domains S'.
      meta_test: batch of the domains V.
      held_out: [held-out domains], which domains V are.
    """

    meta_train: Batch
    meta_test: Batch
    held_out: jax.Array


def hold_out(rng: jax.Array, batch: Batch, num_held_out: int = 1) -> MetaSplit:
    """Splits the domains at random into S' and V (Algorithm, line 3).

    Every set of ``num_held_out`` domains is equally likely, whatever the sizes of
    the corpora.

    Args:
      rng: key.
      batch: of at least one domain more than ``num_held_out``.
      num_held_out: domains in V.

    Returns:
      The two parts; shapes do not depend on the draw.

    Examples:
      >>> batch = Batch(jnp.zeros((3, 4, 198, 64, 1)), jnp.zeros((3, 4), int))
      >>> train, test, held_out = hold_out(jax.random.key(0), batch)
      >>> train.labels.shape, test.labels.shape, held_out.shape
      ((2, 4), (1, 4), (1,))
    """
    num_domains = batch.labels.shape[0]
    if not 1 <= num_held_out < num_domains:
        raise ValueError(
            f"Cannot hold {num_held_out} of {num_domains} domains out: at least one "
            "must be held out and at least one kept."
        )
    order = jax.random.permutation(rng, num_domains)
    kept, held = order[:-num_held_out], order[-num_held_out:]
    return MetaSplit(
        jax.tree.map(lambda x: x[kept], batch),
        jax.tree.map(lambda x: x[held], batch),
        held,
    )


def meta_train_loss(
    params: Params,
    forward: Forward,
    batch: Batch,
    axis_name: str | None = None,
    objective: Objective = CLASSES,
) -> tuple[jax.Array, Risk]:
    """Mean over domains of the risk in each, ``L`` of Eq. (2).

    Args:
      params: theta.
      forward: the network.
      batch: of the domains S' (all source domains make it the loss of Eq. (1)).
      axis_name: of the devices that share ``per_domain``, or None.
      objective: what the logits mean.

    Returns:
      The loss, a scalar (of classes in nats), and what it saw.
    """
    logits, state = forward(params, batch.inputs)
    risks = objective.domain_risks(logits, batch.labels, axis_name)
    return mean_risk(risks, batch.weights), Risk(logits, state, risks)


class Inner(NamedTuple):
    """By-products of a virtual update.

    Attributes:
      gradient: ``grad L_theta(S')``.
      loss: ``L_theta(S')``.
      risk: what that loss saw.
    """

    gradient: Params
    loss: jax.Array
    risk: Risk


def virtual_update(
    params: Params,
    forward: Forward,
    batch: Batch,
    inner_learning_rate: float,
    axis_name: str | None = None,
    objective: Objective = CLASSES,
) -> tuple[Params, Inner]:
    """One virtual step, ``theta' = theta - eta_s grad L_theta(S')``.

    It is differentiable in ``params``: what is derived through ``theta'`` is of
    second order.

    Args:
      params: theta.
      forward: the network.
      batch: of the domains S'.
      inner_learning_rate: eta_s.
      axis_name: of the devices that share ``per_domain``, or None.
      objective: what the logits mean.

    Returns:
      theta', and the gradient and loss at theta.

    Examples:
      >>> forward = lambda theta, x: (x @ theta, None)  # logits, state
      >>> batch = Batch(jnp.ones((1, 1, 1)), jnp.zeros((1, 1), int))
      >>> virtual, inner = virtual_update(
      ...     jnp.zeros((1, 2)), forward, batch, inner_learning_rate=0.1
      ... )
      >>> print(inner.gradient, virtual)
      [[-0.5  0.5]] [[ 0.05 -0.05]]
    """
    (loss, risk), gradient = jax.value_and_grad(meta_train_loss, has_aux=True)(
        params, forward, batch, axis_name, objective
    )
    gradient = mean_over_devices(gradient, axis_name)
    virtual = jax.tree.map(
        lambda p, g: p - jnp.asarray(inner_learning_rate, p.dtype) * g, params, gradient
    )
    return virtual, Inner(gradient, loss, risk)


def domain_shift_margin(
    train_logits: jax.Array,
    test_logits: jax.Array,
    temperature: float = 1.0,
    axis_name: str | None = None,
    objective: Objective = CLASSES,
) -> jax.Array:
    """Domain-shift margin ``gamma = |E(S', theta') - E(V, theta')|``, Eq. (3).

    Args:
      train_logits: [..., outputs], of S' at theta'.
      test_logits: [..., outputs], of V at theta'.
      temperature: T of the energy.
      axis_name: of the devices that share the examples, or None.
      objective: what the logits mean.

    Returns:
      A scalar, not negative.

    Examples:
      >>> train_logits, test_logits = jnp.full((2, 4, 5), 3.0), jnp.full((1, 4, 5), 1.0)
      >>> print(domain_shift_margin(train_logits, test_logits))
      2.0
    """
    # Averaged over devices before the absolute value: a mean of margins is larger.
    return jnp.abs(
        objective.energy_score(train_logits, temperature, axis_name)
        - objective.energy_score(test_logits, temperature, axis_name)
    )


def meta_test_loss(
    virtual_params: Params,
    forward: Forward,
    batch: Batch,
    weight: jax.Array | float = 1.0,
    axis_name: str | None = None,
    objective: Objective = CLASSES,
) -> tuple[jax.Array, Risk]:
    """Weighted loss on the held-out domains, ``gamma L_theta'(V)`` of Eq. (2).

    Args:
      virtual_params: theta'.
      forward: the network.
      batch: of the domains V.
      weight: gamma; 1 makes it MLDG's (https://arxiv.org/abs/1710.03463).
      axis_name: of the devices that share ``per_domain``, or None.
      objective: what the logits mean.

    Returns:
      The weighted loss, a scalar, and what it saw.
    """
    chex.assert_rank(weight, 0)
    loss, risk = meta_train_loss(virtual_params, forward, batch, axis_name, objective)
    return weight * loss, risk
