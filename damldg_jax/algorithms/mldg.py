"""MLDG and DA-MLDG: descend a loss that looks one virtual step ahead.

MLDG is Li et al. 2018 (https://arxiv.org/abs/1710.03463). DA-MLDG is the same with the
domain-shift margin as the weight of its meta-test loss (Eqs. 2 and 3 of the paper).

The gradient of ``L_theta(S') + gamma L_theta'(V)`` runs forward over reverse. The
Jacobian of the virtual update, ``I - eta_s H``, is symmetric, so what comes back
through it from a gradient ``v`` of the weighted meta-test loss is its tangent along
``v``: one linearisation of the update at theta instead of nested reverse passes. It is
exact, and several times faster where nested convolution gradients are slow. The
linearisation keeps all that the tangent needs while the meta-test loss is derived;
where memory is short (``keep_linearization``) the tangent is computed afterwards and
from the beginning, at the price of one more gradient of L(S').

Several virtual steps in a row make a product of such Jacobians, whose transpose is the
product in reverse order.

Batch normalisation: the meta-train pass at theta updates the running statistics, which
are state and no function of theta (no gradient passes through them); the meta-test
pass starts from them, and its own are discarded.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.margins import MARGINS, Margin
from damldg_jax.algorithms.meta_state import make_meta_state
from damldg_jax.algorithms.signature import Algorithm, Aux, State
from damldg_jax.meta import (
    Batch,
    Inner,
    MetaSplit,
    hold_out,
    meta_test_loss,
    virtual_update,
)
from damldg_jax.models import Network
from damldg_jax.parallel import mean_over_devices
from damldg_jax.types import BatchStats, Params

# From a gradient with respect to theta' to the one with respect to theta.
PullBack = Callable[[Params], Params]


def _unit_weight(train_logits: jax.Array, test_logits: jax.Array) -> jax.Array:
    del train_logits
    return jnp.ones((), test_logits.dtype)


def mldg(
    network: Network,
    hyperparameters: Hyperparameters,
    axis_name: str | None = None,
    weigh: Margin = _unit_weight,
) -> Algorithm:
    """Gradient of ``L_theta(S') + weight * L_theta'(V)``.

    Args:
      network: the model.
      hyperparameters: those of the virtual update.
      axis_name: of the devices that share a batch, or None.
      weigh: gives the weight; the constant 1 makes it MLDG.

    Returns:
      The algorithm; its metrics are ``loss`` (of S'), ``meta_test_loss`` (of V at
      theta', without the weight), ``gamma`` and ``held_out``.
    """
    settings = hyperparameters
    meta_state = make_meta_state(settings)

    def gradient(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[Params, Aux]:
        key, unit = meta_state.look(state, rng)
        split = hold_out(key, batch, settings.num_held_out)
        virtual, pull_back, inner = _virtual_updates(
            params, network, batch_stats, split.meta_train, settings, axis_name
        )
        batch_stats = jax.lax.stop_gradient(inner.risk.state)
        outer, (gamma, meta_test) = jax.grad(
            functools.partial(_weighted_loss, weigh=weigh, unit=unit), has_aux=True
        )(virtual, network, batch_stats, split, settings, axis_name)
        outer = pull_back(mean_over_devices(outer, axis_name))
        metrics = {
            "loss": inner.loss,
            "meta_test_loss": meta_test,
            "gamma": gamma,
            "held_out": split.held_out,
        }
        gradient = jax.tree.map(jnp.add, inner.gradient, outer)
        after = meta_state.update(state, key, gamma)
        return gradient, Aux(batch_stats, after, metrics)

    return Algorithm(meta_state.init, gradient)


def _virtual_updates(
    params: Params,
    network: Network,
    batch_stats: BatchStats,
    meta_train: Batch,
    settings: Hyperparameters,
    axis_name: str | None,
) -> tuple[Params, PullBack, Inner]:
    """Returns theta', the map that pulls a gradient at theta' back to theta, and L."""
    update = functools.partial(
        virtual_update,
        forward=network.training_forward(batch_stats),
        batch=meta_train,
        inner_learning_rate=settings.inner_learning_rate,
        axis_name=axis_name,
        objective=network.objective,
    )
    virtual, *first = _with_pull_back(update, params, settings)
    pull_backs = [first[0]]
    for _ in range(1, settings.inner_steps):
        virtual, further, _ = _with_pull_back(update, virtual, settings)
        pull_backs.append(further)

    def pull_back(gradient: Params) -> Params:
        for each in reversed(pull_backs):
            gradient = each(gradient)
        return gradient

    return virtual, pull_back, first[1]


def _with_pull_back(
    update: Callable[[Params], tuple[Params, Inner]],
    params: Params,
    settings: Hyperparameters,
) -> tuple[Params, PullBack, Inner]:
    """Takes one virtual step, and tells how a gradient passes back through it."""
    if settings.second_order and settings.keep_linearization:
        return jax.linearize(update, params, has_aux=True)
    virtual, inner = update(params)
    if settings.second_order:
        return virtual, functools.partial(_tangent, update, params), inner
    return virtual, lambda gradient: gradient, inner


def _tangent(
    update: Callable[[Params], tuple[Params, Inner]], params: Params, gradient: Params
) -> Params:
    """Tangent of the update along a gradient, computed from the beginning."""
    # Else XLA would find the first update in it and keep what that computed.
    params, gradient = jax.lax.optimization_barrier((params, gradient))
    return jax.jvp(lambda theta: update(theta)[0], (params,), (gradient,))[1]


def _weighted_loss(
    virtual: Params,
    network: Network,
    batch_stats: BatchStats,
    split: MetaSplit,
    settings: Hyperparameters,
    axis_name: str | None,
    *,
    weigh: Margin,
    unit: jax.Array | float,
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    """Returns ``gamma L_theta'(V)``, gamma in its unit, and its two factors."""
    train, test = split.meta_train.inputs, split.meta_test.inputs
    forward = network.training_forward(batch_stats)
    loss, risk = meta_test_loss(
        virtual,
        forward,
        split.meta_test,
        axis_name=axis_name,
        objective=network.objective,
    )
    if settings.energy_statistics == "running":
        forward = network.running_forward(batch_stats)
        test_logits, _ = forward(virtual, test)
    else:
        # Those of the loss: XLA merges no two passes that average over devices.
        test_logits = risk.logits
    train_logits, _ = forward(virtual, train)
    gamma = weigh(train_logits, test_logits)
    if not settings.margin_gradient:
        gamma = jax.lax.stop_gradient(gamma)
    return gamma / unit * loss, (gamma, loss)


def da_mldg(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """MLDG whose weight function is the domain-shift margin of Eq. (3).

    Args:
      network: the model.
      hyperparameters: those of the virtual update and of the energy.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm, with the metrics of ``mldg``.

    Examples:
      >>> from damldg_jax.pooled import pooled
      >>> network = pooled(num_outputs=2, num_features=4, hidden_units=())
      >>> algorithm = da_mldg(network, Hyperparameters(inner_learning_rate=0.1))
      >>> gradient_fn = jax.jit(algorithm.gradient)
      >>> key = jax.random.key(0)
      >>> params, batch_stats = jax.jit(network.init)(key)
      >>> inputs = jax.random.normal(key, (3, 2, 10, 4, 1))  # 3 domains
      >>> batch = Batch(inputs, jnp.zeros((3, 2), int))
      >>> state = algorithm.init(params, 3)
      >>> gradient, aux = gradient_fn(params, batch_stats, state, batch, key)
      >>> sorted(aux.metrics)
      ['gamma', 'held_out', 'loss', 'meta_test_loss']
    """
    make = MARGINS[hyperparameters.margin]
    margin = make(hyperparameters, network.objective, axis_name)
    return mldg(network, hyperparameters, axis_name, weigh=margin)
