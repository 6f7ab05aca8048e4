"""A worker of the benchmark that measures this package: see protocol.py.

  python -m experiments.benchmark.worker '{"variant": "deep_all", "width": 16}'

It runs the training step of ``experiments.main`` itself, cutting of examples and update
included, on one device and on noise.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import optax

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.augment import NO_AUGMENTATION
from damldg_jax.batches import Draw, Store, pack, share_out
from damldg_jax.models import resnet
from damldg_jax.parallel import AXIS, replicate
from damldg_jax.training import (
    TrainState,
    TrainStep,
    Windowing,
    compile_train_step,
    init_state,
)
from experiments.benchmark.protocol import (
    INNER_LEARNING_RATE,
    LEARNING_RATE,
    MOMENTUM,
    VARIANTS,
    Setting,
    Workload,
    noise,
    process_peak_bytes,
    serve,
)
from experiments.xla import choose_flags

# Rows of the square matrices whose product is taken for the fastest that a device does.
PEAK_SIZE = {"cpu": 2048, "gpu": 8192, "tpu": 8192}


def build(setting: Setting) -> Workload:
    """Makes the workload of a setting, on the first device."""
    device = jax.local_devices()[0]
    flop = None
    if setting.variant == "matrix_peak":
        size = PEAK_SIZE.get(device.platform, max(PEAK_SIZE.values()))
        step, flop = _matrix_product(size, device), 2.0 * size**3
    else:
        step = _training_step(setting, device)
    return Workload(
        step=step,
        device=device.device_kind,
        versions={"jax": jax.__version__, "jaxlib": jaxlib.__version__},
        peak_bytes=functools.partial(_peak_bytes, device),
        flop_per_step=flop,
    )


def _matrix_product(size: int, device: jax.Device) -> Callable[[], None]:
    rows = jax.random.normal(jax.random.key(0), (size, size), jnp.float32)
    rows = jax.device_put(rows, device)
    product = jax.jit(jnp.matmul)

    def run() -> None:
        jax.block_until_ready(product(rows, rows))

    return run


def _training_step(setting: Setting, device: jax.Device) -> Callable[[], None]:
    step, state, store = _start(setting, device)
    utterances = np.arange(setting.num_domains * setting.per_domain, dtype=np.int32)
    utterances = utterances.reshape(setting.num_domains, setting.per_domain)
    draw, seed = Draw(share_out(utterances, 1)), np.uint32(0)

    def run() -> None:
        nonlocal state
        state, metrics = step(state, store, draw, seed)
        jax.block_until_ready((state, metrics))

    return run


def _start(setting: Setting, device: jax.Device) -> tuple[TrainStep, TrainState, Store]:
    """The step, and the state and the data before it, as a run has them."""
    network = resnet(
        setting.classes,
        setting.features,
        depth=setting.depth,
        width=setting.width,
        axis_name=AXIS,
    )
    variant = VARIANTS[setting.variant]
    hyperparameters = Hyperparameters(
        inner_learning_rate=INNER_LEARNING_RATE,
        num_held_out=setting.num_test_domains,
        second_order=variant.second_order,
        margin_gradient=variant.margin_gradient,
    )
    algorithm = ALGORITHMS[variant.method].factory(network, hyperparameters, AXIS)
    optimizer = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)
    windowing = Windowing(setting.frames, 0.0, NO_AUGMENTATION)
    step = compile_train_step(algorithm, optimizer, windowing, [device])
    state = init_state(network, algorithm, optimizer, 0, setting.num_domains)
    inputs, labels = noise(setting)
    store = pack(inputs.reshape(-1, *inputs.shape[2:]), labels.ravel(), setting.classes)
    return step, replicate(state, [device]), replicate(store, [device])


def _peak_bytes(device: jax.Device) -> int:
    """The most memory of the device's own; of the process where it has none."""
    statistics = device.memory_stats() or {}
    return statistics.get("peak_bytes_in_use", process_peak_bytes())


if __name__ == "__main__":
    choose_flags()
    serve(build)
