"""Recordings that are written and measured."""

import numpy as np
import soundfile

from damldg_jax.audit import measure
from damldg_jax.corpora.declaration import Utterance
from tests.speech import RATE


def tone(hz=1000.0, seconds=0.5, rate=RATE, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def make_recorder(folder):
    """What writes a recording in the folder and measures it."""

    def record(
        name, wave, emotion="anger", speaker="s1", rate=RATE, subtype="PCM_16", **labels
    ):
        path = folder / f"{name}.wav"
        soundfile.write(path, wave, rate, subtype=subtype)
        return measure(Utterance(name, path, emotion, speaker, **labels))

    return record
