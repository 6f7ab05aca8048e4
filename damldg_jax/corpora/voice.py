"""Synthesises a speech-like utterance: a source, a moving vocal tract, a channel.

The syllables make no words. The acoustics of the source and of the tract are in
`acoustics.py`.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft, ndimage, signal

from damldg_jax.corpora.acoustics import (
    HOP,
    HZ,
    SAMPLE_RATE,
    TOP_HZ,
    overlap_add,
    pulses,
    resonances,
    windows,
)
from damldg_jax.corpora.styles import Domain, Speaker, Style

_SILENCE = 0.08  # seconds before and after the speech
_RECORDER = 10 ** (-70 / 20)  # white noise of the recorder itself, of full scale
_PEAK = 0.95


class _Gestures(NamedTuple):
    """What the articulators do: [frames] each, formants [frames, 3]."""

    voicing: np.ndarray
    hiss: np.ndarray
    place: np.ndarray
    formants: np.ndarray
    stress: np.ndarray


def synthesize(
    speaker: Speaker, style: Style, domain: Domain, rng: np.random.Generator
) -> np.ndarray:
    """Speaks one utterance.

    Args:
      speaker: who speaks.
      style: how.
      domain: in what language-like way, and through what channel.
      rng: source of everything else that differs between utterances.

    Returns:
      A float64 waveform [samples] at ``SAMPLE_RATE``, 1.0 to 2.6 s, within +-1.
    """
    # Who speaks slowly takes longer and yet says less.
    seconds = np.clip(rng.uniform(1.3, 2.3) * 2 ** (-style.tempo / 2), 1.01, 2.6)
    gestures = _articulate(int(seconds * SAMPLE_RATE) // HOP, style, domain, rng)
    hz = speaker.pitch * 2 ** (_intonation(gestures.stress, style, rng) / 12)
    speech = _voice(hz, gestures, speaker.tract * 2**style.tract, style, rng)
    # Pauses must not make the rest louder.
    power = np.mean(speech**2) / np.mean(gestures.voicing > 0.1)
    level = domain.level + style.level * (1 - domain.levelling)
    return _transmit(10 ** (level / 20) * speech / np.sqrt(power), domain, rng)


def _articulate(
    frames: int, style: Style, domain: Domain, rng: np.random.Generator
) -> _Gestures:
    """Speaks syllables of a consonant and a vowel, some followed by a pause."""
    now, phase = _syllables(frames, style, domain, rng)
    count = now[-1] + 1
    vowels = np.array(domain.vowels)[rng.integers(len(domain.vowels), size=count)]
    stress = rng.standard_normal(count)[now]
    onset = rng.uniform(0.2, 0.35, count)[now]
    kind = rng.random(count)[now]
    fricative = kind < domain.friction
    # The consonants that are not fricatives are murmurs and stops, half and half.
    murmur = ~fricative & (kind < (1 + domain.friction) / 2) & (phase > 0) & (phase < 1)
    vowel = np.clip((phase - onset) / 0.2, 0, 1) * np.clip((1 - phase) / 0.25, 0, 1)
    hiss = fricative * np.sin(np.pi * np.clip(phase / onset, 0, 1))
    loud = 10 ** (stress / 10)
    return _Gestures(
        voicing=ndimage.gaussian_filter1d(np.maximum(vowel, 0.25 * murmur) * loud, 1),
        hiss=hiss * 10 ** (rng.normal(0, 0.2, count)[now]),
        place=rng.uniform(2500, 6500, count)[now],
        formants=ndimage.gaussian_filter1d(vowels[now], 4, axis=0),  # coarticulation
        stress=ndimage.gaussian_filter1d(stress, 5),
    )


def _syllables(
    frames: int, style: Style, domain: Domain, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which syllable every frame is in, and how far: 0 to 1, beyond 1 in a pause."""
    seconds = frames * HOP / SAMPLE_RATE - 2 * _SILENCE
    count = max(2, round(seconds * domain.syllables * 2**style.tempo))
    lengths = np.exp(domain.rhythm * rng.standard_normal(count))
    lengths[-1] *= 1.4  # The last syllable is drawn out in most languages.
    pauses = (rng.random(count) < style.pause) * rng.uniform(0.3, 1.2, count)
    pauses[-1] = 0
    ends = np.cumsum(lengths + pauses)
    starts = ends - lengths - pauses
    time = (np.arange(frames) * HOP / SAMPLE_RATE - _SILENCE) * ends[-1] / seconds
    now = np.clip(np.searchsorted(starts, time, "right") - 1, 0, count - 1)
    return now, (time - starts[now]) / lengths[now]


