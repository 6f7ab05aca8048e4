"""What every kind of features offers, so that nothing else asks which kind it is."""

import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from damldg_jax.columns import Columns
from damldg_jax.errors import RecordingError
from damldg_jax.features.reading import Signal


class Features(Protocol):
    """Reads a recording and maps it to numbers, frame by frame.

    Attributes:
      name: as ``--features`` gives it.
      network: name of the network that suits it, for who names none.
      notice: what the user is to know before it is first used, or empty.
      sample_rate: of the waveforms that it takes, in Hz.
      num_features: size of the feature axis.
      channels: into which a network may unfold that axis, which holds the channels of
        the first band, then those of the second, and so on.
      silence: the value of every feature where there is no sound.
      picture: how training alters pictures from side to side; None of recordings.
      stored_dtype: of the features where they are kept.
    """

    name: str
    network: str
    notice: str
    sample_rate: int
    num_features: int
    channels: int
    silence: float
    picture: Columns | None
    stored_dtype: str

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """Everything that determines the numbers, as JSON can store it.

        Args:
          corpus: whose features are meant, where it makes a difference.

        Returns:
          The settings, by name; ``name`` is one of them.
        """
        ...

    def num_frames(self, seconds: float, measured_rate: float = 0.0) -> int:
        """Frames of a recording.

        Args:
          seconds: that it lasts.
          measured_rate: frames per second in the data at hand, for features that
            cannot know their own; 0 where each recording is a single frame.

        Returns:
          At least 1.
        """
        ...

    def read(self, path: pathlib.Path) -> Signal:
        """Reads a file.

        Args:
          path: of the file.

        Returns:
          What the features are computed from.

        Raises:
          RecordingError: it cannot be used.
        """
        ...

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes the features of a recording.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1, 0.1 s or longer.
          recording: ``"<corpus>/<utterance name>"``.

        Returns:
          An array [frames, num_features] of ``stored_dtype``.

        Raises:
          RecordingError: there are none, or none that can be used.
        """
        ...

    def compute_all(
        self, recordings: Iterable[tuple[np.ndarray, str]]
    ) -> Iterator[np.ndarray | RecordingError]:
        """Computes the features of several recordings, at once if that is faster.

        Args:
          recordings: waveform and name of each, as for a single one; they are read as
            they are needed.

        Yields:
          For each, in order, its features, or why there are none.
        """
        ...
