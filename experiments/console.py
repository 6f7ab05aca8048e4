"""What a user sees while a command works: notes and progress on standard error."""

import contextlib
import functools
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

_LINE = (
    "{desc}: {n_fmt} of {total_fmt} [{elapsed}, {remaining} left, {rate_fmt}{postfix}]"
)
_silent = False


def be_silent() -> None:
    """Says nothing from now on: another process of the command does."""
    global _silent
    _silent = True


def say(text: str) -> None:
    """Prints a line on standard error without disturbing a progress bar."""
    if not _silent:
        tqdm.write(text, file=sys.stderr)


@functools.cache
def say_once(text: str) -> None:
    """Says what may come up in several runs of a command, and is said once."""
    say(text)


class _Lines:
    """A file to which each state of a bar is a line, and nothing is removed."""

    _last = ""

    def write(self, text: str) -> None:
        """Writes what there is beside the movements of a cursor."""
        line = text.strip()
        if line and line != self._last:
            sys.stderr.write(f"{line}\n")
            self._last = line

    def flush(self) -> None:
        """Has it reach whoever looks on."""
        sys.stderr.flush()


def show(bar: tqdm, text: str) -> None:
    """Says beside a bar what its work is at; only where that can vanish again."""
    bar.set_postfix_str(text, refresh=sys.stderr.isatty())


def start_clock(bar: tqdm, done: int) -> None:
    """Has a bar tell the speed of what comes now, after what was done to prepare it.

    Args:
      bar: it has shown nothing but that.
      done: items that are done.
    """
    bar.n = bar.initial = bar.last_print_n = done
    bar.unpause()
    bar.set_postfix_str("")


@contextlib.contextmanager
def clock_stopped(bar: tqdm) -> Iterator[None]:
    """Leaves out of what a bar tells of speed what is done meanwhile.

    Args:
      bar: that is shown.

    Yields:
      None.
    """
    began = time.monotonic()
    yield
    if not bar.disable:
        bar.start_t += time.monotonic() - began


def progress(
    items: Iterable[Item] | None,
    what: str,
    unit: str,
    *,
    total: int | None = None,
    **options,
) -> "tqdm[Item]":
    """Wraps items in a progress bar on standard error.

    Args:
      items: to go through; None for a bar that is moved by hand.
      what: is being done, printed before the bar.
      unit: of an item.
      total: how many there are, where ``items`` cannot tell.
      **options: further ones of tqdm.

    Returns:
      The bar, which yields the items.
    """
    # A file or a pipe gets a line now and then instead of an animation, and nothing of
    # what is to vanish.
    animated = sys.stderr.isatty()
    return tqdm(
        items,
        desc=what,
        unit=unit,
        total=total,
        mininterval=0.2 if animated else 10.0,
        bar_format=None if animated else _LINE,
        disable=_silent or (not animated and not options.get("leave", True)),
        dynamic_ncols=True,
        # Of the whole time, in which what comes now and then has its part.
        smoothing=0,
        file=sys.stderr if animated else _Lines(),
        **options,
    )
