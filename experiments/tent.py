"""Adapts scales and biases to a run's target, on one device of this process."""

from collections.abc import Sequence

import jax
import numpy as np

from damldg_jax.assembly import Network
from damldg_jax.batches import Domains, Excerpt
from damldg_jax.errors import InputError
from damldg_jax.parallel import copy_on, to_host
from damldg_jax.sampling import Windowing
from damldg_jax.tent import Adapted, AdaptFn, compile_tent, unaltered
from damldg_jax.types import BatchStats, Params
from experiments.config import Config
from experiments.console import progress
from experiments.interruption import WATCH
from experiments.placement import Placement
from experiments.runs import Run


class Tent:
    """TENT for the runs of a command, compiled once for each size of a batch."""

    def __init__(
        self,
        network: Network,
        windowing: Windowing,
        placement: Placement,
        devices: Sequence[jax.Device],
        config: Config,
    ):
        """Compiles nothing yet.

        Args:
          network: for one device.
          windowing: how training examples are cut.
          placement: where the data lie.
          devices: that this process evaluates on; the first one adapts, so that the
            result does not depend on how many there are.
          config: all settings.
        """
        self._network, self._windowing = network, windowing
        self._placement, self._device, self._config = placement, devices[0], config
        self._made: dict[int, AdaptFn] = {}

    def adapt(
        self, run: Run, params: Params, batch_stats: BatchStats, batch_size: int
    ) -> Adapted:
        """Adapts parameters to the target of a run.

        Args:
          run: whose seed draws the batches.
          params: theta, in host memory; they stay as they are.
          batch_stats: statistics, likewise, of which the structure counts.
          batch_size: utterances in a step.

        Returns:
          The adapted parameters, in host memory, and the entropies.

        Raises:
          InputError: numbers were not finite.
          Interrupted: the process was told to end.
        """
        if batch_size not in self._made:
            self._made[batch_size] = self._make(batch_size)
        domains = self._placement.target(run.division)
        given = jax.device_put((params, batch_stats), self._device)
        store = copy_on(self._placement.local_store(run.division), self._device)
        what = f"Adapting to {run.split.target}"
        steps = range(self._config.tent_steps)
        shown = WATCH.between(progress(steps, what, "step", leave=False))
        on_device = jax.device_put(domains, self._device)
        adapted = self._made[batch_size](*given, store, on_device, run.seed, shown)
        adapted = adapted._replace(params=to_host(adapted.params))
        self._check(run, adapted)
        return adapted

    def _make(self, batch_size: int) -> AdaptFn:
        windowing = unaltered(self._windowing)

        def excerpt_of(domains: Domains, step: int, seed: int) -> Excerpt | None:
            return self._placement.excerpt_of(
                domains, batch_size, windowing, step, seed
            )

        return compile_tent(
            self._network,
            self._windowing,
            batch_size,
            self._config.tent_learning_rate,
            excerpt_of,
        )

    def _check(self, run: Run, adapted: Adapted) -> None:
        """Refuses what no probability follows from."""
        if all(np.isfinite(x).all() for x in jax.tree.leaves(adapted)):
            return
        raise InputError(
            f"{run.title}: with --tent_learning_rate={self._config.tent_learning_rate}"
            f" numbers were not finite after --tent_steps={self._config.tent_steps}. "
            "Choose lower ones, and another --workdir."
        )
