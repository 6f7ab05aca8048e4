"""Speech-like recordings to try, the same on each run."""

import functools

import numpy as np

from damldg_jax.corpora.synthetic import SYNTHETIC
from damldg_jax.corpora.voice import Speaker, Style, synthesize

RATE = 16_000


@functools.cache
def speech(take: int, corpus: str = "synth_studio", pitch: float = 180.0) -> np.ndarray:
    """An utterance of 1 to 3 s; equal voices speak differently in every take."""
    rng = np.random.default_rng(take)
    waveform = synthesize(Speaker(pitch, 1.0), Style(), SYNTHETIC[corpus], rng)
    waveform.setflags(write=False)
    return waveform
