"""How a command ends that is told to, by Ctrl-C or by who wants the machine back.

SIGINT and SIGTERM raise ``Interrupted`` wherever the command is: all that it writes is
whole or not there. Only a run that is being trained first does the step to its end, or
the batch that it is evaluated on, and saves its state. A second SIGINT ends the process
at once, and so does the first one while a command is still being loaded.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds for closing files, after which a process that was told to end and is still
# there is told again: Python drops what is raised where objects are deleted.
_PATIENCE = 10.0


class Interrupted(KeyboardInterrupt):
    """The command was told to end.

    Attributes:
      signal: by which.
    """

    def __init__(self, number: int):
        """Names the signal.

        Args:
          number: of the signal.
        """
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)

    @property
    def status(self) -> int:
        """The exit status, as shells tell of signals: 130 SIGINT, 143 SIGTERM."""
        return 128 + self.signal


def status_of(error: KeyboardInterrupt) -> int:
    """The exit status of a command that an interruption has ended."""
    return error.status if isinstance(error, Interrupted) else 128 + signal.SIGINT


class Watch:
    """Whether this process was told to end, and whether that has to wait."""

    def __init__(self) -> None:
        """Nothing has been asked yet, and nothing waits."""
        self._waits = False
        self._asked: int | None = None
        self._since = 0.0

    @property
    def asked(self) -> bool:
        """Whether the process was told to end."""
        return self._asked is not None

    @property
    def waits(self) -> bool:
        """Whether who works looks at ``asked``, and nothing is raised meanwhile."""
        return self._waits

    @contextlib.contextmanager
    def span(self) -> Iterator["Watch"]:
        """A stretch of work after which the process ends if it was told to.

        Yields:
          This watch: from its ``wait`` on, who works must look at ``asked`` in good
          time.

        Raises:
          Interrupted: the process was told to end meanwhile.
        """
        self.leave_if_asked()
        try:
            yield self
        finally:
            self._waits = False
        self.leave_if_asked()

    def wait(self) -> None:
        """Lets whoever tells the process to end wait for the end of the span."""
        self._waits = True

    def leave_if_asked(self) -> None:
        """Looks at ``asked``.

        Raises:
          Interrupted: the process was told to end.
        """
        if self._asked is not None:
            raise Interrupted(self._asked)

    def between(self, items: Iterable[Item]) -> Iterator[Item]:
        """Goes through items, and no further once the process was told to end.

        Args:
          items: to go through.

        Yields:
          Each.

        Raises:
          Interrupted: the process was told to end.
        """
        for item in items:
            self.leave_if_asked()
            yield item

    def take(self, number: int, frame: FrameType | None) -> None:
        """Handles a signal.

        Args:
          number: of the signal.
          frame: where the process is.
        """
        del frame
        now = time.monotonic()
        # A scheduler may say so several times; what it asks for is being done.
        if self.asked and (self._waits or now - self._since < _PATIENCE):
            return
        self._asked, self._since = number, now
        # The system's own way out leads through nothing that may hang.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if not self._waits:
            raise Interrupted(number)
        # What Python has for printing may be in use at this very moment.
        os.write(2, b"\nSaving the run, then leaving; Ctrl-C leaves at once.\n")


WATCH = Watch()


def catch_signals() -> None:
    """Has this process end in order when it is told to; of the main thread alone."""
    _handle(WATCH.take)


def leave_plainly() -> None:
    """Until ``catch_signals``: has this process say a line and end when it is told to.

    Loading what a command needs takes seconds, in which there is nothing to save and
    nobody yet to tell an interruption from an error.
    """
    _handle(_leave)


def _handle(take: Callable[[int, FrameType | None], None]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            # What is ignored (nohup, a background job of a script) stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, take)


def farewell(status: int) -> str:
    """What a command says that leaves by an interruption with an exit status."""
    word = "Terminated" if status == 128 + signal.SIGTERM else "Interrupted"
    return f"{word}; the same command goes on from here."


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    status = 128 + number
    # Modules that are half loaded are no good for an orderly exit.
    os.write(2, f"{farewell(status)}\n".encode())
    os._exit(status)
