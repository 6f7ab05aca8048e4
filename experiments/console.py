"""What a user sees while a command works: notes and progress on standard error."""

import functools
import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

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
        disable=_silent or (not animated and not options.get("leave", True)),
        dynamic_ncols=True,
        file=sys.stderr,
        **options,
    )
