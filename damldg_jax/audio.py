"""Reads a recording as a mono waveform at the sampling rate of the features."""

import os
import pathlib

import librosa
import numpy as np
import soundfile

from damldg_jax.errors import InputError

# Below these no log-mel frame says anything about a voice. 1e-4 of full scale is
# three steps of 16-bit audio: dither, not a recording.
MIN_SECONDS = 0.1
MIN_PEAK = 1e-4


class RecordingError(InputError):
    """A recording that cannot be used, with the reason as its message."""


def read_waveform(path: pathlib.Path, sample_rate: int) -> np.ndarray:
    """Reads a recording, averages its channels and resamples it.

    Args:
      path: a file in any format that libsndfile reads.
      sample_rate: of the returned waveform, in Hz.

    Returns:
      A float64 waveform of shape [samples], full scale 1.

    Raises:
      RecordingError: the file is unreadable, empty, too short, silent, or holds
        values that are not finite.
    """
    try:
        channels, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (OSError, TypeError, soundfile.SoundFileError) as error:
        raise RecordingError(f"unreadable ({_reason(path, error)})") from error
    _check(channels, rate)
    waveform = channels.mean(axis=1)
    if rate != sample_rate:
        waveform = librosa.resample(
            waveform, orig_sr=rate, target_sr=sample_rate, res_type="soxr_hq"
        )
    return waveform


def _reason(path: pathlib.Path, error: Exception) -> str:
    if not os.path.isfile(path):
        return "no such file"
    if path.stat().st_size == 0:
        return "the file has no bytes"
    # libsndfile's own message repeats the path, which the caller names already.
    return str(getattr(error, "error_string", error)).rstrip(".")


def _check(channels: np.ndarray, rate: int) -> None:
    if not channels.size:
        raise RecordingError("empty: it holds no samples")
    if not np.isfinite(channels).all():
        raise RecordingError("it holds samples that are not finite")
    seconds = len(channels) / rate
    if seconds < MIN_SECONDS:
        raise RecordingError(f"too short: {seconds:.3f} s, at least {MIN_SECONDS} s")
    # Channels of opposite sign cancel: what counts is what is left of them.
    peak = np.abs(channels.mean(axis=1)).max()
    if peak < MIN_PEAK:
        raise RecordingError(f"silent: peak {peak:.1e} of full scale")
