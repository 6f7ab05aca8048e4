"""Embeddings by a function of the user's: ``--features=package.module:function``.

The function maps a waveform, float32 [samples] at 16 kHz with full scale 1, to
[dimensions] or [frames, dimensions]. It is called for one recording at a time.
"""

import functools
import hashlib
import importlib
import importlib.machinery
import pathlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from damldg_jax.errors import InputError, RecordingError
from damldg_jax.features.embeddings import SAMPLE_RATE, Embeddings, as_embedding

# Long enough for an extractor that looks at windows of a second or two.
_TRIAL_SECONDS = 3


class FunctionEmbeddings(Embeddings):
    """Embeddings that a function makes from a waveform.

    Attributes:
      name: ``package.module:function``.
      path: of the file that defines it.
    """

    def __init__(self, name: str):
        """Finds the file of the function; nothing is imported yet.

        Args:
          name: ``package.module:function``; the function may be an attribute of an
            attribute, ``module:object.method``.

        Raises:
          InputError: there is no such module on Python's path.
        """
        self.name = name
        self._module, _, self._attribute = name.partition(":")
        self.path = _find(self._module, name)
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[type, tuple[str]]:
        """Lets Beam send it to its workers, which find the function by its name."""
        return type(self), (self.name,)

    @property
    def notice(self) -> str:
        """Tells whose code is about to run."""
        return f"Features are computed by {self.name}, in {self.path}."

    @functools.cached_property
    def num_features(self) -> int:
        """Dimensions of what the function returns, found by trying it out."""
        time = np.arange(_TRIAL_SECONDS * SAMPLE_RATE) / SAMPLE_RATE
        # Harmonics of a voice's pitch, in syllables: no recording, but sound that an
        # extractor which looks for speech does not find empty.
        voice = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 30))
        syllables = np.maximum(0.05, np.sin(2 * np.pi * 2 * time))
        return self._embed(0.2 * voice * syllables, "a sound to try it out").shape[1]

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """Name, dimensions and a hash of the source file; the same for any corpus.

        What that file loads or imports, such as weights, is not looked at.
        """
        del corpus
        return {
            "name": self.name,
            "num_features": self.num_features,
            "source": hashlib.sha256(self.path.read_bytes()).hexdigest(),
        }

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Computes the embedding of a recording.

        Args:
          waveform: [samples] at ``sample_rate``, full scale 1.
          recording: names it in errors.

        Returns:
          A float32 array [frames, num_features].

        Raises:
          RecordingError: the function fails, or returns no embedding.
        """
        return self._embed(waveform, recording, self.num_features)

    def _embed(
        self, waveform: np.ndarray, recording: str, dimensions: int | None = None
    ) -> np.ndarray:
        # One call at a time: nobody has promised that it can be called by threads.
        with self._lock:
            function = self._function
            try:
                value = function(np.asarray(waveform, np.float32))
            except Exception as error:
                raise RecordingError(
                    f"{self.name} fails for {recording}: {type(error).__name__}: "
                    f"{error}"
                ) from error
        try:
            return as_embedding(value, dimensions)
        except RecordingError as error:
            raise RecordingError(
                f"what {self.name} returns for {recording} {error}"
            ) from error

    @functools.cached_property
    def _function(self) -> Callable[[np.ndarray], Any]:
        try:
            value = importlib.import_module(self._module)
            for part in self._attribute.split("."):
                value = getattr(value, part)
        except Exception as error:
            raise InputError(
                f"--features={self.name}: {self.path} cannot be imported, or has no "
                f"'{self._attribute}' ({type(error).__name__}: {error})."
            ) from error
        if not callable(value):
            raise InputError(f"--features={self.name}: that is no function.")
        return value


def _find(module: str, name: str) -> pathlib.Path:
    """Finds the file of a module without importing it or the packages it is in."""
    search, origin = None, None
    parts = module.split(".")
    for number in range(len(parts)):
        spec = importlib.machinery.PathFinder.find_spec(
            ".".join(parts[: number + 1]), search
        )
        if spec is None:
            break
        search, origin = spec.submodule_search_locations or [], spec.origin
    else:
        if origin is not None:
            return pathlib.Path(origin)
    raise InputError(
        f"--features={name}: there is no module '{module}' on Python's path. Run the "
        "command in the folder that holds it, or name that folder in PYTHONPATH."
    )
