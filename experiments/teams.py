"""Processes that do something together, and what they tell each other.

Process 0 alone prints and writes; it tells the others what it has found there. That
goes through the key-value store of JAX's coordination service, where a process may wait
for another as long as it takes; arrays go from device to device. With one process
nothing of this happens.
"""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from jax._src import distributed as runtime
from jax.experimental import multihost_utils

from damldg_jax.errors import InputError
from damldg_jax.parallel import Layout

Tree = TypeVar("Tree")
Item = TypeVar("Item")

_rounds = itertools.count()


class Team(NamedTuple):
    """Processes that do something together.

    Attributes:
      index: of this process among them.
      count: of all.
    """

    index: int = 0
    count: int = 1

    @property
    def writes(self) -> bool:
        """Whether this is the one that prints and writes files."""
        return self.index == 0

    def tell(self, work: Callable[[], Any]) -> Any:
        """Has the one that writes do something, and tells all what came of it.

        Args:
          work: returns what JSON can hold; not called in the other processes.

        Returns:
          The same in all processes.

        Raises:
          InputError: that of ``work``, in all processes.
        """
        if self.count == 1:
            return work()
        key = f"{next(_rounds)}"
        if self.writes:
            put(key, _outcome(work))
        outcome = _get(key)
        if "error" in outcome:
            raise InputError(outcome["error"])
        return outcome["value"]

    def exchange(self, value: Any) -> list[Any]:
        """Tells all processes a value of each, in their order.

        Args:
          value: what JSON can hold.
        """
        if self.count == 1:
            return [value]
        number = next(_rounds)
        put(f"{number}/{self.index}", value)
        return [_get(f"{number}/{index}") for index in range(self.count)]

    def broadcast(self, tree: Tree) -> Tree:
        """Gives all processes the arrays of the one that writes, bit by bit.

        Args:
          tree: arrays and numbers in host memory, of the same shapes in all processes.

        Returns:
          Its like, of NumPy.
        """
        if self.count == 1:
            return tree
        leaves, structure = jax.tree.flatten(tree)
        arrays = [np.asarray(leaf) for leaf in leaves]
        # As bytes: what sums them up on the way would lose the sign of a zero.
        joined = np.frombuffer(b"".join(x.tobytes() for x in arrays), np.uint8)
        joined = np.asarray(multihost_utils.broadcast_one_to_all(joined))
        ends = np.cumsum([x.nbytes for x in arrays])
        parts = np.split(joined, ends[:-1])
        received = [
            _like(leaf, np.frombuffer(part.tobytes(), x.dtype).reshape(x.shape))
            for leaf, x, part in zip(leaves, arrays, parts, strict=True)
        ]
        return jax.tree.unflatten(structure, received)


ALONE = Team()


def everyone() -> Team:
    """All processes of the command."""
    if not jax.distributed.is_initialized():
        return ALONE
    return Team(jax.process_index(), jax.process_count())


def team_of(layout: Layout) -> Team:
    """The processes that do a run of a layout together."""
    return everyone() if layout.shared else ALONE


def is_writer() -> bool:
    """Whether this process is the one that prints, and writes what all have done."""
    return everyone().writes


def share(items: Sequence[Item]) -> list[Item]:
    """What of some items falls to this process, where each does its own."""
    team = everyone()
    return list(items[team.index :: team.count])


def _like(leaf: Any, array: np.ndarray) -> Any:
    return array.item() if isinstance(leaf, bool | int | float) else array.copy()


def _outcome(work: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"value": work()}
    except InputError as error:
        return {"error": str(error)}


def put(key: str, value: Any) -> None:
    """Puts something that JSON can hold where all processes can look."""
    runtime.global_state.client.key_value_set(f"damldg/{key}", json.dumps(value))


def _get(key: str) -> Any:
    """Waits until a process has put something there, however long that takes.

    If that process ends, JAX's runtime ends this one.
    """
    client = runtime.global_state.client
    while True:
        try:
            # A second at a time, so that an interrupt from the keyboard is heard.
            return json.loads(client.blocking_key_value_get(f"damldg/{key}", 1000))
        except jax.errors.JaxRuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise


def look(key: str) -> bool:
    """Whether a process has put something there."""
    try:
        runtime.global_state.client.key_value_try_get(f"damldg/{key}")
    except jax.errors.JaxRuntimeError as error:
        if "NOT_FOUND" not in str(error):
            raise
        return False
    return True
