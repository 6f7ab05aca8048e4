"""eGeMAPS functionals, what the field reaches for first: 88 numbers for an utterance.

Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set for voice research
and affective computing" (https://doi.org/10.1109/TAFFC.2015.2457417), by openSMILE,
an optional requirement that is free for research and private use only.
"""

import dataclasses
import importlib.metadata
from typing import Any

import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.features.embeddings import Embeddings, as_embedding
from damldg_jax.features.opensmile_process import functionals

_FEATURE_SET = "eGeMAPSv02"
_PACKAGE = "opensmile"


@dataclasses.dataclass(frozen=True)
class Egemaps(Embeddings):
    """Functionals of the extended Geneva minimalistic acoustic parameter set.

    Attributes:
      name: as ``--features`` gives it.
      num_features: of the set.
    """

    name: str = "egemaps"
    num_features: int = 88
    notice: str = ""

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """The set and the version of openSMILE; the same for any corpus."""
        del corpus
        return {
            "name": self.name,
            "feature_set": _FEATURE_SET,
            "opensmile": _version(),
        }

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes the functionals of a recording.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1.
          recording: not used.

        Returns:
          A float32 array [1, num_features].

        Raises:
          InputError: openSMILE is not installed.
          RecordingError: openSMILE breaks off, or a functional is not finite.
        """
        del recording
        _version()
        given = self.sample_rate, _FEATURE_SET, self.num_features
        return as_embedding(functionals(waveform, *given), self.num_features)


def _version() -> str:
    try:
        return importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError(
            "--features=egemaps needs openSMILE, which is free for research and "
            "private use: pip install -r requirements-opensmile.txt."
        ) from error
