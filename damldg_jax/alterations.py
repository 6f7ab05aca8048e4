"""The table of alterations: recordings as they might also have sounded.

Altered copies of recordings are trained on beside them (``--variants``), and any
features can be those of altered recordings (``--features=log_mel+noise``), to see what
a disturbance costs. What is drawn is drawn by the recording itself, so that the same
recording is altered in the same way each time. Several make a chain, by their names
with ``+`` between: ``excerpt+equaliser`` is an excerpt as another microphone has it,
and another one than that of ``excerpt`` alone.

To add one, write a function of a waveform and a generator and give it a row here.
"""

import zlib
from collections.abc import Callable

import numpy as np

from damldg_jax.errors import InputError, unknown

# Range of what is drawn, in decibels.
_GAIN_DB = (-20.0, 10.0)
_EQUALISER_DB = 12.0
_EQUALISER_BANDS = 8
_LOWEST_BAND_HZ = 60.0
_SIGNAL_TO_NOISE_DB = (5.0, 25.0)
# Seconds in which the echo falls by 60 decibels, and the reach of what is modelled.
_REVERBERATION_SECONDS = (0.2, 0.8)
# Of a short utterance, such as a single word; of a recording that is no longer itself,
# this share.
_EXCERPT_SECONDS = (0.5, 1.5)
_EXCERPT_SHARE = 0.75
_SILENCE = 1e-12
# Between the names of a chain.
SIGN = "+"

# From [samples] float64 at a rate in Hz to [other samples] float64.
Alteration = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def _speed(factor: float) -> Alteration:
    """Plays faster or slower: tempo, pitch and formants change together.

    Ko et al. 2015, "Audio augmentation for speech recognition"
    (https://doi.org/10.21437/Interspeech.2015-711).
    """

    def alter(waveform: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
        # Only here, as who trains alters nothing.
        import soxr

        del rng
        return soxr.resample(waveform, rate * factor, rate)

    return alter


def _gain(waveform: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Louder or quieter."""
    del rate
    return waveform * 10 ** (rng.uniform(*_GAIN_DB) / 20)


def _equaliser(waveform: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Another microphone: a smooth curve of gains over the logarithm of frequency."""
    spectrum = np.fft.rfft(waveform)
    frequencies = np.fft.rfftfreq(len(waveform), 1 / rate)
    bands = np.geomspace(_LOWEST_BAND_HZ, rate / 2, _EQUALISER_BANDS)
    gains = rng.uniform(-_EQUALISER_DB, _EQUALISER_DB, _EQUALISER_BANDS)
    place = np.log(np.maximum(frequencies, _LOWEST_BAND_HZ))
    curve = 10 ** (np.interp(place, np.log(bands), gains) / 20)
    return np.fft.irfft(spectrum * curve, len(waveform))


def _noise(waveform: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with frequency, as that of rooms does."""
    del rate
    spectrum = np.fft.rfft(rng.normal(size=len(waveform)))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise = np.fft.irfft(spectrum, len(waveform))
    power = (waveform**2).mean() / max((noise**2).mean(), _SILENCE)
    ratio = 10 ** (-rng.uniform(*_SIGNAL_TO_NOISE_DB) / 10)
    return waveform + noise * np.sqrt(power * ratio)


def _reverberation(
    waveform: np.ndarray, rate: int, rng: np.random.Generator
) -> np.ndarray:
    """A room: the sound itself, and an echo of noise that dies away; as loud."""
    from scipy.signal import fftconvolve

    seconds = rng.uniform(*_REVERBERATION_SECONDS)
    time = np.arange(round(seconds * rate)) / rate
    response = rng.normal(size=len(time)) * 10 ** (-3 * time / seconds)
    response[0] = 0.0
    # As much of the echo as of the sound itself.
    response /= np.sqrt((response**2).sum())
    response[0] = 1.0
    altered = fftconvolve(waveform, response)[: len(waveform)]
    loudness = (waveform**2).mean() / max((altered**2).mean(), _SILENCE)
    return altered * np.sqrt(loudness)


def _excerpt(waveform: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """A short utterance: a part around a moment that is drawn by its power."""
    seconds = rng.uniform(*_EXCERPT_SECONDS)
    length = round(min(seconds * rate, _EXCERPT_SHARE * len(waveform)))
    power = waveform**2 + _SILENCE
    center = np.searchsorted(power.cumsum(), rng.uniform() * power.sum())
    start = np.clip(center - length // 2, 0, len(waveform) - length)
    return waveform[start : start + length]


ALTERATIONS: dict[str, Alteration] = {
    **{f"speed_{f}": _speed(f) for f in (0.8, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2)},
    "gain": _gain,
    "equaliser": _equaliser,
    "noise": _noise,
    "reverberation": _reverberation,
    "excerpt": _excerpt,
}


def chain(name: str) -> list[str]:
    """The alterations that a name stands for, in their order.

    Args:
      name: of one, or of several with ``SIGN`` between.

    Returns:
      Keys of ``ALTERATIONS``.

    Raises:
      InputError: there is none of such a name, or it is one of the chain twice.
    """
    parts = name.split(SIGN)
    for part in parts:
        if part not in ALTERATIONS:
            raise unknown("alteration of recordings", part, ALTERATIONS)
        if parts.count(part) > 1:
            raise InputError(f"The chain '{name}' has '{part}' twice. Give it once.")
    return parts


def alter(name: str, waveform: np.ndarray, rate: int) -> np.ndarray:
    """Alters a recording.

    Args:
      name: as ``chain`` has it.
      waveform: [samples], full scale 1.
      rate: of the waveform, in Hz.

    Returns:
      [other samples] float64; the same each time.
    """
    waveform = np.asarray(waveform, np.float64)
    rng = np.random.default_rng([zlib.crc32(waveform.tobytes()), *name.encode()])
    for part in chain(name):
        waveform = ALTERATIONS[part](waveform, rate, rng)
    return waveform
