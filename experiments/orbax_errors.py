"""What orbax raises where files are damaged, or where the system is in its way."""

import contextlib
import functools
import pathlib
import re
import sys
from collections.abc import Iterator

from damldg_jax.errors import InputError

# How it tells what the system has answered.
_OF_THE_SYSTEM = re.compile(r"\[OS error \d+: \w+ (.*?)\]")
_CLOSED = "Event loop is closed"
# What orbax raises for files that are cut short, missing or not what they were.
DAMAGES = (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError)


@contextlib.contextmanager
def writing(folder: pathlib.Path) -> Iterator[None]:
    """Turns what orbax raises where it cannot write, also some time later.

    Args:
      folder: of the checkpoints.

    Yields:
      None.

    Raises:
      InputError: something could not be written; it names the folder and the remedy.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        known = _OF_THE_SYSTEM.search(str(error))
        reason = known[1] if known else str(error).splitlines()[0]
        raise InputError(
            f"Cannot write a checkpoint to {folder}: {reason}. Make room there, see to "
            "its permissions, or choose another --workdir; the same command then goes "
            "on from here."
        ) from error


@functools.cache
def ignore_late_reads() -> None:
    """Keeps orbax's reads from complaining, each by a traceback, of one that failed.

    It closes the loop of all at the first error, and the others find it closed.
    """
    hook = sys.unraisablehook

    def filtered(unraisable: "sys.UnraisableHookArgs") -> None:
        error = unraisable.exc_value
        if not (isinstance(error, RuntimeError) and _CLOSED in str(error)):
            hook(unraisable)

    sys.unraisablehook = filtered


def may_pass(error: Exception) -> bool:
    """Whether the system was in the way, and not what the files hold.

    Args:
      error: one of ``DAMAGES``, raised by reading.
    """
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return False
    told = _OF_THE_SYSTEM.search(str(error))
    return isinstance(error, OSError) or (
        told is not None and not told[1].startswith(("No such file", "Not a directory"))
    )
