"""How what features are computed from is read from a file."""

import pathlib
from typing import NamedTuple

import numpy as np


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


class OfSound:
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
