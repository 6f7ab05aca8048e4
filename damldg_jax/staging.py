"""Folders whose content is not whole yet, beside those whose content is."""

import contextlib
import os
import pathlib
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator

import psutil

from damldg_jax import checksums, parts

PREFIX = ".preparing-"
_DAY = 24 * 3600
# Parts are worth something to who tries again; what is being written is not.
_ABANDONED_SECONDS = {PREFIX: _DAY, parts.PREFIX: 7 * _DAY}


@contextlib.contextmanager
def folder(data_dir: pathlib.Path) -> Iterator[pathlib.Path]:
    """Makes a folder to write in, and removes it whatever happens.

    What killed commands left, and nobody works on, is removed first.

    Args:
      data_dir: where records are kept.

    Yields:
      An empty folder in it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(data_dir)
    prefix = f"{PREFIX}{socket.gethostname()}~{os.getpid()}~"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=data_dir) as temporary:
        yield pathlib.Path(temporary)


def replace(old: pathlib.Path, new: pathlib.Path) -> None:
    """Puts a folder in the place of another; the old one goes once the new is whole.

    Args:
      old: the place; where the very same is there, it stays, as it may be in use.
      new: complete, with its sums.
    """
    if old.exists():
        if checksums.same(old, new):
            return
        shutil.rmtree(old)
    old.parent.mkdir(parents=True, exist_ok=True)
    new.rename(old)


def _remove_abandoned(data_dir: pathlib.Path) -> None:
    for prefix, seconds in _ABANDONED_SECONDS.items():
        for path in data_dir.glob(f"{prefix}*"):
            if _owner_is_gone(path) or time.time() - path.stat().st_mtime > seconds:
                shutil.rmtree(path, ignore_errors=True)


def _owner_is_gone(path: pathlib.Path) -> bool:
    """Whether a process of this computer made it that does not run any more."""
    host, _, rest = path.name.removeprefix(PREFIX).partition("~")
    process = rest.partition("~")[0]
    return host == socket.gethostname() and not psutil.pid_exists(int(process))
