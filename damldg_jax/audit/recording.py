"""Measures a recording: how long, how loud, how coded, and whether it is clipped."""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from damldg_jax.audio import RecordingError, read_recording
from damldg_jax.corpora.declaration import Utterance
from damldg_jax.fingerprints import SAMPLE_RATE, fingerprint

# What counts as silence at the ends, below the loudest frame of the recording.
SILENCE_DB = 40.0
_FRAME = SAMPLE_RATE // 100

# Full scale of an encoding, and how long samples in a row must lie there to be clipped,
# in samples and in seconds. The crest of a low tone that was merely normalised to
# its peak lies there too, but not for so long; for longer where steps are coarse.
_COARSE = (0.98, 8, 1e-3)
_FINE = (1 - 2 / 2**15, 3, 1e-4)
_FULL_SCALE = dict.fromkeys(("PCM_U8", "PCM_S8", "ULAW", "ALAW"), _COARSE)


@dataclass(frozen=True)
class Sound:
    """The figures of a recording.

    Attributes:
      seconds: how long it lasts.
      sample_rate: of the file, in Hz.
      channels: of the file.
      encoding: container and coding, such as ``"WAV PCM_16"``.
      rms_db: level of the channels' mean, in dB below full scale; a sine at full
        scale has -3.
      peak_db: largest sample of any channel, in dB below full scale.
      clipped_runs: how often samples in a row lie at full scale.
      clipped_samples: samples in those runs.
      leading: seconds before the first sound that is not `SILENCE_DB` below the
        loudest.
      trailing: likewise, after the last one.
      offset: mean of the samples, 1 being full scale.
    """

    seconds: float
    sample_rate: int
    channels: int
    encoding: str
    rms_db: float
    peak_db: float
    clipped_runs: int
    clipped_samples: int
    leading: float
    trailing: float
    offset: float


@dataclass(frozen=True)
class Measured:
    """A recording with its figures, or the reason why it cannot be used.

    Attributes:
      utterance: what is known of it.
      sound: its figures, None if it cannot be used.
      problem: why it cannot be used, or empty.
      content: a hash of its samples and its sampling rate.
      fingerprint: uint32 [words], see `damldg_jax.fingerprints`.
    """

    utterance: Utterance
    sound: Sound | None
    problem: str = ""
    content: str = ""
    fingerprint: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))


def measure(utterance: Utterance) -> Measured:
    """Measures a recording.

    Args:
      utterance: the recording.

    Returns:
      Its figures, or why there are none.
    """
    try:
        recording = read_recording(utterance.path, SAMPLE_RATE)
    except RecordingError as error:
        return Measured(utterance, None, str(error))
    channels, rate, waveform = recording.channels, recording.rate, recording.waveform
    runs, samples = clipping(channels, rate, recording.subtype)
    leading, trailing = silence_at_ends(waveform)
    mean = channels.mean(axis=1, dtype=np.float64)
    sound = Sound(
        seconds=len(channels) / rate,
        sample_rate=rate,
        channels=channels.shape[1],
        encoding=f"{recording.container} {recording.subtype}",
        rms_db=_decibels(math.sqrt(np.mean(mean**2))),
        peak_db=_decibels(float(np.abs(channels).max())),
        clipped_runs=runs,
        clipped_samples=samples,
        leading=leading,
        trailing=trailing,
        offset=float(mean.mean()),
    )
    content = hashlib.sha256(f"{rate} {channels.shape}".encode())
    content.update(np.ascontiguousarray(channels))
    return Measured(utterance, sound, "", content.hexdigest(), fingerprint(waveform))


def clipping(channels: np.ndarray, rate: int, subtype: str) -> tuple[int, int]:
    """Counts the runs of samples at full scale, of the same sign.

    Args:
      channels: [samples, channels] float, full scale 1.
      rate: in Hz.
      subtype: libsndfile's name of the coding.

    Returns:
      The number of runs that are long enough to be no crest, and of their samples.
    """
    full, samples, seconds = _FULL_SCALE.get(subtype, _FINE)
    side = (channels >= full).astype(np.int8) - (channels <= -full)
    # A zero before, after and between the channels, so that no run goes on there.
    side = np.pad(side, ((1, 1), (0, 0))).T.ravel()
    edges = np.flatnonzero(np.diff(side)) + 1
    lengths = np.diff(edges)[side[edges[:-1]] != 0]
    lengths = lengths[lengths >= max(samples, seconds * rate)]
    return len(lengths), int(lengths.sum())


def silence_at_ends(waveform: np.ndarray) -> tuple[float, float]:
    """Finds the silence before and after what is heard.

    Args:
      waveform: [samples] at 16 kHz, not silent.

    Returns:
      Seconds at the start and at the end, in steps of 10 ms.
    """
    frames = np.pad(waveform, (0, -len(waveform) % _FRAME)).reshape(-1, _FRAME)
    level = np.square(frames).mean(axis=1)
    heard = np.flatnonzero(level > level.max() * 10 ** (-SILENCE_DB / 10))
    # The last frame may be a part of one.
    end = min((int(heard[-1]) + 1) * _FRAME, len(waveform))
    return int(heard[0]) * _FRAME / SAMPLE_RATE, (len(waveform) - end) / SAMPLE_RATE


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude)
