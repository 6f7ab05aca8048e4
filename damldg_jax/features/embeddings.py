"""What embeddings have in common, from files or from a function of the user's.

An embedding of an utterance is one vector, [dimensions], or a vector for each frame,
[frames, dimensions]. There is no digital silence for it to know: outside of an
utterance its value is 0, and no network for embeddings counts such a frame.
"""

from typing import Any, ClassVar

import numpy as np

from damldg_jax.errors import RecordingError
from damldg_jax.features.reading import OfSound

SAMPLE_RATE = 16_000


class Embeddings(OfSound):
    """The part of ``Features`` that all embeddings share."""

    network: ClassVar[str] = "pooled"
    channels: ClassVar[int] = 1
    silence: ClassVar[float] = 0.0
    sample_rate: ClassVar[int] = SAMPLE_RATE

    def num_frames(self, seconds: float, measured_rate: float = 0.0) -> int:
        """Frames of a recording, at the rate that was measured; at least 1."""
        return max(1, round(seconds * measured_rate))


def as_embedding(value: Any, dimensions: int | None = None) -> np.ndarray:
    """Checks an embedding and gives it the shape of features.

    Args:
      value: [dimensions] or [frames, dimensions], of real numbers.
      dimensions: that it must have; None for any.

    Returns:
      A float32 array [frames, dimensions]; a single vector makes one frame.

    Raises:
      RecordingError: type, shape or values are not those of an embedding; the message
        says what is wrong, and the caller says with what.
    """
    try:
        array = np.asarray(value)
    except Exception as error:
        # The value's own code runs: a tensor that requires a gradient, say, objects.
        raise RecordingError(f"is no array ({error})") from error
    if array.dtype.kind not in "fiu":
        raise RecordingError(f"holds {array.dtype} where real numbers are needed")
    if array.ndim not in (1, 2) or not array.size:
        raise RecordingError(
            f"has the shape {list(array.shape)} where [dimensions] or "
            "[frames, dimensions] is needed"
        )
    frames = np.atleast_2d(array)
    if dimensions is not None and frames.shape[1] != dimensions:
        raise RecordingError(f"has {frames.shape[1]} dimensions, not {dimensions}")
    with np.errstate(over="ignore"):
        frames = frames.astype(np.float32)
    if not np.isfinite(frames).all():
        raise RecordingError("holds values that are not finite")
    return frames
