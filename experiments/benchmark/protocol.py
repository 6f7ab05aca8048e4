"""What the benchmark and its workers tell each other, and how a worker serves.

A worker is a process that measures one variant of one implementation. It is started
with its setting as one argument of JSON. On standard output it answers in lines of
JSON: once compiled and warmed up, a ``Ready``; to each line with a number of steps on
standard input ``{"seconds": [...]}``; at the end of its input ``{"peak_bytes": ...}``.

Nothing here needs JAX or a rival of it: the memory of a worker is that of what it
measures.
"""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

# Residual blocks in each stage, by depth: those of ``damldg_jax.models`` (a test holds
# them equal), repeated because importing that would load JAX.
STAGE_SIZES = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}

INNER_LEARNING_RATE = 0.01
LEARNING_RATE = 0.05
MOMENTUM = 0.9


class Variant(NamedTuple):
    """What a step computes.

    Attributes:
      method: key of ``damldg_jax.algorithms.ALGORITHMS``.
      meta: whether there is a virtual update.
      margin: whether gamma is the domain-shift margin, and not 1.
      second_order: derive the meta-test loss through the virtual update.
      margin_gradient: let the gradient flow through gamma.
    """

    method: str
    meta: bool = True
    margin: bool = True
    second_order: bool = True
    margin_gradient: bool = True


VARIANTS = {
    "deep_all": Variant("deep_all", meta=False, margin=False),
    "mldg_first_order": Variant("mldg", margin=False, second_order=False),
    "mldg_second_order": Variant("mldg", margin=False),
    "da_mldg_first_order": Variant("da_mldg", second_order=False),
    "da_mldg_second_order": Variant("da_mldg"),
    "da_mldg_fixed_margin": Variant("da_mldg", margin_gradient=False),
}


@dataclasses.dataclass(frozen=True)
class Setting:
    """One workload.

    Attributes:
      implementation: what does the step, such as ``jax``.
      variant: key of ``VARIANTS``, or ``matrix_peak``.
      depth: layers of the ResNet.
      width: channels of its first stage.
      per_domain: samples of each domain.
      frames: of a sample.
      features: of a frame.
      classes: to tell apart.
      num_train_domains: in S'.
      num_test_domains: in V.
    """

    implementation: str = "jax"
    variant: str = "deep_all"
    depth: int = 18
    width: int = 64
    per_domain: int = 16
    frames: int = 198
    features: int = 64
    classes: int = 5
    num_train_domains: int = 2
    num_test_domains: int = 1

    @property
    def name(self) -> str:
        """Of the worker, for people."""
        return f"{self.implementation} {self.variant}"

    @property
    def num_domains(self) -> int:
        """Source domains of a step."""
        return self.num_train_domains + self.num_test_domains


class Ready(NamedTuple):
    """A worker's first line.

    Attributes:
      compile_seconds: by which its first step took longer than its second.
      device: on which it runs.
      versions: of the packages that matter.
      flop_per_step: floating-point operations of a step, where the worker knows.
    """

    compile_seconds: float
    device: str
    versions: Mapping[str, str]
    flop_per_step: float | None = None


class Workload(NamedTuple):
    """What a worker makes of a setting.

    Attributes:
      step: does one step and returns when its results are there.
      device: on which it runs.
      versions: of the packages that matter.
      peak_bytes: the most memory used so far.
      flop_per_step: floating-point operations of a step, where they do not follow
        from the setting.
    """

    step: Callable[[], None]
    device: str
    versions: Mapping[str, str]
    peak_bytes: Callable[[], int]
    flop_per_step: float | None = None


def noise(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """The samples of every step: normal noise.

    Args:
      setting: their number and shape.

    Returns:
      Spectrograms [domains, per_domain, frames, features] float32, and labels
      [domains, per_domain] int32.
    """
    rng = np.random.default_rng(0)
    examples = (setting.num_domains, setting.per_domain)
    shape = (*examples, setting.frames, setting.features)
    labels = rng.integers(0, setting.classes, examples, dtype=np.int32)
    return rng.standard_normal(shape, np.float32), labels


def process_peak_bytes() -> int:
    """The most memory that this process had resident."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError):
        # Not on Linux, where getrusage would count what the parent had at the fork.
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def serve(build: Callable[[Setting], Workload]) -> None:
    """Runs a worker until its input ends.

    Args:
      build: makes the workload of the setting that the command line gives.
    """
    # What a library prints must not be taken for an answer: it goes to standard error.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        workload = build(Setting(**json.loads(sys.argv[1])))
        first, second = _timed(workload.step), _timed(workload.step)
        ready = Ready(
            compile_seconds=max(0.0, first - second),
            device=workload.device,
            versions=workload.versions,
            flop_per_step=workload.flop_per_step,
        )
        print(json.dumps(ready._asdict()), file=answers, flush=True)
        for line in sys.stdin:
            seconds = [_timed(workload.step) for _ in range(int(line))]
            print(json.dumps({"seconds": seconds}), file=answers, flush=True)
        peak = {"peak_bytes": workload.peak_bytes()}
        print(json.dumps(peak), file=answers, flush=True)


def _timed(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
