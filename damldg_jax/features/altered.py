"""Features of altered recordings: ``--features=log_mel+noise``, ``--variants``."""

import pathlib
from typing import Any

import numpy as np

from damldg_jax.alterations import SIGN, alter
from damldg_jax.features.reading import Signal
from damldg_jax.features.signature import Features


class Altered:
    """Features of recordings that are altered once they are read.

    Attributes:
      name: ``<name of the features>+<alteration>``.
      features: what is computed from the altered recordings; all else is theirs.
      alteration: one, or a chain of several, as ``alterations.chain`` has it.
    """

    def __init__(self, features: Features, alteration: str):
        """Nothing is read yet.

        Args:
          features: of recordings.
          alteration: one, or a chain of several.
        """
        self.features, self.alteration = features, alteration
        self.name = f"{features.name}{SIGN}{alteration}"

    def __reduce__(self) -> tuple[type, tuple[Features, str]]:
        """Lets Beam send it to its workers."""
        return type(self), (self.features, self.alteration)

    def __getattr__(self, name: str) -> Any:
        """What is not altered."""
        return getattr(self.features, name)

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """Those of the features, and the alteration."""
        own = {"name": self.name, "alteration": self.alteration}
        return {**self.features.settings(corpus), **own}

    def read(self, path: pathlib.Path) -> Signal:
        """Reads a recording and alters it.

        Args:
          path: of the file.

        Returns:
          The altered waveform, with the fingerprint of what was recorded, by which
          copies of that are known.

        Raises:
          RecordingError: it cannot be used.
        """
        signal = self.features.read(path)
        values = alter(self.alteration, signal.values, self.features.sample_rate)
        seconds = len(values) / self.features.sample_rate
        return Signal(values, seconds, signal.fingerprint)

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes the features of a recording that was altered when it was read."""
        return self.features(waveform, recording)
