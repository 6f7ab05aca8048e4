"""Recordings that are written and measured."""

import numpy as np
import pytest
import soundfile

from damldg_jax.audio import RecordingError, read_waveform
from damldg_jax.audit import measure
from damldg_jax.corpora.declaration import Utterance
from tests.speech import RATE


def tone(hz=1000.0, seconds=0.5, rate=RATE, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def cut(path, part):
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * part)])
    return path


def reason(path):
    """Why a recording is refused; the caller names the file."""
    with pytest.raises(RecordingError) as raised:
        read_waveform(path, RATE)
    assert path.name not in str(raised.value)
    return str(raised.value)


def make_recorder(folder):
    """What writes a recording in the folder and measures it."""

    def record(
        name, wave, emotion="anger", speaker="s1", rate=RATE, subtype="PCM_16", **labels
    ):
        path = folder / f"{name}.wav"
        soundfile.write(path, wave, rate, subtype=subtype)
        return measure(Utterance(name, path, emotion, speaker, **labels))

    return record
