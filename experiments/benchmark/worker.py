"""A worker of the benchmark that measures this package: see protocol.py.

  python -m experiments.benchmark.worker '{"variant": "deep_all", "width": 16}'

It runs the training step of ``experiments.main`` itself, choice and cutting of examples
and update included, on recordings of noise.
"""

import functools
import json
import os
import sys

import jax
import jaxlib

from experiments.benchmark.evaluations import BUILDERS as EVALUATION_BUILDERS
from experiments.benchmark.peaks import BUILDERS as PEAK_BUILDERS
from experiments.benchmark.peaks import SIZES
from experiments.benchmark.protocol import (
    Cost,
    Workload,
    process_peak_bytes,
    serve,
)
from experiments.benchmark.setting import Setting
from experiments.benchmark.steps import BUILDERS, Steps
from experiments.xla import choose_flags

# More calls than the input is made ahead for.
LEAD_IN = 3


def build(setting: Setting) -> Workload:
    """Makes the workload of a setting."""
    device = jax.local_devices()[0]
    if setting.precision != "default":
        jax.config.update("jax_default_matmul_precision", setting.precision)
    step, cost = _work(setting, device.platform)
    return Workload(
        step=step,
        device=device.device_kind,
        versions={"jax": jax.__version__, "jaxlib": jaxlib.__version__},
        peak_bytes=functools.partial(_peak_bytes, device),
        cost=cost,
        platform=device.platform,
        num_devices=jax.local_device_count(),
        profile=jax.profiler.trace,
        # What was sent ahead while the worker rested must not count.
        lead_in=LEAD_IN if setting.input == "streamed" else 1,
    )


def _work(setting: Setting, platform: str) -> Steps:
    if setting.variant in PEAK_BUILDERS:
        sizes = SIZES.get(platform, SIZES["gpu"])
        step, known = PEAK_BUILDERS[setting.variant](setting, sizes)
        return step, lambda: known
    if setting.variant in EVALUATION_BUILDERS:
        return EVALUATION_BUILDERS[setting.variant](setting), Cost
    return BUILDERS[setting.input](setting)


def _peak_bytes(device: jax.Device) -> int:
    """The most memory of the device's own; of the process where it has none."""
    statistics = device.memory_stats() or {}
    return statistics.get("peak_bytes_in_use", process_peak_bytes())


def _force_host_devices() -> None:
    """Parts a CPU into as many devices as the setting wants, before JAX looks."""
    if count := json.loads(sys.argv[1]).get("host_devices"):
        flag = f"--xla_force_host_platform_device_count={count}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()


if __name__ == "__main__":
    _force_host_devices()
    choose_flags()
    serve(build)
