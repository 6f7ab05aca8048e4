"""Per-channel energy normalisation of mel spectrograms.

PCEN, Wang et al. 2017 (https://arxiv.org/abs/1607.05666), Eqs. (1) and (2): each band
is divided by its own recent level, so that loudness and the colour of a channel count
for less, and compressed by a root.
"""

import dataclasses

import numpy as np

from damldg_jax.features.mel import MelSpectrogram


@dataclasses.dataclass(frozen=True)
class Pcen(MelSpectrogram):
    """Settings of PCEN, the paper's, which are librosa's defaults too.

    Attributes:
      gain: alpha, the share of the level that is taken out.
      bias: delta.
      power: r, of the root.
      time_constant: of the recent level, in seconds; the paper's s = 0.025.
      epsilon: added to the level.
      scale: of a full-scale magnitude, beside which ``epsilon`` is small (librosa's
        advice).
    """

    name: str = "pcen"
    gain: float = 0.98
    bias: float = 2.0
    power: float = 0.5
    time_constant: float = 0.4
    epsilon: float = 1e-6
    scale: float = 2.0**31

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes the mel spectrogram of a waveform and normalises it.

        The recent level starts at that of the first frame: a recording does not begin
        with the burst that a start from nothing would make.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1; at least one frame.
          recording: not used.

        Returns:
          A float32 array [frames, num_mels]; 0 is silence.
        """
        # Only here: scipy.signal takes half a second to load.
        import librosa
        import scipy.signal

        del recording
        energies = self.scale * self.magnitudes(waveform)
        smoothing = self._smoothing()
        steady = scipy.signal.lfilter_zi([smoothing], [1, smoothing - 1])
        normalised = librosa.pcen(
            energies,
            sr=self.sample_rate,
            hop_length=self.hop_length,
            gain=self.gain,
            bias=self.bias,
            power=self.power,
            b=smoothing,
            eps=self.epsilon,
            axis=0,
            zi=steady * energies[:1],
        )
        return normalised.astype(np.float32)

    def _smoothing(self) -> float:
        """s, what a frame adds to the recent level; librosa derives it so."""
        frames = self.time_constant * self.frame_rate
        return float((np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2))
