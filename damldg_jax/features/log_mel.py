"""Log-mel spectrograms: the paper's input, ``log(x + 1e-6)`` of mel magnitudes."""

import dataclasses

import numpy as np

from damldg_jax.features.mel import MelSpectrogram


@dataclasses.dataclass(frozen=True)
class LogMel(MelSpectrogram):
    """Settings of the log-mel spectrogram.

    Attributes:
      offset: added to the band magnitudes before the logarithm.
    """

    name: str = "log_mel"
    offset: float = 1e-6

    @property
    def silence(self) -> float:
        """The value of every band where there is no sound."""
        return float(np.float32(np.log(self.offset)))

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes the log-mel spectrogram of a waveform.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1; at least one frame.
          recording: not used.

        Returns:
          A float32 array [frames, num_mels], natural logarithms of magnitudes.
        """
        del recording
        return np.log(self.magnitudes(waveform) + self.offset).astype(np.float32)

    def above_silence(self, waveform: np.ndarray) -> np.ndarray:
        """How far each band is above silence, float64 [frames, num_mels], in nats."""
        return np.log1p(self.magnitudes(waveform) / self.offset)
