"""Saves and restores the state of a run, by orbax.

A checkpoint holds all that the run needs to go on: the training state, the parameters
that were best on source validation, and what is known of them. They are saved
together, so a restored run never pairs one step's state with another step's best.
"""

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp

from damldg_jax.parallel import to_host
from damldg_jax.training import TrainState
from damldg_jax.types import BatchStats, Params

_KEPT = 2


class Best(NamedTuple):
    """The parameters that were best on source validation.

    Attributes:
      params: theta, in host memory.
      batch_stats: statistics to evaluate them with, likewise.
      step: after which they were taken.
      score: mean over source corpora of the score on their validation speakers by which
        steps are compared (UAR, CCC); -1 before the first.
    """

    params: Params
    batch_stats: BatchStats
    step: int
    score: float


class Saved(NamedTuple):
    """All that a run needs to go on.

    Attributes:
      state: of training.
      best: what was best so far.
      seconds: spent on the run so far.
    """

    state: TrainState
    best: Best
    seconds: float


class Checkpoints:
    """The checkpoints of one run; use as a context manager."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self._manager = ocp.CheckpointManager(
            folder.absolute(),
            options=ocp.CheckpointManagerOptions(max_to_keep=_KEPT, create=True),
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *error: object) -> None:
        self._manager.close()

    def save(self, saved: Saved) -> None:
        """Saves in the background; a checkpoint is visible once it is whole.

        Args:
          saved: after a step; its state may be donated to the next one meanwhile.
            Nothing is done if that step is saved already.
        """
        if int(saved.state.step) in self._manager.all_steps():
            return
        state, best = to_host(saved.state), saved.best
        weights = {"params": best.params, "batch_stats": best.batch_stats}
        progress = {"step": best.step, "score": best.score, "seconds": saved.seconds}
        self._manager.save(
            int(state.step),
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(state._asdict()),
                best=ocp.args.StandardSave(weights),
                progress=ocp.args.JsonSave(progress),
            ),
        )

    @contextlib.contextmanager
    def keeping(self, saved: Saved) -> Iterator[None]:
        """Saves what it is given if the block finds a number that is not finite.

        Args:
          saved: its state has not taken the step in which that came about.

        Raises:
          FloatingPointError: that of the block, which also says where the state is.
        """
        try:
            yield
        except FloatingPointError as error:
            state = saved.state._replace(finite=np.ones((), bool))
            self.save(saved._replace(state=state))
            raise FloatingPointError(
                f"{error} The state before it, after step {int(state.step)}, is kept "
                f"in {self._folder}."
            ) from error

    def restore(self, initial: Saved) -> Saved:
        """Restores the newest checkpoint, or returns what it is given if none is there.

        Args:
          initial: before the first step; gives the structure.

        Returns:
          What was saved, in host memory.
        """
        step = self._manager.latest_step()
        if step is None:
            return initial
        state, best, _ = initial
        weights = {"params": best.params, "batch_stats": best.batch_stats}
        restored = self._manager.restore(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardRestore(_host(state._asdict())),
                best=ocp.args.StandardRestore(_host(weights)),
                progress=ocp.args.JsonRestore(),
            ),
        )
        progress = dict(restored.progress)
        seconds = progress.pop("seconds")
        return Saved(
            TrainState(**restored.state), Best(**restored.best, **progress), seconds
        )


def _host(tree: Any) -> Any:
    """Arrays to restore into, of NumPy: whatever saved them may have had devices."""
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), tree)
