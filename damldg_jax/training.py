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
import numpy as np
import optax

from damldg_jax.algorithms import Algorithm
from damldg_jax.augment import Augmentation, draw_windows, read_windows
from damldg_jax.batches import Store
from damldg_jax.errors import InputError
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
    """

    step: jax.Array
    params: Params
    batch_stats: BatchStats
    optimizer_state: Any
    algorithm_state: Any


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
    [TrainState, Store, jax.Array, jax.Array],
    tuple[TrainState, Mapping[str, jax.Array]],
]


def init_state(
    network: Network,
    algorithm: Algorithm,
    optimizer: optax.GradientTransformation,
    seed: int,
) -> TrainState:
    """Initialises a run.

    Args:
      network: the model.
      algorithm: what trains it.
      optimizer: what applies its gradients.
      seed: of the run.

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
        algorithm_state=algorithm.init(params),
    )


def _keys(seed: int | jax.Array) -> tuple[jax.Array, jax.Array]:
    """The keys of initialisation and of the steps."""
    init_key, step_key = jax.random.split(jax.random.key(seed))
    return init_key, step_key


def sample_batch(
    store: Store,
    utterances: jax.Array,
    rng: jax.Array,
    windowing: Windowing,
    axis_name: str | None = None,
) -> Batch:
    """Cuts the examples of a step.

    Args:
      store: packed utterances.
      utterances: [domains, per_domain] int32, this device's share.
      rng: key of the step, the same on every device.
      windowing: how to cut.
      axis_name: of the devices that share ``per_domain``, or None.

    Returns:
      The batch, [domains, per_domain, frames, features, 1].
    """
    domains, share = utterances.shape
    devices = 1 if axis_name is None else jax.lax.axis_size(axis_name)
    # A key for each example of the whole batch, of which this device takes its share:
    # the crops do not depend on how many devices there are.
    keys = jax.random.split(rng, (domains, share * devices))
    keys = device_share(keys, 1, axis_name)
    draw = functools.partial(
        draw_windows,
        num_frames=windowing.num_frames,
        augmentation=windowing.augmentation,
    )
    windows = jax.vmap(jax.vmap(draw))(keys, store.lengths[utterances])
    inputs = read_windows(
        store, utterances, windows, windowing.num_frames, windowing.silence
    )
    return Batch(inputs, store.labels[utterances])


def train_step(
    state: TrainState,
    store: Store,
    utterances: jax.Array,
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
      utterances: [domains, per_domain] int32, this device's share of the step.
      seed: of the run, an unsigned integer scalar.
      algorithm: gives the gradient.
      optimizer: applies it.
      windowing: how examples are cut.
      axis_name: of the devices, or None.

    Returns:
      The state after the step, and the metrics of the algorithm with the norms of
      gradient and update.
    """
    rng = jax.random.fold_in(_keys(seed)[1], state.step)
    window_key, algorithm_key = jax.random.split(rng)
    batch = sample_batch(store, utterances, window_key, windowing, axis_name)
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
    state = TrainState(
        step=state.step + 1,
        params=optax.apply_updates(state.params, updates),
        batch_stats=aux.batch_stats,
        optimizer_state=optimizer_state,
        algorithm_state=aux.state,
    )
    return state, metrics


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
      ``(state, store, utterances[devices, domains, share], seed) -> (state,
      metrics)``; the state is donated.
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
        in_axes=(None, None, 0, None),
        out_axes=None,
        devices=devices,
        donate_argnums=0,
    )


def share_out(utterances: np.ndarray, num_devices: int) -> np.ndarray:
    """Deals each domain's utterances out to devices.

    Args:
      utterances: [domains, per_domain].
      num_devices: must divide ``per_domain``.

    Returns:
      [devices, domains, per_domain / devices].

    Raises:
      InputError: they do not divide; it names the nearest batch sizes that do.
    """
    domains, per_domain = utterances.shape
    if per_domain % num_devices:
        lower = per_domain // num_devices * num_devices
        near = [n * domains for n in (lower, lower + num_devices) if n]
        raise InputError(
            f"{per_domain} utterances of each domain cannot be shared out to "
            f"{num_devices} devices. Nearest batch sizes that can, for {domains} "
            f"domains: {' or '.join(map(str, near))} (--batch_size), or use one "
            "device (--parallel=none)."
        )
    return utterances.reshape(domains, num_devices, -1).swapaxes(0, 1)
