"""How many pieces of work are done at a time, without a say in what comes out."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import threadpoolctl

Item = TypeVar("Item")

# Applies a function to items, which must not depend on each other, and yields the
# results in order. Where the work is done elsewhere, results are plain JSON.
Each = Callable[[Callable[[Item], Any], Sequence[Item]], Iterator[Any]]


def in_turn(function: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Any]:
    """Does one after the other."""
    yield from map(function, items)


def in_threads(workers: int | None = None) -> Each:
    """Does several at a time, in threads.

    Threads suffice for features: reading, Fourier transforms and products run outside
    of Python. Products run on one thread each, as their own threads would only be in
    the way of these.

    Args:
      workers: how many at a time; None for as many as there are cores.

    Returns:
      What applies a function to items.
    """

    def each(function: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Any]:
        # The limit is set on libraries that are loaded: SciPy brings one of its own.
        import scipy.linalg  # noqa: F401

        pool = ThreadPoolExecutor(workers or _num_cores())
        with threadpoolctl.threadpool_limits(1, user_api="blas"):
            try:
                yield from pool.map(function, items)
            finally:
                # After an error or an interruption, what waits is not begun.
                pool.shutdown(cancel_futures=True)

    return each


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
