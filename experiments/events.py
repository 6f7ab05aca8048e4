"""Scalars as TensorBoard reads them, written at once.

``SummaryWriter`` writes in a thread, which ends without a word where the disk is full;
some calls later its queue is, and they never come back.
"""

import pathlib
import time

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar


class Events:
    """A file of events; to be closed."""

    def __init__(self, folder: pathlib.Path, first_step: int):
        """Opens a new file beside those of earlier attempts.

        Args:
          folder: of the files; made where it is missing.
          first_step: from which on the events of earlier attempts count no more.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventsWriter(str(folder / "events"))
        self._write(first_step, file_version="brain.Event:2")
        self._write(first_step, session_log=SessionLog(status=SessionLog.START))

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """Writes a number of a step.

        Args:
          name: of the series.
          value: finite.
          step: its number.

        Raises:
          OSError: the file cannot be written.
        """
        self._write(step, summary=scalar(name, value))

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()

    def _write(self, step: int, **content: object) -> None:
        self._writer.write_event(Event(step=step, wall_time=time.time(), **content))
