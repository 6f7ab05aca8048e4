"""The one training step of all algorithms, mapped over devices.

A run is a function of (seed, step): which utterances, how they are cropped, which
domain is held out. Nothing random is carried from step to step, so a run resumed at
any step goes on as if it had never stopped.

A call of the compiled program does one step or several. On a GPU or TPU several spare
the host's share of each (``lax.scan``); on a CPU convolutions within loops are many
times slower.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from damldg_jax.algorithms import Algorithm
from damldg_jax.batches import Domains, Excerpt, Store
from damldg_jax.models import Network
from damldg_jax.parallel import Layout, over_devices
from damldg_jax.sampling import Windowing, run_keys, sample_batch, step_keys
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
    init_key, _ = run_keys(seed)
    params, batch_stats = jax.jit(network.init)(init_key)
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        batch_stats=batch_stats,
        optimizer_state=optimizer.init(params),
        algorithm_state=algorithm.init(params, num_domains),
        finite=jnp.ones((), bool),
    )


def train_step(
    state: TrainState,
    store: Store,
    domains: Domains,
    seed: jax.Array,
    excerpt: Excerpt | None = None,
    *,
    algorithm: Algorithm,
    optimizer: optax.GradientTransformation,
    windowing: Windowing,
    per_domain: int,
    axis_name: str | None = None,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """One step of training, pure.

    Args:
      state: before the step.
      store: packed utterances.
      domains: which of them are trained on.
      seed: of the run, an unsigned integer scalar.
      excerpt: the frames of this device's examples, if the store has none.
      algorithm: gives the gradient.
      optimizer: applies it.
      windowing: how examples are cut.
      per_domain: utterances of each domain, of all devices together.
      axis_name: of the devices that share a step, or None.

    Returns:
      The state after the step, and the metrics of the algorithm with the norms of
      gradient and update, and ``finite``: whether the step was taken.
    """
    batch = sample_batch(
        store, domains, per_domain, windowing, state.step, seed, excerpt, axis_name
    )
    _, algorithm_key = step_keys(seed, state.step)
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


Step = Callable[
    [TrainState, Store, Domains, jax.Array, Excerpt | None],
    tuple[TrainState, Mapping[str, jax.Array]],
]


def _several(step: Step, steps_per_call: int) -> Callable[..., tuple]:
    """Makes one call do ``count`` steps, ``steps_per_call`` at most."""

    def one(state, store, domains, seed, count, excerpt):
        del count  # Nobody makes a call to do nothing.
        excerpt = jax.tree.map(lambda x: x[0], excerpt)
        state, metrics = step(state, store, domains, seed, excerpt)
        return state, jax.tree.map(lambda x: x[None], metrics)

    def scan(state, store, domains, seed, count, excerpts):
        def body(state, given):
            number, excerpt = given
            do = functools.partial(step, state, store, domains, seed, excerpt)
            metrics = jax.tree.map(
                lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(do)[1]
            )
            return jax.lax.cond(number < count, do, lambda: (state, metrics))

        numbers = jnp.arange(steps_per_call, dtype=jnp.int32)
        return jax.lax.scan(body, state, (numbers, excerpts))

    return one if steps_per_call == 1 else scan


def _side_by_side(steps: Callable[..., tuple], lanes: int) -> Callable[..., tuple]:
    """Gives a device runs of its own, along a first axis of what belongs to a run."""

    def alone(state, store, domains, seed, count, excerpts):
        state, seed, excerpts = jax.tree.map(lambda x: x[0], (state, seed, excerpts))
        results = steps(state, store, domains, seed, count, excerpts)
        return jax.tree.map(lambda x: x[None], results)

    # Without vmap a run alone is, bit for bit, what it is among others.
    return alone if lanes == 1 else jax.vmap(steps, (0, None, None, 0, None, 0))


class TrainProgram:
    """The training step of a command, compiled once.

    Call it with ``(state, store, domains, seed, count, excerpt=None)``; it returns
    ``(state, metrics)`` and takes the memory of the state that it is given. All arrays
    must lie where ``Layout`` puts them. A call does ``count`` steps, from one to its
    ``steps_per_call``; metrics of others are zero.

    First axes: of runs that devices have of their own, [devices, lanes] of all that
    belongs to a run (state, seed, excerpt, metrics); of a run that they share,
    [devices] of seed and excerpt. The next one of excerpt and metrics is
    [steps_per_call].
    """

    def __init__(self, mapped: Callable[..., Any], steps_per_call: int):
        self.steps_per_call = steps_per_call
        self._mapped = mapped
        self._compiled: jax.stages.Compiled | None = None

    def compile(self, *arguments: Any) -> jax.stages.Compiled:
        """Compiles for arguments like these, or returns what is compiled already."""
        if self._compiled is None:
            self._compiled = self._mapped.lower(*arguments).compile()
        return self._compiled

    def __call__(
        self,
        state: TrainState,
        store: Store,
        domains: Domains,
        seed: jax.Array,
        count: jax.Array,
        excerpt: Excerpt | None = None,
    ) -> tuple[TrainState, Mapping[str, jax.Array]]:
        """Does the next steps.

        Raises:
          TypeError: the arguments would need another program than the first ones did.
          JaxRuntimeError: one of them is not on the devices yet.
        """
        arguments = (state, store, domains, seed, count, excerpt)
        compiled = self.compile(*arguments)
        with jax.transfer_guard("disallow"):
            return compiled(*arguments)


def compile_train_step(
    algorithm: Algorithm,
    optimizer: optax.GradientTransformation,
    windowing: Windowing,
    per_domain: int,
    layout: Layout,
    steps_per_call: int = 1,
) -> TrainProgram:
    """Maps the training step over devices.

    Args:
      algorithm: gives the gradient; made for the layout's axis.
      optimizer: applies it.
      windowing: how examples are cut.
      per_domain: utterances of each domain in a step.
      layout: which device does what.
      steps_per_call: of a call.

    Returns:
      The program, to be compiled at its first call.
    """
    step = functools.partial(
        train_step,
        algorithm=algorithm,
        optimizer=optimizer,
        windowing=windowing,
        per_domain=per_domain,
        axis_name=layout.axis_name,
    )
    steps, own = _several(step, steps_per_call), None
    if not layout.shared:
        steps, own = _side_by_side(steps, layout.lanes), 0
    mapped = over_devices(
        steps,
        layout.devices,
        in_axes=(own, None, None, 0, None, 0),
        out_axes=own,
        donate_argnums=0,
    )
    return TrainProgram(mapped, steps_per_call)