def _intonation(
    stress: np.ndarray, style: Style, rng: np.random.Generator
) -> np.ndarray:
    """The pitch [frames], in semitones above the speaker's median."""
    frames = np.arange(len(stress))
    cycles = 6 * frames * HOP / SAMPLE_RATE + rng.random()
    declination = (style.slope - 2) * (frames / len(stress) - 0.5)
    tremor = max(style.tremor, 0) * np.sin(2 * np.pi * cycles)
    jitter = max(0.1 + style.jitter, 0) * rng.standard_normal(len(stress))
    accents = 1.6 * 2**style.span * stress
    return style.pitch + accents + declination + tremor + jitter


def _voice(
    hz: np.ndarray,
    gestures: _Gestures,
    tract: float,
    style: Style,
    rng: np.random.Generator,
) -> np.ndarray:
    """Excites the vocal tract: clean speech [frames * hop] of some level."""
    frames = np.arange(len(hz))
    at = np.arange(len(hz) * HOP) / HOP
    hz = np.interp(at, frames, np.clip(hz, 55, 700))
    voicing = np.interp(at, frames, gestures.voicing)
    angle = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE
    rough = 1 + np.clip(style.rough, 0, 0.9) * np.sin(angle / 2)
    buzz = pulses(hz, angle) * np.sqrt(2 * hz / TOP_HZ) * voicing * rough
    noise = rng.standard_normal(len(at))
    # Air rushes while the glottis is open: once in every period.
    breath = 10 ** ((style.breath - 56) / 20) * noise * voicing * (1 + np.cos(angle))
    glottis = (np.maximum(HZ, 100) / 100) ** ((style.tilt - 9) / (20 * np.log10(2)))
    hiss = 10 ** ((0.5 * style.tilt - 36) / 20) * noise
    on = gestures.hiss > 0.01
    place = np.exp(-(((HZ - gestures.place[on, None]) / 1200) ** 2))
    spectra = windows(buzz) * glottis + windows(breath)
    spectra *= resonances(gestures.formants * tract, tract)
    spectra[on] += windows(hiss)[on] * place * gestures.hiss[on, None]
    return overlap_add(spectra)


def _transmit(wave: np.ndarray, domain: Domain, rng: np.random.Generator) -> np.ndarray:
    """Puts speech through the room, the noise, the line and the recorder."""
    if domain.reverberation:
        seconds = np.arange(int(domain.reverberation * SAMPLE_RATE)) / SAMPLE_RATE
        echo = rng.standard_normal(len(seconds))
        echo *= np.exp(-np.log(1000) * seconds / domain.reverberation)
        echo *= 0.7 / np.linalg.norm(echo)
        wave = wave + signal.fftconvolve(wave, echo)[: len(wave)]
    size = fft.next_fast_len(len(wave), real=True)
    hz = fft.rfftfreq(size, 1 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(hz, 60) / 1000)
    noise = fft.rfft(rng.standard_normal(size))
    noise *= 10 ** (domain.noise_tilt * octaves / 20)
    noise *= np.sqrt(size * len(hz)) / np.linalg.norm(noise)
    spectrum = fft.rfft(wave, size) + 10 ** ((domain.level + domain.noise) / 20) * noise
    spectrum *= 10 ** (domain.tilt * octaves / 20) / (1 + (hz / domain.high) ** 12)
    spectrum *= 1 / (1 + (domain.low / np.maximum(hz, 1)) ** 4)
    wave = fft.irfft(spectrum, size)[: len(wave)]
    wave += _RECORDER * rng.standard_normal(len(wave))
    return wave * min(1, _PEAK / np.abs(wave).max())
