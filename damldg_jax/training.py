"""The one training step of all algorithms, mapped over devices.

A run is a function of (seed, step): which utterances, how they are cropped, which
domain is held out. Nothing random is carried from step to step, so a run resumed at
any step goes on as if it had never stopped.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from damldg_jax.algorithms import Algorithm
from damldg_jax.augment import Augmentation, draw_windows, read_windows
from damldg_jax.batches import Draw, Store
from damldg_jax.meta import Batch
from damldg_jax.models import Network
from damldg_jax.parallel import AXIS, device_share
from damldg_jax.types import BatchStats, Params


class TrainState(NamedTuple):
    """All that changes in training.

    Attributes:
      step: int32 scalar, steps done.
      params: theta.
      batch_stats: running statistics of batch normalisation.
      optimizer_state: optax's.
      algorithm_state: the algorithm's own.
      finite: bool scalar, whether all numbers of all steps were. The step in which one
        is not is not taken, nor is any after it: the state before it is kept.
    """

    step: jax.Array
    params: Params
    batch_stats: BatchStats
    optimizer_state: Any
    algorithm_state: Any
    finite: jax.Array


class Windowing(NamedTuple):
    """How examples are cut from utterances.

    Attributes:
      num_frames: of an example.
      silence: value outside of the utterance.
      augmentation: ranges from which each example is altered.
    """

    num_frames: int
    silence: float
    augmentation: Augmentation


TrainStep = Callable[
    [TrainState, Store, Draw, jax.Array],
    tuple[TrainState, Mapping[str, jax.Array]],
]


def init_state(
    network: Network,
    algorithm: Algorithm,
    optimizer: optax.GradientTransformation,
    seed: int,
    num_domains: int,
) -> TrainState:
    """Initialises a run.

    Args:
      network: the model.
      algorithm: what trains it.
      optimizer: what applies its gradients.
      seed: of the run.
      num_domains: source domains.

    Returns:
      The state before the first step.
    """
    init_key, _ = _keys(seed)
    params, batch_stats = jax.jit(network.init)(init_key)
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        batch_stats=batch_stats,
        optimizer_state=optimizer.init(params),
        algorithm_state=algorithm.init(params, num_domains),
        finite=jnp.ones((), bool),
    )


def _keys(seed: int | jax.Array) -> tuple[jax.Array, jax.Array]:
    """The keys of initialisation and of the steps."""
    init_key, step_key = jax.random.split(jax.random.key(seed))
    return init_key, step_key


def sample_batch(
    store: Store,
    draw: Draw,
    rng: jax.Array,
    windowing: Windowing,
    axis_name: str | None = None,
) -> Batch:
    """Cuts the examples of a step.

    Args:
      store: packed utterances.
      draw: which utterances; [domains, per_domain] is this device's share.
      rng: key of the step, the same on every device.
      windowing: how to cut.
      axis_name: of the devices that share ``per_domain``, or None.

    Returns:
      The batch, [domains, per_domain, frames, features, 1].
    """
    utterances = draw.utterances
    domains, share = utterances.shape
    devices = 1 if axis_name is None else jax.lax.axis_size(axis_name)
    # A key for each example of the whole batch, of which this device takes its share:
    # the crops do not depend on how many devices there are.
    keys = jax.random.split(rng, (domains, share * devices))
    keys = device_share(keys, 1, axis_name)
    window = functools.partial(
        draw_windows,
        num_frames=windowing.num_frames,
        augmentation=windowing.augmentation,
    )
    windows = jax.vmap(jax.vmap(window))(keys, store.lengths[utterances])
    inputs = read_windows(
        store, utterances, windows, windowing.num_frames, windowing.silence
    )
    return Batch(inputs, store.labels[utterances], draw.weights)


def train_step(
    state: TrainState,
    store: Store,
    draw: Draw,
    seed: jax.Array,
    *,
    algorithm: Algorithm,
    optimizer: optax.GradientTransformation,
    windowing: Windowing,
    axis_name: str | None = None,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """One step of training, pure.

    Args:
      state: before the step.
      store: packed utterances.
      draw: which utterances; [domains, per_domain] is this device's share.
      seed: of the run, an unsigned integer scalar.
      algorithm: gives the gradient.
      optimizer: applies it.
      windowing: how examples are cut.
      axis_name: of the devices, or None.

    Returns:
      The state after the step, and the metrics of the algorithm with the norms of
      gradient and update, and ``finite``: whether the step was taken.
    """
    rng = jax.random.fold_in(_keys(seed)[1], state.step)
    window_key, algorithm_key = jax.random.split(rng)
    batch = sample_batch(store, draw, window_key, windowing, axis_name)
    gradient, aux = algorithm.gradient(
        state.params, state.batch_stats, state.algorithm_state, batch, algorithm_key
    )
    updates, optimizer_state = optimizer.update(
        gradient, state.optimizer_state, state.params
    )
    metrics = {
        **aux.metrics,
        "gradient_norm": optax.tree.norm(gradient),
        "update_norm": optax.tree.norm(updates),
    }
    after = TrainState(
        step=state.step + 1,
        params=optax.apply_updates(state.params, updates),
        batch_stats=aux.batch_stats,
        optimizer_state=optimizer_state,
        algorithm_state=aux.state,
        finite=state.finite & _all_finite((metrics, aux.batch_stats, aux.state)),
    )
    metrics["finite"] = after.finite
    return _keep_unless_finite(state, after), metrics


def _all_finite(tree: Any) -> jax.Array:
    """Whether every number is; norms among the metrics speak for the gradient."""
    leaves = [jnp.isfinite(x).all() for x in jax.tree.leaves(tree)]
    return jnp.stack(leaves).all()


def _keep_unless_finite(before: TrainState, after: TrainState) -> TrainState:
    kept = jax.tree.map(lambda a, b: jnp.where(after.finite, b, a), before, after)
    return kept._replace(finite=after.finite)


def compile_train_step(
    algorithm: Algorithm,
    optimizer: optax.GradientTransformation,
    windowing: Windowing,
    devices: Sequence[jax.Device],
) -> TrainStep:
    """Maps the training step over devices; the algorithm must know the axis ``AXIS``.

    This is the only place that calls ``jax.pmap``.

    Args:
      algorithm: gives the gradient.
      optimizer: applies it.
      windowing: how examples are cut.
      devices: among which each domain's samples are shared out.

    Returns:
      ``(state, store, draw, seed) -> (state, metrics)``, the draw being of utterances
      [devices, domains, share]; the state is donated.
    """
    step = functools.partial(
        train_step,
        algorithm=algorithm,
        optimizer=optimizer,
        windowing=windowing,
        axis_name=AXIS,
    )
    return jax.pmap(
        step,
        axis_name=AXIS,
        in_axes=(None, None, Draw(0, None), None),
        out_axes=None,
        devices=devices,
        donate_argnums=0,
    )
