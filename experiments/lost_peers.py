"""How a process ends whose peers are gone: with a message, and not by a hang.

What notices the loss is JAX's runtime. Where a collective fails it raises an error;
where one process cannot be reached any more it aborts all others, from a thread of its
own, without Python having a say. So the signal of that abort is caught too.
"""

import contextlib
import ctypes
import faulthandler
import os
import pathlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import jax

from damldg_jax.errors import InputError
from experiments.checkpoints import steps_in

# What the runtime's errors are known by; it has no type of its own for them.
_SIGNS = (
    *("Gloo", "NCCL", "Connection reset", "Connection closed", "Socket closed"),
    *("coordination service", "heartbeat", "UNAVAILABLE"),
)
# Seconds that the aborting thread leaves to the main one, to find out by itself.
_PATIENCE = 5.0
# Seconds that the main one then has to end the process.
_LAST_RESORT = 20.0
_REMEDY = (
    "Give the same command on all machines again; "
    "what JAX says of the cause stands above."
)

_handling = threading.Event()
_folders: tuple[pathlib.Path, ...] = ()
# The signal handler must outlive the call that installs it.
_installed: list[Any] = []


class PeerLost(RuntimeError):
    """Another process of the command has ended or cannot be reached."""


def lost_message() -> str:
    """Says what has happened, and where the same command goes on."""
    return (
        "Another process of this command has ended or cannot be reached any more, and "
        f"the run ends here. {_where()} {_REMEDY}"
    )


def _where() -> str:
    steps = [steps_in(folder / "checkpoints") for folder in _folders]
    if not any(steps):
        return "It goes on from the last checkpoint that process 0 has saved, if any."
    # Runs that are trained together go on together.
    common = set.intersection(*steps)
    step = max(common) if common else min(max(of, default=0) for of in steps)
    return f"It goes on after step {step}, from the checkpoints in {_folders[0]}."


@contextlib.contextmanager
def going_on_from(folders: Sequence[pathlib.Path]) -> Iterator[None]:
    """Tells whoever reports a loss which runs are being trained.

    Args:
      folders: of the runs.
    """
    global _folders
    before, _folders = _folders, tuple(folders)
    yield
    # If an error has ended the block they are still what is asked for.
    _folders = before


@contextlib.contextmanager
def lost() -> Iterator[None]:
    """Turns errors of a lost peer into ``PeerLost``; others pass.

    Raises:
      PeerLost: the block met such an error. The message says where a run goes on.
    """
    try:
        yield
    except InputError:
        raise
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        connected = jax.distributed.is_initialized()
        if not connected or not any(sign in str(error) for sign in _SIGNS):
            raise
        _handling.set()
        # Should the way out lead through a lock of the runtime's, that is the end too.
        faulthandler.dump_traceback_later(_LAST_RESORT, exit=True)
        print(error, file=sys.stderr)
        raise PeerLost(lost_message()) from error


def already_told() -> bool:
    """Whether a loss has been met, so that nothing is to be asked of the runtime."""
    return _handling.is_set()


def catch_aborts(say: Callable[[], tuple[str, int]]) -> None:
    """Has the process end with a message where JAX's runtime aborts it.

    Args:
      say: gives the message and the exit status. It replaces the one given before.
    """

    def end(number: int) -> None:
        del number
        # The main thread may have met an error already, and be closing its files.
        elsewhere = threading.current_thread() is not threading.main_thread()
        if elsewhere and _handling.wait(_PATIENCE):
            time.sleep(_LAST_RESORT)
        message, status = say()
        end_now(status, f"Error: {message}\n")

    # A handler of Python's own would run in the main thread, and only after the abort.
    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(end)
    if os.name == "posix":
        install = ctypes.CDLL(None).signal
        install.restype, install.argtypes = (
            ctypes.c_void_p,
            (ctypes.c_int, type(handler)),
        )
        install(signal.SIGABRT, handler)
    _installed.append(handler)


def end_now(status: int, last_words: str = "") -> NoReturn:
    """Ends the process, without waiting for peers as an orderly exit would."""
    sys.stdout.flush()
    sys.stderr.write(last_words)
    sys.stderr.flush()
    os._exit(status)
