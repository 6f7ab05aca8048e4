"""One workload of the benchmark as a value, which the workers share.

Nothing here needs JAX.
"""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

# Residual blocks in each stage, by depth: those of ``damldg_jax.models`` (a test holds
# them equal), repeated because importing that would load JAX.
STAGE_SIZES = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}

INNER_LEARNING_RATE = 0.01
LEARNING_RATE = 0.05
MOMENTUM = 0.9


@dataclasses.dataclass(frozen=True)
class Setting:
    """One workload.

    Attributes:
      implementation: what does the step, such as ``jax``.
      variant: key of ``VARIANTS``, or one of ``PEAKS`` or ``EVALUATIONS``.
      depth: layers of the ResNet.
      width: channels of its first stage.
      per_domain: samples of each domain.
      frames: of a sample.
      features: of a frame.
      classes: to tell apart.
      num_train_domains: in S'.
      num_test_domains: in V.
      dtype: of the arithmetic.
      precision: of products in float32, as JAX names it; ``default`` is what it takes.
      input: where samples come from, one of ``INPUTS``.
      devices: how many take part.
      shared: whether they share each step of one run, or have runs of their own.
      lanes: runs on a device, side by side by ``vmap``, where runs are not shared.
      steps_per_call: of the compiled program.
      host_devices: into how many a CPU is parted by force; 0 for not at all.
      cache_dir: of JAX's persistent compilation cache; that of the environment if
        empty.
      repeat: tells a worker from another one of the same setting.
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
    dtype: str = "float32"
    precision: str = "default"
    input: str = "resident"
    devices: int = 1
    shared: bool = True
    lanes: int = 1
    steps_per_call: int = 1
    host_devices: int = 0
    cache_dir: str = ""
    repeat: int = 0

    @property
    def name(self) -> str:
        """Of the worker, for people."""
        return f"{self.implementation} {self.variant}"

    @property
    def num_domains(self) -> int:
        """Source domains of a step."""
        return self.num_train_domains + self.num_test_domains

    @property
    def runs(self) -> int:
        """Training runs that a call moves on."""
        return 1 if self.shared else self.devices * self.lanes

    @property
    def steps(self) -> int:
        """Steps that a call does, of all its runs together."""
        return self.runs * self.steps_per_call

    @property
    def batch_size(self) -> int:
        """Samples of a step of one run, all domains and devices together."""
        return self.num_domains * self.per_domain


# Where the samples of a step come from: cut within the step out of frames that lie on
# the device; out of those that the host sends ahead; not cut at all, the zero-data
# reference; and the cutting alone, without a step.
INPUTS = ("resident", "streamed", "constant", "alone")


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


class Recording(NamedTuple):
    """A recording of noise.

    Attributes:
      domain: that it belongs to.
      spectrogram: [frames, features] float32.
      label: class of it.
    """

    domain: int
    spectrogram: np.ndarray
    label: int


# Of each domain, or as many as a step takes if these are more: larger together than the
# caches of a processor, as corpora are.
_RECORDINGS = 256


def recordings(setting: Setting) -> Iterator[Recording]:
    """Recordings from which samples are cut, between half and 2.5 times as long.

    Args:
      setting: number of domains, and shape of a sample.

    Yields:
      The recordings, domain by domain.
    """
    rng = np.random.default_rng(0)
    longest = 5 * setting.frames // 2
    for domain in range(setting.num_domains):
        for _ in range(max(_RECORDINGS, setting.per_domain)):
            frames = rng.integers((setting.frames + 1) // 2, longest + 1)
            spectrogram = rng.standard_normal((frames, setting.features), np.float32)
            yield Recording(domain, spectrogram, int(rng.integers(setting.classes)))
