"""Who does what, where several processes, maybe on several machines, share a sweep.

A process that works on a unit holds a lock on a file in the folder of the sweep, which
the system takes back when the process ends, however it ends. Beside it lies a note: who
it is, and, by its date, that it is alive.

The note serves where locks do not: some network file systems have none (Lustre without
the option flock), and on others each machine has its own (NFS with local_lock, Lustre
with localflock), so that two machines would both believe to hold one. A note of another
machine that was renewed a short while ago counts as much as a lock.
"""

import contextlib
import json
import os
import pathlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from damldg_jax.errors import InputError
from damldg_jax.records import locks
from experiments.outputs import write_json

_BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id")
_NUMBERS = pathlib.Path("/proc/self/ns/pid")


class Note(NamedTuple):
    """Who works on a unit.

    Attributes:
      host: name of the machine.
      machine: tells machines of one name apart, and a machine before from after a
        restart.
      process: its number there.
      since: when it began, in words.
    """

    host: str
    machine: str
    process: int
    since: str

    def __str__(self) -> str:
        return f"process {self.process} on {self.host} since {self.since}"


class Claims:
    """The units that this process and others work on."""

    def __init__(
        self,
        folder: pathlib.Path,
        tell: Callable[[str], object],
        renewed_every: float = 20.0,
        alive_for: float = 120.0,
    ):
        """Looks at a folder; nothing is written yet.

        Args:
          folder: of the sweep, which all its processes see.
          tell: is told, once, where locks do not do.
          renewed_every: seconds between two signs of life.
          alive_for: seconds without one after which a process of another machine counts
            as ended.
        """
        self._folder, self._tell = folder, tell
        self._renewed_every, self._alive_for = renewed_every, alive_for
        self._told: set[str] = set()

    @contextlib.contextmanager
    def attempt(self, name: str) -> Iterator[bool]:
        """Claims a unit if nobody else works on it.

        Args:
          name: of the unit.

        Yields:
          Whether it is this process's, which it stays until the end of the block.

        Raises:
          InputError: the folder cannot be written to.
        """
        with contextlib.ExitStack() as stack:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = locks.place(self._folder, _file_name(name))
                got = stack.enter_context(locks.tried(lock))
                mine = got is not False and not self._is_taken(name, bool(got))
                if mine:
                    mine = stack.enter_context(self._alive(name, bool(got)))
            except OSError as error:
                raise InputError(
                    f"Cannot write to {self._folder}: {error.strerror}. See to the "
                    "permissions of --workdir, or choose another one."
                ) from error
            yield mine

    def who(self, name: str) -> Note | None:
        """Who works on a unit, as far as can be seen; takes no lock.

        Args:
          name: of the unit.
        """
        note = self._note(name)
        if note is None or not self._is_fresh(name):
            return None
        ended = note.machine == _machine() and not _exists(note.process)
        return None if ended else note

    def _is_taken(self, name: str, locked: bool) -> bool:
        """Whether another process is at it though this one has got the lock, if any."""
        note = self._note(name)
        if note is None:
            return False
        own = note.machine == _machine() and note.process == os.getpid()
        if locked and own:
            # Of a process before this one that had its number.
            return False
        taken = self.who(name) is not None
        if taken and locked and note.machine != _machine():
            self._say(
                f"Locks in {self._folder} are not shared between machines, or one has "
                f"ended a moment ago: machines that give no sign of life for "
                f"{self._alive_for:.0f} seconds count as ended."
            )
        return taken

    @contextlib.contextmanager
    def _alive(self, name: str, locked: bool) -> Iterator[bool]:
        """Leaves a note and renews it until the end of the block."""
        path = self._path(name)
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        note = Note(socket.gethostname(), _machine(), os.getpid(), since)
        write_json(path, note._asdict())
        if not locked:
            self._say(
                f"{self._folder} has no file locks. Processes see by signs of life "
                "what others work on: start them a minute apart."
            )
        # Of two that come at the same moment, each with a lock of its machine's or
        # without any, the later note stays.
        threading.Event().wait(min(1.0, self._renewed_every))
        if self._note(name) != note:
            yield False
            return
        ended = threading.Event()
        beat = threading.Thread(target=self._renew, args=(path, ended), daemon=True)
        beat.start()
        try:
            yield True
        finally:
            ended.set()
            beat.join()
            path.unlink(missing_ok=True)

    def _renew(self, path: pathlib.Path, ended: threading.Event) -> None:
        while not ended.wait(self._renewed_every):
            # A disk that is away for a while is back before long, or nobody's.
            with contextlib.suppress(OSError):
                os.utime(path)

    def _is_fresh(self, name: str) -> bool:
        """Whether the note was renewed a short while ago, by the disk's own clock."""
        try:
            renewed = self._path(name).stat().st_mtime
        except OSError:
            return False
        return self._now() - renewed < self._alive_for

    def _now(self) -> float:
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                return os.fstat(file.fileno()).st_mtime
        except OSError:
            return time.time()  # Who may only look must trust this machine's.

    def _note(self, name: str) -> Note | None:
        try:
            return Note(**json.loads(self._path(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _path(self, name: str) -> pathlib.Path:
        return self._folder / f"{_file_name(name)}.json"

    def _say(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)


def _file_name(name: str) -> str:
    return name.replace(" ", "-")


def _machine() -> str:
    """A name for all whose processes this one can see."""
    try:
        # Containers of one machine do not know each other's numbers.
        return f"{_BOOT.read_text(encoding='utf-8').strip()} {_NUMBERS.stat().st_ino}"
    except OSError:
        return socket.gethostname()


def _exists(process: int) -> bool:
    """Whether there is a process of that number; where that is not to be had, yes."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
