"""Folders whose content is not whole yet, beside those whose content is."""

import contextlib
import os
import pathlib
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator

import psutil

from damldg_jax.records import checksums, locks, parts
from damldg_jax.records.provenance import corpus_folder
from damldg_jax.records.writing import writing

PREFIX = ".preparing-"
_ASIDE = ".replaced-"
# Of what lies longer, nobody makes use any more: parts, and folders of other computers,
# which say by their date that somebody is at work.
_ABANDONED_SECONDS = 7 * 24 * 3600


@contextlib.contextmanager
def folder(data_dir: pathlib.Path) -> Iterator[pathlib.Path]:
    """Makes a folder to write in, and removes it whatever happens.

    What killed commands left, and nobody works on, is removed first.

    Args:
      data_dir: where records are kept.

    Yields:
      An empty folder in it.

    Raises:
      InputError: it cannot be written to.
    """
    prefix = f"{PREFIX}{socket.gethostname()}~{os.getpid()}~"
    with writing(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        remove_abandoned(data_dir)
        temporary = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=data_dir))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        # A command for which this one waited may have ended only since the beginning.
        remove_abandoned(data_dir)


def replace(data_dir: pathlib.Path, corpus: str, new: pathlib.Path) -> None:
    """Puts records in their place, in that of older ones if there are any.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus; where the very same records are there, they stay, as
        they may be in use.
      new: complete, with its sums; in the same file system.
    """
    old, aside = corpus_folder(data_dir, corpus), _aside(data_dir, corpus)
    restore(old, aside)
    if not (old.exists() and checksums.same(old, new)):
        exchange(old, new, aside)


def recover(data_dir: pathlib.Path, corpus: str, tell: Callable[[str], object]) -> None:
    """Puts back older records that were set aside by a command that was killed.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus.
      tell: is told where another command is waited for.
    """
    aside = _aside(data_dir, corpus)
    if os.path.lexists(aside):
        with locks.held(locks.place(data_dir, corpus), tell), writing(data_dir):
            restore(corpus_folder(data_dir, corpus), aside)


def exchange(old: pathlib.Path, new: pathlib.Path, aside: pathlib.Path) -> None:
    """Puts a folder in the place of another; at any moment one of them is whole.

    Args:
      old: the place, empty or not.
      new: what is to be there.
      aside: where the old one is meanwhile; it is removed once the new one is there.
    """
    old.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(old):
        old.rename(aside)
    try:
        new.rename(old)
    finally:
        restore(old, aside)


def restore(place: pathlib.Path, aside: pathlib.Path) -> None:
    """Ends an exchange that was interrupted.

    Args:
      place: that should not be empty.
      aside: goes to that place if it is, and is removed if not.
    """
    if not os.path.lexists(aside):
        return
    if not os.path.lexists(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(place)
    elif aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink()


def remove_abandoned(data_dir: pathlib.Path) -> None:
    """Removes what killed commands left and nobody works on, as far as that goes.

    Args:
      data_dir: where records are kept, if it is there.
    """
    for path in data_dir.glob(f"{PREFIX}*"):
        if _is_abandoned(path):
            shutil.rmtree(path, ignore_errors=True)
    for path in data_dir.glob(f"{parts.PREFIX}*"):
        if _age(path) > _ABANDONED_SECONDS:
            name = path.name.removeprefix(parts.PREFIX)
            with locks.attempted(locks.place(data_dir, name)) as free:
                if free:
                    shutil.rmtree(path, ignore_errors=True)
    for path in data_dir.glob(f"{locks.PREFIX}*"):
        with locks.attempted(path):
            pass  # What is held without waiting goes when it is let go.


def _aside(data_dir: pathlib.Path, corpus: str) -> pathlib.Path:
    version = corpus_folder(data_dir, corpus).name
    return data_dir / f"{_ASIDE}{corpus}-{version}"


def _is_abandoned(path: pathlib.Path) -> bool:
    """Whether nobody works in a folder; of this computer's processes it is known."""
    host, _, rest = path.name.removeprefix(PREFIX).partition("~")
    process = rest.partition("~")[0]
    if host == socket.gethostname() and process.isdecimal():
        return not _runs(int(process))
    return _age(path) > _ABANDONED_SECONDS


def _runs(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # Somebody else's.
        return True


def _age(path: pathlib.Path) -> float:
    """Seconds since something was done in a folder; 0 if it is gone meanwhile."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
