"""Mel-frequency cepstral coefficients, the classical baseline.

Davis and Mermelstein 1980 (https://doi.org/10.1109/TASSP.1980.1163420): the cosine
transform of the logarithms of mel bands.
"""

import dataclasses

import numpy as np

from damldg_jax.features.log_mel import LogMel


@dataclasses.dataclass(frozen=True)
class Mfcc(LogMel):
    """Settings of MFCCs.

    Attributes:
      num_coefficients: of the orthonormal cosine transform (type II), the first of
        which is the level.
    """

    name: str = "mfcc"
    num_coefficients: int = 40

    @property
    def num_features(self) -> int:
        """Size of the feature axis."""
        return self.num_coefficients

    @property
    def silence(self) -> float:
        """The value of every coefficient where there is no sound."""
        return 0.0

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes the coefficients of a waveform.

        Bands are taken above silence, which moves the first coefficient alone, by a
        constant: that of silence is 0 then, like the others.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1; at least one frame.
          recording: not used.

        Returns:
          A float32 array [frames, num_coefficients].
        """
        # See mel.py.
        import librosa

        del recording
        bands = self.above_silence(waveform).T
        coefficients = librosa.feature.mfcc(S=bands, n_mfcc=self.num_coefficients)
        return coefficients.T.astype(np.float32)
