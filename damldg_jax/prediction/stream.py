"""Recordings that come one by one, each normalised by what came before it."""

from typing import TYPE_CHECKING

import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.prediction.hearing import Hearing
from damldg_jax.prediction.said import Prediction

if TYPE_CHECKING:
    from damldg_jax.prediction.model import Model


class Stream:
    """Recordings that come one by one, and what has been heard so far.

    Attributes:
      model: that predicts.
    """

    def __init__(self, model: "Model"):
        """Starts with no speaker heard.

        Args:
          model: that predicts.

        Raises:
          InputError: as ``Model.stream``.
        """
        rule = NORMALIZATIONS[model.description.normalization]
        if rule is None or not rule.transductive or model.contents.prior is None:
            raise InputError(
                "This model's inputs are normalised by "
                f"{rule.meaning if rule else 'nothing'}, without a prior: there is "
                "nothing to be gathered on a stream. Use predict, or train with "
                "--normalization=stream, speaker or corpus and a "
                "--normalization_prior above 0."
            )
        self.model, self._by_speaker = model, rule.of_speakers
        self._hearing = Hearing(model.contents.prior, past_only=True)

    def predict(
        self, waveform: np.ndarray, sample_rate: int, speaker: str = ""
    ) -> Prediction:
        """Predicts the next recording.

        Args:
          waveform: as in ``Model.predict``.
          sample_rate: of it, in Hz.
          speaker: who speaks.

        Returns:
          The prediction.

        Raises:
          InputError: the waveform is none that can be used.
        """
        group = speaker if self._by_speaker else ""
        frames = self.model.frames(waveform, sample_rate)
        return self.model.predict_normalized(
            self._hearing.normalize([group], [frames])
        )[0]
