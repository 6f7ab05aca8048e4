"""Reads a recording as a mono waveform at the sampling rate of the features."""

import os
import pathlib
import struct

import librosa
import numpy as np
import soundfile

from damldg_jax.errors import InputError

# Below these no log-mel frame says anything about a voice. 1e-4 of full scale is
# three steps of 16-bit audio: dither, not a recording.
MIN_SECONDS = 0.1
MIN_PEAK = 1e-4

# Beyond these it is no recording of an utterance, whatever its header says.
MAX_SECONDS = 600
MAX_PEAK = 100.0
RATES = (4_000, 768_000)

# What a file lacks of its own header's samples before it counts as truncated.
_MISSING = 0.01
# So many samples are read at a time: a header may promise more than any memory holds.
_BLOCK = 2**18
# Headers of streams, whose writer could not know the length, promise at least this.
_UNKNOWN_BYTES = 0x7FFFF000
_UNKNOWN_FRAMES = 2**62
# First bytes of a file -> layout of a chunk's header, and the chunk of the samples.
_CHUNKS = {b"RIFF": ("<4sI", b"data"), b"FORM": (">4sI", b"SSND")}


class RecordingError(InputError):
    """A recording that cannot be used, with the reason as its message."""


def read_waveform(path: pathlib.Path, sample_rate: int) -> np.ndarray:
    """Reads a recording, averages its channels and resamples it.

    Args:
      path: a file in any format that libsndfile reads, whatever its name, but MP3.
      sample_rate: of the returned waveform, in Hz.

    Returns:
      A float64 waveform of shape [samples], full scale 1.

    Raises:
      RecordingError: the file is unreadable, truncated, empty, too short or too
        long, silent or far too loud, or holds values that are not finite.
    """
    if not os.path.isfile(path):
        raise RecordingError(f"unreadable ({_what_else(path)})")
    try:
        with soundfile.SoundFile(_plain(path)) as file:
            waveform, rate = _read(file), file.samplerate
        _check_chunks(path)
    except (OSError, TypeError, soundfile.SoundFileError) as error:
        raise RecordingError(f"unreadable ({_reason(path, error)})") from error
    _check(waveform, rate)
    if rate != sample_rate:
        waveform = librosa.resample(
            waveform, orig_sr=rate, target_sr=sample_rate, res_type="soxr_hq"
        )
    return waveform


def _plain(path: pathlib.Path) -> bytes | str:
    # Not every name is text. Only where it is not bytes either must it be.
    return os.fsencode(path) if os.name == "posix" else str(path)


def _what_else(path: pathlib.Path) -> str:
    return "it is a folder" if os.path.isdir(path) else "no such file"


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


def _read(file: soundfile.SoundFile) -> np.ndarray:
    """Reads the mean of all channels, as far as there are samples."""
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise RecordingError(
            f"its header claims a sampling rate of {file.samplerate} Hz; possible are "
            f"{RATES[0]} to {RATES[1]}"
        )
    if file.format == "MP3":
        # libsndfile guesses its length where no header tells, and stops there.
        raise RecordingError("MP3, not read to the end for sure: convert it to WAV")
    # It is read in order. Seeking fails where a header does not know the length.
    file.seekable = lambda: False
    means, count, length = [np.zeros(0)], 0, 1 + _BLOCK // file.channels
    while len(block := file.read(length, dtype="float64", always_2d=True)):
        count += len(block)
        if count > MAX_SECONDS * file.samplerate:
            raise RecordingError(
                f"too long: over {MAX_SECONDS} s; cut it into utterances"
            )
        if not np.isfinite(block).all():
            raise RecordingError("it holds samples that are not finite")
        peak = np.abs(block).max()
        if peak > MAX_PEAK:
            raise RecordingError(
                f"far too loud: peak {peak:.1e} times full scale; write it anew with "
                "samples from -1 to 1"
            )
        means.append(block.mean(axis=1))
    if file.frames < _UNKNOWN_FRAMES:
        _check_whole(count, file.frames)
    return np.concatenate(means)


def _check_chunks(path: pathlib.Path) -> None:
    """Compares the length of a WAV or AIFF file with what its header says of it."""
    with open(path, "rb") as file:
        layout, samples = _CHUNKS.get(file.read(12)[:4], ("", b""))
        length = os.fstat(file.fileno()).st_size
        while layout and len(header := file.read(8)) == 8:
            name, size = struct.unpack(layout, header)
            if name == samples:
                if size < _UNKNOWN_BYTES:
                    _check_whole(length - file.tell(), size)
                return
            # Chunks start at even bytes.
            file.seek(size + size % 2, os.SEEK_CUR)


def _check_whole(held: int, promised: int) -> None:
    if held < (1 - _MISSING) * promised:
        raise RecordingError(
            f"truncated: it holds {held / promised:.0%} of what its header says; copy "
            "it anew"
        )


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
