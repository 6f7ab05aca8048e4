"""How a command ends that is told to, by Ctrl-C or by who wants the machine back.

SIGINT and SIGTERM raise ``Interrupted`` wherever the command is: all that it writes is
whole or not there. Only a run that is being trained first does the step to its end and
saves its state. A second SIGINT ends the process at once.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

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

    @contextlib.contextmanager
    def span(self) -> Iterator["Watch"]:
        """A stretch of work after which the process ends if it was told to.

        Yields:
          This watch: from its ``wait`` on, who works must look at ``asked`` in good
          time.

        Raises:
          Interrupted: the process was told to end meanwhile.
        """
        self._leave_if_asked()
        try:
            yield self
        finally:
            self._waits = False
        self._leave_if_asked()

    def wait(self) -> None:
        """Lets whoever tells the process to end wait for the end of the span."""
        self._waits = True

    def _leave_if_asked(self) -> None:
        if self._asked is not None:
            raise Interrupted(self._asked)

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
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            # What is ignored (nohup, a background job of a script) stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, WATCH.take)
