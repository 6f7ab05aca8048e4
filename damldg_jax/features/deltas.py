"""Log-mel spectrograms with their first and second differences in time.

Three channels of one picture, not three pictures side by side: a convolution sees the
same band of all three at once, and none runs across a seam.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from damldg_jax.features.log_mel import LogMel


@dataclasses.dataclass(frozen=True)
class LogMelDeltas(LogMel):
    """Settings of the log-mel spectrogram with deltas.

    The static channel is given above silence, so that silence is 0 in all three.

    Attributes:
      delta_width: frames over which a parabola is laid to derive it; odd.
    """

    channels: ClassVar[int] = 3

    name: str = "log_mel_deltas"
    delta_width: int = 9

    @property
    def num_features(self) -> int:
        """Size of the feature axis: the three channels of each band in turn."""
        return self.channels * self.num_mels

    @property
    def silence(self) -> float:
        """The value of every feature where there is no sound."""
        return 0.0

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes a log-mel spectrogram and its deltas.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1; at least one frame.
          recording: not used.

        Returns:
          A float32 array [frames, 3 * num_mels]: of each band the value, the slope per
          frame and the second derivative.
        """
        # See mel.py.
        import librosa

        del recording
        static = self.above_silence(waveform)
        # The first and last frame are repeated outside, as HTK does, so that a
        # recording shorter than the width has deltas too.
        first, second = (
            librosa.feature.delta(
                static, width=self.delta_width, order=order, axis=0, mode="nearest"
            )
            for order in (1, 2)
        )
        stacked = np.stack([static, first, second], axis=-1)
        return stacked.reshape(len(static), -1).astype(np.float32)
