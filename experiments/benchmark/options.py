"""What the benchmark is asked to measure, and the settings that follow from it."""

import dataclasses
from typing import NamedTuple

from damldg_jax.corpora.scenarios import SCENARIOS
from experiments.benchmark.protocol import Ready
from experiments.benchmark.setting import Setting


class Shape(NamedTuple):
    """What the batches of some scenarios have in common.

    Attributes:
      domains: sources.
      per_domain: samples of each in a step.
      scenarios: that have this shape.
    """

    domains: int
    per_domain: int
    scenarios: tuple[str, ...]


# The paper's, each with one target; "eng4" leaves four corpora out in turn.
PAPER_SCENARIOS = tuple(
    name for name, scenario in SCENARIOS.items() if len(scenario.targets) == 1
)


def shapes_of(
    scenarios: tuple[str, ...], batch_size: int, per_domain: int | None
) -> tuple[Shape, ...]:
    """The shapes of the batches of scenarios, each once.

    Args:
      scenarios: names.
      batch_size: wanted; of each domain as many samples as come nearest to it.
      per_domain: samples of each domain, which then decides, or None.

    Returns:
      Shapes in the order of the first scenario of each.
    """
    names: dict[int, list[str]] = {}
    for name in scenarios:
        domains = len(SCENARIOS[name].splits()[0].sources)
        names.setdefault(domains, []).append(name)
    # As ``damldg_jax.batches`` does it, which would load JAX; a test compares.
    return tuple(
        Shape(domains, per_domain or max(1, round(batch_size / domains)), tuple(its))
        for domains, its in names.items()
    )


@dataclasses.dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
      base: depth, width, sample shape, arithmetic and number of forced devices.
      variants: training steps to measure.
      focus: those of which all else is measured.
      peers: other implementations to measure beside.
      shapes: of batches; of the first one everything is measured.
      lanes: numbers of trials to compute side by side.
      steps_per_call: to compare with one.
      at_once: workers that wait together, beside those that all are compared to.
      trials: of the evaluation that is projected.
      epochs: likewise.
      cache_dir: for compilation caches of our own.
    """

    base: Setting
    variants: tuple[str, ...]
    focus: tuple[str, ...]
    peers: tuple[str, ...]
    shapes: tuple[Shape, ...]
    lanes: tuple[int, ...]
    steps_per_call: int
    at_once: int
    trials: int
    epochs: int
    cache_dir: str

    def setting(self, variant: str, shape: Shape | None = None, **changes) -> Setting:
        """A setting of this package on one device, as a run alone has it.

        Args:
          variant: what a step computes.
          shape: of its batches; by default the first.
          **changes: other fields of the setting.

        Returns:
          The setting.
        """
        shape = shape or self.shapes[0]
        return dataclasses.replace(
            self.base,
            variant=variant,
            per_domain=shape.per_domain,
            num_train_domains=shape.domains - 1,
            shared=False,
            **changes,
        )


class Device(NamedTuple):
    """What there is to measure on.

    Attributes:
      kind: of device, such as ``cpu``.
      platform: ``cpu``, ``gpu`` or ``tpu``.
      count: of devices, those made by force included.
      forced: into how many a CPU is parted by force, or 0.
    """

    kind: str
    platform: str
    count: int
    forced: int

    @classmethod
    def of(cls, ready: Ready, host_devices: int) -> "Device":
        """What a worker has found, where a CPU may be parted.

        Args:
          ready: of a worker that took what there is.
          host_devices: into how many to part a CPU, or 0.

        Returns:
          The device.
        """
        forced = host_devices if ready.platform == "cpu" else 0
        return cls(ready.device, ready.platform, forced or ready.num_devices, forced)
