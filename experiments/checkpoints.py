"""Saves and restores the state of a run, by orbax.

A checkpoint holds all that the run needs to go on: the training state, the parameters
that were best on source validation, and what is known of them. They are saved
together, so a restored run never pairs one step's state with another step's best.
Beside them is a digest of them all: what is not, to the bit, what was saved is not gone
on from, but from the checkpoint before it, or from the beginning.
"""

import functools
import pathlib
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from damldg_jax.digests import digest_of
from damldg_jax.errors import InputError
from damldg_jax.training import TrainState
from damldg_jax.types import BatchStats, Params
from experiments.console import say
from experiments.orbax_errors import DAMAGES, ignore_late_reads, may_pass, writing
from experiments.teams import ALONE, Team

# Orbax, which takes a quarter of a second to load, is loaded after the first steps.
if TYPE_CHECKING:
    import orbax.checkpoint as ocp

_KEPT = 2
# Where a run puts checkpoints that are damaged.
SET_ASIDE = "damaged_checkpoints"


class DamagedCheckpoint(ValueError):
    """A checkpoint is not what was saved."""


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
      state: of training, in host memory.
      best: what was best so far.
      seconds: spent on the run so far.
      evaluated: whether the evaluation that is due after this step is done; it is not
        where the command was told to end before.
    """

    state: TrainState
    best: Best
    seconds: float
    evaluated: bool = True


class Checkpoints:
    """The checkpoints of one run, in a folder; to be closed."""

    def __init__(self, folder: pathlib.Path, team: Team = ALONE):
        """Opens the folder, in the process that writes.

        Args:
          folder: of the checkpoints.
          team: the processes that train the run together.
        """
        self.folder, self._team = folder, team
        # The newest that was found to be sound, to be restored.
        self._checked: tuple[int, Saved] | None = None

    @functools.cached_property
    def _manager(self) -> "ocp.CheckpointManager":
        return _manager(self.folder)

    def close(self) -> None:
        """Waits for what is being saved."""
        if "_manager" in self.__dict__:
            with writing(self.folder):
                self._manager.close()

    def steps(self, initial: Saved) -> set[int]:
        """The steps after which there is a sound one; what is damaged is set aside.

        Args:
          initial: before the first step; gives the structure.
        """
        return set(self._team.tell(lambda: self._sound(initial)))

    def _sound(self, initial: Saved) -> list[int]:
        found: list[int] = []
        self._checked = None
        for step in sorted(steps_in(self.folder), reverse=True):
            if len(found) == _KEPT:
                # What is left of one that was being deleted when the process ended.
                shutil.rmtree(self.folder / str(step), ignore_errors=True)
                self._manager.reload()
            elif self._is_sound(initial, step):
                found.append(step)
        return found

    def _is_sound(self, initial: Saved, step: int) -> bool:
        try:
            saved = self._read(initial, step)
        except DamagedCheckpoint as error:
            aside = self.folder.with_name(SET_ASIDE) / str(step)
            shutil.rmtree(aside, ignore_errors=True)
            aside.parent.mkdir(exist_ok=True)
            (self.folder / str(step)).replace(aside)
            self._manager.reload()
            say(
                f"The checkpoint after step {step} in {self.folder} is damaged "
                f"({error}). It lies in {aside} now and is not used; it can be deleted."
            )
            return False
        self._checked = self._checked or (step, saved)
        return True

    def discard_after(self, step: int) -> None:
        """Deletes what is newer than a step, which the run does again.

        Args:
          step: to which it goes back.
        """
        if self._team.writes:
            for newer in steps_in(self.folder):
                if newer > step:
                    self._manager.delete(newer)

    def save(self, saved: Saved) -> None:
        """Saves in the background; a checkpoint is visible once it is whole.

        Args:
          saved: after a step, in host memory. Nothing is done if that step or a later
            one is saved already.
        """
        if not self._team.writes:
            return
        import orbax.checkpoint as ocp

        state, best, seconds, evaluated = saved
        if int(state.step) in self._manager.all_steps():
            return
        weights = {"params": best.params, "batch_stats": best.batch_stats}
        progress = {"step": best.step, "score": best.score, "seconds": seconds}
        progress["digest"] = _digest(saved)
        if not evaluated:
            progress["evaluated"] = False
        parts = ocp.args.Composite(
            state=ocp.args.StandardSave(state._asdict()),
            best=ocp.args.StandardSave(weights),
            progress=ocp.args.JsonSave(progress),
        )
        with writing(self.folder):
            self._manager.save(int(state.step), args=parts)

    def restore(self, initial: Saved, step: int) -> Saved:
        """Restores a checkpoint, or returns what it is given if there is none.

        Args:
          initial: before the first step; gives the structure.
          step: after which it was saved; 0 if there is none.

        Returns:
          What was saved, in host memory.
        """
        if step == 0:
            return initial
        checked, self._checked = self._checked, None
        if not self._team.writes:
            saved = initial
        elif checked and checked[0] == step:
            saved = checked[1]
        else:
            saved = self._read(initial, step)
        return self._team.broadcast(saved)

    def _read(self, initial: Saved, step: int) -> Saved:
        manager = self._manager
        ignore_late_reads()
        try:
            saved, digest = self._load(manager, initial, step)
        except DAMAGES as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            if may_pass(error):
                raise InputError(
                    f"{self.folder / str(step)} cannot be read ({first}). The same "
                    "command goes on from there when it can."
                ) from error
            raise DamagedCheckpoint(first) from error
        # Earlier versions saved none.
        if digest is not None and digest != _digest(saved):
            raise DamagedCheckpoint("its content is not what was saved")
        if _shapes(saved) != _shapes(initial):
            raise DamagedCheckpoint("its arrays are of another network or optimiser")
        return saved

    def _load(
        self, manager: "ocp.CheckpointManager", initial: Saved, step: int
    ) -> tuple[Saved, str | None]:
        import orbax.checkpoint as ocp

        state, best, *_ = initial
        weights = {"params": best.params, "batch_stats": best.batch_stats}
        restored = manager.restore(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardRestore(_host(state._asdict())),
                best=ocp.args.StandardRestore(_host(weights)),
                progress=ocp.args.JsonRestore(),
            ),
        )
        progress = dict(restored.progress)
        seconds, digest = progress.pop("seconds"), progress.pop("digest", None)
        evaluated = progress.pop("evaluated", True)
        state, best = TrainState(**restored.state), Best(**restored.best, **progress)
        return Saved(state, best, seconds, evaluated), digest


def _digest(saved: Saved) -> str:
    """Of all that is saved; numbers as JSON gives them back."""
    parts = saved.state._asdict(), saved.best._asdict(), saved.seconds
    # What was evaluated has the digest that earlier versions gave it.
    return digest_of(parts if saved.evaluated else (*parts, False))


def _shapes(saved: Saved) -> list[tuple]:
    arrays = jax.tree_util.tree_leaves_with_path((saved.state, saved.best[:2]))
    return [(path, np.shape(x), np.asarray(x).dtype) for path, x in arrays]


def steps_in(folder: pathlib.Path) -> set[int]:
    """The steps of which a folder has a whole checkpoint."""
    # Orbax gives one its name, which is its number, when it is whole.
    return {int(p.name) for p in folder.glob("*") if p.name.isdecimal()}


def _manager(folder: pathlib.Path) -> "ocp.CheckpointManager":
    import orbax.checkpoint as ocp
    from orbax.checkpoint.options import MultiprocessingOptions

    # Of several processes it shall wait for none.
    own = jax.process_index()
    alone = MultiprocessingOptions(
        primary_host=own, active_processes={own}, barrier_sync_key_prefix=str(own)
    )
    folder.mkdir(parents=True, exist_ok=True)
    options = ocp.CheckpointManagerOptions(
        max_to_keep=_KEPT,
        create=False,
        # Of commands that were killed; nobody else is at it.
        cleanup_tmp_directories=True,
        multiprocessing_options=alone,
        # In the background orbax waits for signals, by names that are the same in all
        # processes: two that save runs of their own would take each other's for theirs.
        enable_async_checkpointing=jax.process_count() == 1,
    )
    return ocp.CheckpointManager(folder.absolute(), options=options)


def _host(tree: Any) -> Any:
    """Arrays to restore into, of NumPy: whatever saved them may have had devices."""
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), tree)
