"""Mel spectrograms at the paper's settings, before any compression.

The paper gives a 25 ms window and a 10 ms hop; the public code adds an FFT of 1024
points, 64 mel bands from 60 to 7800 Hz, and magnitudes. Where both are silent we take
what the public code's TensorFlow functions do: a periodic Hann window, frames that lie
wholly inside of the recording, HTK's mel scale and triangles of unit height.
(TensorFlow draws the triangles straight on the mel axis, librosa on the frequency
axis.)
"""

import dataclasses
import functools
from typing import Any, ClassVar

import numpy as np

from damldg_jax.features.reading import OfSound


@dataclasses.dataclass(frozen=True)
class MelSpectrogram(OfSound):
    """Settings of a mel spectrogram; they are stored with what they made.

    Attributes:
      name: as ``--features`` gives it.
      sample_rate: of the waveform, in Hz.
      frame_length: of the analysis window, in samples (25 ms).
      hop_length: between frames, in samples (10 ms).
      fft_length: points of the Fourier transform.
      num_mels: mel bands.
      min_hz: lower edge of the lowest band.
      max_hz: upper edge of the highest band.
    """

    network: ClassVar[str] = "resnet"
    notice: ClassVar[str] = ""
    channels: ClassVar[int] = 1

    name: str
    sample_rate: int = 16_000
    frame_length: int = 400
    hop_length: int = 160
    fft_length: int = 1024
    num_mels: int = 64
    min_hz: float = 60.0
    max_hz: float = 7800.0

    @property
    def num_features(self) -> int:
        """Size of the feature axis."""
        return self.num_mels

    @property
    def silence(self) -> float:
        """The value of every feature where there is no sound."""
        return 0.0

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """Everything that determines the numbers; the same for any corpus."""
        del corpus
        return dataclasses.asdict(self)

    def num_frames(self, seconds: float, measured_rate: float = 0.0) -> int:
        """Frames of a recording that lasts as long; the rate is its own."""
        del measured_rate
        samples = max(round(seconds * self.sample_rate), self.frame_length)
        return 1 + (samples - self.frame_length) // self.hop_length

    def magnitudes(self, waveform: np.ndarray) -> np.ndarray:
        """Computes the mel spectrogram of a waveform.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1; at least one frame.

        Returns:
          A float64 array [frames, num_mels] of magnitudes, not negative.
        """
        # Only here and below, as settings are looked at where no sound is.
        import librosa

        # librosa centres the window in the FFT's frame; with this much silence at
        # both ends the windows cover the recording exactly. Double precision,
        # because in quiet bands a logarithm magnifies the rounding of the FFT.
        waveform = np.asarray(waveform, np.float64)
        waveform = np.pad(waveform, (self.fft_length - self.frame_length) // 2)
        magnitude = np.abs(
            librosa.stft(
                waveform,
                n_fft=self.fft_length,
                win_length=self.frame_length,
                hop_length=self.hop_length,
                window="hann",
                center=False,
            )
        )
        return magnitude.T @ mel_filters(self).T


@functools.cache
def mel_filters(settings: MelSpectrogram) -> np.ndarray:
    """The triangles of the mel bands, [num_mels, 1 + fft_length / 2] float64."""
    import librosa

    return librosa.filters.mel(
        sr=settings.sample_rate,
        n_fft=settings.fft_length,
        n_mels=settings.num_mels,
        fmin=settings.min_hz,
        fmax=settings.max_hz,
        htk=True,
        norm=None,
        dtype=np.float64,
    )
