"""How what features are computed from is read from a file."""

import pathlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from damldg_jax.errors import RecordingError


class Signal(NamedTuple):
    """What a file holds.

    Attributes:
      values: a waveform [samples], or a picture [rows, columns, channels].
      seconds: that it lasts; 0 for a picture.
      fingerprint: [n] uint32, by which copies are found.
    """

    values: np.ndarray
    seconds: float
    fingerprint: np.ndarray


class OneByOne:
    """The part of ``Features`` of those that gain nothing by several at a time."""

    stored_dtype = "float32"

    def compute_all(
        self, recordings: Iterable[tuple[np.ndarray, str]]
    ) -> Iterator[np.ndarray | RecordingError]:
        """Computes the features of recordings, one after the other.

        Args:
          recordings: what is called with, for each.

        Yields:
          Its features, or why there are none.
        """
        for values, recording in recordings:
            try:
                yield self(values, recording)
            except RecordingError as error:
                yield error


class OfSound(OneByOne):
    """The part of ``Features`` that all features of recordings share."""

    picture = None
    sample_rate: int

    def read(self, path: pathlib.Path) -> Signal:
        """Reads a recording.

        Args:
          path: of the file.

        Returns:
          Its waveform at ``sample_rate``, full scale 1.

        Raises:
          RecordingError: it cannot be used.
        """
        # Only here, as who finds all records made reads no sound.
        from damldg_jax import fingerprints
        from damldg_jax.audio import read_waveform

        waveform = read_waveform(path, self.sample_rate)
        seconds = len(waveform) / self.sample_rate
        return Signal(waveform, seconds, fingerprints.fingerprint(waveform))
