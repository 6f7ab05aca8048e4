"""The package's own training step, as a run calls it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax

from damldg_jax.algorithms import ALGORITHMS, Algorithm, Hyperparameters
from damldg_jax.assembly import Network
from damldg_jax.models import resnet
from damldg_jax.parallel import Layout, replicate, to_host
from damldg_jax.sampling import sample_batch
from damldg_jax.training import TrainState, compile_train_step, init_state
from experiments.benchmark.inputs import Input, make_input, windowing_of
from experiments.benchmark.protocol import Cost, Wait
from experiments.benchmark.setting import (
    INNER_LEARNING_RATE,
    LEARNING_RATE,
    MOMENTUM,
    Setting,
)
from experiments.benchmark.variants import VARIANTS

# What makes a call, and what tells the cost of it once it is compiled.
Steps = tuple[Callable[[], Wait | None], Callable[[], Cost]]

_FOREVER = np.int32(2**31 - 1)


def layout_of(setting: Setting) -> Layout:
    """The devices of a setting, and which of them does what."""
    devices = tuple(jax.local_devices()[: setting.devices])
    # As a run has it: a device alone shares nothing.
    return Layout(devices, setting.shared and len(devices) > 1, setting.lanes)


def network_of(setting: Setting, axis_name: str | None = None) -> Network:
    """The ResNet of a setting."""
    return resnet(
        setting.classes,
        setting.features,
        depth=setting.depth,
        width=setting.width,
        axis_name=axis_name,
        compute_dtype=setting.dtype,
    )


def algorithm_of(
    setting: Setting, network: Network, axis_name: str | None = None
) -> Algorithm:
    """The algorithm of a setting's variant."""
    variant = VARIANTS[setting.variant]
    hyperparameters = Hyperparameters(
        inner_learning_rate=INNER_LEARNING_RATE,
        num_held_out=setting.num_test_domains,
        second_order=variant.second_order,
        margin_gradient=variant.margin_gradient,
    )
    return ALGORITHMS[variant.method].factory(network, hyperparameters, axis_name)


def training_steps(setting: Setting) -> Steps:
    """Makes what calls the training program of a setting, state by state.

    Args:
      setting: what to compute, on what, and how.

    Returns:
      What makes a call, and what tells the cost of it once it is compiled.
    """
    layout = layout_of(setting)
    given = make_input(setting, layout)
    network = network_of(setting, layout.axis_name)
    algorithm = algorithm_of(setting, network, layout.axis_name)
    optimizer = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)
    program = compile_train_step(
        algorithm,
        optimizer,
        windowing_of(setting),
        setting.per_domain,
        layout,
        setting.steps_per_call,
    )
    seeds = range(layout.slots)
    state: TrainState = layout.place_runs(
        [
            to_host(
                init_state(network, algorithm, optimizer, seed, setting.num_domains)
            )
            for seed in seeds
        ]
    )
    seed = layout.place_seeds(list(seeds))
    until = replicate(_FOREVER, layout.devices)
    excerpts = iter(given.excerpts)

    def step() -> Wait:
        nonlocal state
        excerpt = next(excerpts)
        state, metrics = program(
            state, given.store, given.domains, seed, until, excerpt
        )
        return lambda: jax.block_until_ready(metrics)

    def cost() -> Cost:
        known = cost_of(program.compile())
        # XLA counts the inside of a loop once, however often it runs.
        once = setting.steps_per_call == 1
        return known if once else known._replace(bytes_per_call=None)

    return step, cost


def cutting_alone(setting: Setting) -> Steps:
    """Makes what cuts the examples of step after step, and does nothing with them."""
    layout = layout_of(setting)
    given: Input = make_input(setting, layout)
    windowing = windowing_of(setting)

    @jax.jit
    def cut(number: jax.Array, given: tuple, seed: jax.Array) -> tuple:
        batch = sample_batch(*given, setting.per_domain, windowing, number, seed)
        return number + 1, batch

    where = layout.devices[:1]
    number = replicate(jnp.zeros((), jnp.int32), where)
    seed = replicate(np.uint32(0), where)
    arguments = (given.store, given.domains)
    compiled = cut.lower(number, arguments, seed).compile()

    def step() -> Wait:
        nonlocal number
        number, batch = compiled(number, arguments, seed)
        return lambda: jax.block_until_ready(batch)

    return step, lambda: cost_of(compiled)


def cost_of(compiled: jax.stages.Compiled) -> Cost:
    """What XLA tells of a program, as far as the backend tells it."""
    analysis = compiled.cost_analysis()
    analysis = analysis[0] if isinstance(analysis, list) else analysis or {}
    memory = compiled.memory_analysis()
    return Cost(
        bytes_per_call=analysis.get("bytes accessed"),
        temporary_bytes=getattr(memory, "temp_size_in_bytes", None),
    )


BUILDERS: dict[str, Callable[[Setting], Steps]] = {
    "resident": training_steps,
    "streamed": training_steps,
    "constant": training_steps,
    "alone": cutting_alone,
}
