"""One command at a time where two would be in each other's way.

A lock is held on an open file, so that the system lets go of it when the process ends,
however it ends. The file itself is removed by whoever holds it last.
"""

import contextlib
import errno
import os
import pathlib
from collections.abc import Callable, Iterator

from damldg_jax.records.writing import writing

try:
    import fcntl
except ImportError:  # Not on Windows.
    fcntl = None

PREFIX = ".lock-"
# What file systems answer that have no locks, some of the network among them.
_UNSUPPORTED = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK}


def place(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The file that is locked by who works on something of that name in a folder."""
    return folder / f"{PREFIX}{name}"


@contextlib.contextmanager
def held(
    path: pathlib.Path,
    tell: Callable[[str], object] = lambda text: None,
    task: str | None = None,
    flag: str = "--data_dir",
) -> Iterator[None]:
    """Waits until no other process holds a lock, then holds it.

    Args:
      path: the file; it and its folder are made where they are missing.
      tell: is told, once, that another process is waited for, or that the file system
        has no locks and nothing is held.
      task: what is done by who holds it, a verb first: such as "make a copy"; None for
        the preparation of what the file is named after.
      flag: by which another folder is chosen.

    Yields:
      None, while the lock is held.

    Raises:
      InputError: the folder cannot be written to.
    """
    with writing(path.parent, flag=flag):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _take(path, tell, task or f"prepare '{_name_of(path)}'")
    try:
        yield
    finally:
        _release(handle, path)


@contextlib.contextmanager
def attempted(path: pathlib.Path) -> Iterator[bool]:
    """Holds a lock if that needs no waiting.

    Args:
      path: the file.

    Yields:
      Whether the lock is held; not so where there are no locks.
    """
    with contextlib.ExitStack() as stack:
        try:
            got = stack.enter_context(tried(path))
        except OSError:
            got = False
        yield bool(got)


@contextlib.contextmanager
def tried(path: pathlib.Path) -> Iterator[bool | None]:
    """Holds a lock if that needs no waiting, and tells where there are no locks.

    Args:
      path: the file.

    Yields:
      Whether the lock is held; None where the file system has none.

    Raises:
      OSError: the file cannot be opened.
    """
    handle = _open(path)
    got = _lock(handle)
    if got:
        # Who held it may have removed the file: others lock the new one.
        got = _is_at(handle, path)
    try:
        yield got
    finally:
        if got is False:
            os.close(handle)
        else:
            _release(handle, path)


def _name_of(path: pathlib.Path) -> str:
    return path.name.removeprefix(PREFIX)


def _take(path: pathlib.Path, tell: Callable[[str], object], task: str) -> int:
    does, waited = task.replace(" ", "s ", 1), False
    while True:
        handle = _open(path)
        try:
            got = _lock(handle, wait=waited)
            if got is None:
                tell(
                    f"{path.parent} has no file locks: let no other command {task} "
                    "there meanwhile."
                )
                return handle
            if not got:
                tell(f"Another command {does} in {path.parent}: waiting.")
                waited = _lock(handle, wait=True)
            if _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        # Who held it has removed the file: others lock the new one.
        os.close(handle)


def _open(path: pathlib.Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _lock(handle: int, wait: bool = False) -> bool | None:
    """Whether the lock is held now; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        raise
    return True


def _is_at(handle: int, path: pathlib.Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _release(handle: int, path: pathlib.Path) -> None:
    # Removed while it is held: who opened it before sees that it is no more the one.
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(handle)
