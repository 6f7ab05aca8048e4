"""What goes into a prediction, and what is said."""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from damldg_jax.prediction.familiarity import Familiarity

_PRINTED = ("emotion", "probabilities", "energy", "unlike", "nearest", "familiarity")


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model says of a recording, or of a window of one.

    Attributes:
      emotion: the most probable class; empty where dimensions are told.
      probabilities: of each class; or the value of each dimension, from -1 to 1.
      energy: ``log sum_c exp z_c`` of the logits, as in Eq. (3).
      familiarity: how it lies to what was trained on; None if the model cannot tell.
      nearest: the training corpus that it is nearest to, or empty.
      embedding: [channels] float32, the input of the last layer.
    """

    emotion: str
    probabilities: Mapping[str, float]
    energy: float
    familiarity: Familiarity | None
    nearest: str
    embedding: np.ndarray = dataclasses.field(repr=False)

    def __repr__(self) -> str:
        # A reader must not miss `unlike`, which is no field.
        told = (f"{name}={getattr(self, name)!r}" for name in _PRINTED)
        return f"Prediction({', '.join(told)})"

    @property
    def unlike(self) -> bool | None:
        """Whether it looks unlike all that was trained on; None if not known."""
        return self.familiarity.unlike if self.familiarity else None


class Piece(NamedTuple):
    """Frames that are predicted by themselves.

    Attributes:
      frames: [frames, features] float32.
      recording: number of the recording that they are of.
      speaker: who speaks, for a model that normalises by speaker.
    """

    frames: np.ndarray
    recording: int = 0
    speaker: str = ""
