"""Long recordings, window by window."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from damldg_jax.errors import InputError, RecordingError

if TYPE_CHECKING:
    from damldg_jax.prediction.model import Prediction

# Below this peak there is no voice in a window; see `audio.MIN_PEAK`.
_MIN_PEAK = 1e-4
_MIN_SECONDS = 0.1


class Span(NamedTuple):
    """A window of a recording.

    Attributes:
      start: in seconds.
      end: likewise.
      samples: of the waveform.
    """

    start: float
    end: float
    samples: slice


class Timeline(NamedTuple):
    """What a model says of a recording, window by window.

    Attributes:
      spans: the windows that are not silent, in order.
      predictions: of each.
    """

    spans: tuple[Span, ...]
    predictions: tuple["Prediction", ...]

    def mean(self) -> dict[str, float]:
        """Mean over the windows of each probability, or of each dimension's value."""
        each = [prediction.probabilities for prediction in self.predictions]
        return {name: float(np.mean([of[name] for of in each])) for name in each[0]}


def windows(
    waveform: np.ndarray, sample_rate: int, window_seconds: float, hop_seconds: float
) -> Sequence[Span]:
    """Cuts a recording into windows; the last one ends where it ends.

    Args:
      waveform: [samples].
      sample_rate: in Hz.
      window_seconds: length of a window; a shorter recording is one.
      hop_seconds: from the beginning of a window to that of the next.

    Returns:
      The windows that are not silent.

    Raises:
      InputError: a length is none, or all windows are silent.
    """
    if not (_MIN_SECONDS <= window_seconds < math.inf and 0 < hop_seconds < math.inf):
        raise InputError(
            f"Windows of {window_seconds} s every {hop_seconds} s: they must be at "
            f"least {_MIN_SECONDS} s long, and apart."
        )
    if hop_seconds > window_seconds:
        raise InputError(
            f"Windows of {window_seconds} s every {hop_seconds} s leave gaps: make "
            "--hop_seconds at most --window_seconds."
        )
    length = min(round(window_seconds * sample_rate), len(waveform))
    hop = max(round(hop_seconds * sample_rate), 1)
    last = len(waveform) - length
    starts = [*range(0, last, hop), last]
    spans = [
        Span(start / sample_rate, (start + length) / sample_rate, part)
        for start in starts
        if np.abs(waveform[part := slice(start, start + length)]).max() >= _MIN_PEAK
    ]
    if not spans:
        raise RecordingError("silent in all its windows")
    return spans
