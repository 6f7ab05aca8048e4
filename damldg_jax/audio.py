"""Reads a recording as a mono waveform at the sampling rate of the features."""

import math
import os
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import librosa
import numpy as np
import soundfile

from damldg_jax.containers import SAFE, header_problem, truncation
from damldg_jax.errors import RecordingError

# Below these no log-mel frame says anything about a voice. 1e-4 of full scale is
# three steps of 16-bit audio: dither, not a recording.
MIN_SECONDS = 0.1
MIN_PEAK = 1e-4

# Beyond these it is no recording of an utterance, whatever its header says.
MAX_SECONDS = 600
MAX_PEAK = 100.0
RATES = (4_000, 768_000)

# So many samples are read at a time: a header may promise more than any memory holds.
_BLOCK = 2**18
# Headers of streams, whose writer could not know the length, promise at least this.
_UNKNOWN_FRAMES = 2**62


@dataclass(frozen=True)
class Recording:
    """A recording as it is heard, and as it is stored.

    Attributes:
      waveform: [samples] float64, the mean of the channels at the sampling rate that
        was asked for, full scale 1.
      channels: [samples, channels] float32 at the rate of the file, full scale 1.
      rate: of the file, in Hz.
      container: libsndfile's name of the format, such as ``"WAV"``.
      subtype: libsndfile's name of the coding, such as ``"PCM_16"``.
    """

    waveform: np.ndarray
    channels: np.ndarray
    rate: int
    container: str
    subtype: str


class Limits(NamedTuple):
    """What of the files is read.

    Attributes:
      seconds: the longest recording.
      samples: of a channel, the most.
      any_format: whether formats are read of which a cut end is not noticed.
    """

    seconds: float = MAX_SECONDS
    samples: float = math.inf
    any_format: bool = False


UTTERANCES = Limits()


def read_waveform(
    path: pathlib.Path, sample_rate: int, limits: Limits = UTTERANCES
) -> np.ndarray:
    """Reads a recording, averages its channels and resamples it.

    Args:
      path: a file in one of the formats `containers.SAFE`, whatever its name.
      sample_rate: of the returned waveform, in Hz.
      limits: to read other files, too.

    Returns:
      A float64 waveform of shape [samples], full scale 1.

    Raises:
      RecordingError: the file is unreadable, truncated, empty, too short or too
        long, silent or far too loud, or holds values that are not finite.
    """
    return _read(path, sample_rate, [], limits).waveform


def read_recording(path: pathlib.Path, sample_rate: int) -> Recording:
    """Reads a recording as `read_waveform` does, and keeps its channels.

    Args:
      path: likewise.
      sample_rate: of the waveform, in Hz.

    Returns:
      The recording.

    Raises:
      RecordingError: likewise.
    """
    return _read(path, sample_rate, kept=[np.zeros((0, 1), np.float32)])


def _read(
    path: pathlib.Path,
    sample_rate: int,
    kept: list[np.ndarray],
    limits: Limits = UTTERANCES,
) -> Recording:
    """Reads a recording; its channels are kept if there is something kept already."""
    if not os.path.isfile(path):
        raise RecordingError(f"unreadable ({_what_else(path)})")
    means = [np.zeros(0)]
    try:
        with soundfile.SoundFile(_plain(path)) as file:
            rate, container, subtype = file.samplerate, file.format, file.subtype
            for block in _blocks(file, limits):
                means.append(block.mean(axis=1))
                if kept:
                    kept.append(block.astype(np.float32))
        if container in SAFE:
            _check_header(path, container)
    except (OSError, TypeError, soundfile.SoundFileError) as error:
        raise RecordingError(f"unreadable ({_reason(path, error)})") from error
    waveform = _resampled(np.concatenate(means), rate, sample_rate)
    channels = np.concatenate(kept[1:]) if kept else np.zeros((0, 1), np.float32)
    return Recording(waveform, channels, rate, container, subtype)


def _resampled(waveform: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    _check(waveform, rate)
    if rate == sample_rate:
        return waveform
    return librosa.resample(
        waveform, orig_sr=rate, target_sr=sample_rate, res_type="soxr_hq"
    )


def from_samples(samples: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Treats samples that are in memory as `read_waveform` does those of a file.

    Args:
      samples: [samples] or [samples, channels], float, full scale 1.
      rate: of the samples, in Hz.
      sample_rate: of the returned waveform, in Hz.

    Returns:
      A float64 waveform of shape [samples], full scale 1.

    Raises:
      RecordingError: they are no waveform, or none that can be used.
    """
    samples = np.asarray(samples)
    if samples.ndim not in (1, 2) or samples.dtype.kind != "f":
        raise RecordingError(
            f"a waveform is [samples] or [samples, channels] of floats with full scale "
            f"1, and this is {samples.dtype} {list(samples.shape)}; 16-bit integers "
            "are divided by 32768"
        )
    if samples.ndim == 2 and samples.shape[1] > samples.shape[0]:
        raise RecordingError(
            f"it has {samples.shape[1]} channels of {samples.shape[0]} samples each; a "
            "waveform is [samples, channels]"
        )
    if not RATES[0] <= rate <= RATES[1]:
        raise RecordingError(
            f"a sampling rate of {rate} Hz; possible are {RATES[0]} to {RATES[1]}"
        )
    mono = samples.astype(np.float64)
    if mono.ndim == 2:
        mono = mono.mean(axis=1)
    if not np.isfinite(mono).all():
        raise RecordingError("it holds samples that are not finite")
    if mono.size and (peak := np.abs(mono).max()) > MAX_PEAK:
        raise _too_loud(peak)
    return _resampled(mono, rate, sample_rate)


def _too_loud(peak: float) -> RecordingError:
    return RecordingError(
        f"far too loud: peak {peak:.1e} times full scale; write it anew with samples "
        "from -1 to 1"
    )


def _plain(path: pathlib.Path) -> bytes | str:
    # Not every name is text. Only where it is not bytes either must it be.
    return os.fsencode(path) if os.name == "posix" else str(path)


def _what_else(path: pathlib.Path) -> str:
    if os.path.isdir(path):
        return "it is a folder"
    return "no ordinary file" if os.path.exists(path) else "no such file"


def _reason(path: pathlib.Path, error: Exception) -> str:
    try:
        with open(path, "rb") as file:
            if not file.read(1):
                return "the file has no bytes"
    except OSError as refusal:
        # All that libsndfile says of it is "System error".
        return str(refusal.strerror)
    # libsndfile's own message repeats the path, which the caller names already.
    return str(getattr(error, "error_string", error)).rstrip(".")


def _blocks(file: soundfile.SoundFile, limits: Limits) -> Iterator[np.ndarray]:
    """Reads the samples of all channels, as far as there are any."""
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise RecordingError(
            f"its header claims a sampling rate of {file.samplerate} Hz; possible are "
            f"{RATES[0]} to {RATES[1]}"
        )
    if file.format not in SAFE and not limits.any_format:
        # Where one is cut off, libsndfile does not tell; of MP3 it guesses the length.
        raise RecordingError(
            f"{file.format}, not read to the end for sure: convert it to WAV"
        )
    # It is read in order. Seeking fails where a header does not know the length.
    file.seekable = lambda: False
    count, length = 0, 1 + _BLOCK // file.channels
    while len(block := file.read(length, dtype="float64", always_2d=True)):
        count += len(block)
        if count > (most := min(limits.seconds * file.samplerate, limits.samples)):
            seconds = most / file.samplerate
            raise RecordingError(f"too long: over {seconds:.0f} s; cut it into parts")
        if not np.isfinite(block).all():
            raise RecordingError("it holds samples that are not finite")
        peak = np.abs(block).max()
        if peak > MAX_PEAK:
            raise _too_loud(peak)
        yield block
    if file.format in SAFE and file.frames < _UNKNOWN_FRAMES:
        _refuse(truncation(count, file.frames))


def _check_header(path: pathlib.Path, container: str) -> None:
    with open(path, "rb") as file:
        _refuse(header_problem(file, container))


def _refuse(problem: str) -> None:
    if problem:
        raise RecordingError(problem)


def _check(waveform: np.ndarray, rate: int) -> None:
    if not waveform.size:
        raise RecordingError("empty: it holds no samples")
    seconds = len(waveform) / rate
    if seconds < MIN_SECONDS:
        raise RecordingError(f"too short: {seconds:.3f} s, at least {MIN_SECONDS} s")
    # Channels of opposite sign cancel: what counts is what is left of them.
    peak = np.abs(waveform).max()
    if peak < MIN_PEAK:
        raise RecordingError(f"silent: peak {peak:.1e} of full scale")
