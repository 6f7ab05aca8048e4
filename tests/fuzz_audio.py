"""Random recordings for the fuzzer: whole ones and damaged ones."""

import dataclasses
import io
import struct
from pathlib import Path
from random import Random

import numpy as np
import soundfile

from damldg_jax.audio import RecordingError, read_waveform
from damldg_jax.audit import CorpusAudit, findings, measure
from damldg_jax.corpora.completeness import compare
from damldg_jax.corpora.declaration import Utterance

# Format and subtype of what is damaged.
FORMATS = (
    *(("WAV", sub) for sub in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT")),
    *(("WAV", sub) for sub in ("DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "GSM610")),
    *(("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("WAVEX", "PCM_16"), ("AIFF", "PCM_16")),
    *(("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
    *(("RF64", "PCM_16"), ("W64", "PCM_16"), ("AU", "PCM_16"), ("NIST", "PCM_16")),
    *(("CAF", "PCM_16"), ("PAF", "PCM_16")),
)
INTERESTING = (0, 1, 2, 3, 16, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1)


def make_audio(rng: Random, path: Path) -> None:
    """Writes a recording and damages it."""
    kind, subtype = rng.choice(FORMATS)
    rate = rng.choice((8000, 16_000, 44_100, 48_000, 192_000))
    rate = 48_000 if subtype == "OPUS" or (kind == "MP3" and rate > 48_000) else rate
    channels = rng.choice((1, 1, 2, 2 if kind in ("MP3", "OGG") else 6))
    channels = (
        1 if subtype == "GSM610" else min(channels, 2 if "ADPCM" in subtype else 6)
    )
    noise = np.random.default_rng(rng.getrandbits(32)).uniform
    seconds = rng.choice((0, 0.05, 0.12, 0.12, 0.12, 0.2))
    samples = noise(-1, 1, (round(seconds * rate), channels))
    samples *= rng.choice((0.0, 1e-5, 0.5, 0.5, 0.5, 1.0))
    if len(samples) and subtype in ("FLOAT", "DOUBLE") and rng.random() < 0.3:
        samples[rng.randrange(len(samples))] = rng.choice((np.nan, np.inf, 1e30, -50))
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    data = bytearray(buffer.getvalue())
    if rng.random() < 0.2:
        forget_length(rng, data)
    path.write_bytes(damage(rng, data))


def forget_length(rng: Random, data: bytearray) -> None:
    """Makes the header one of a stream, whose length its writer could not know."""
    if data.startswith(b"fLaC"):
        data[21:26] = bytes([data[21] & 0xF0, *bytes(4)])
    elif (place := max(data.find(b"data"), data.find(b"SSND"))) > 0:
        data[place + 4 : place + 8] = rng.choice((b"\xff" * 4, bytes(4)))


def damage(rng: Random, data: bytearray) -> bytes:
    """Changes bytes, most often in the header; cuts, repeats or prepends some."""
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 5, 30))):
        if len(data) < 8:
            break
        place = rng.randrange(min(len(data) - 4, rng.choice((64, 64, 256, 10**9))))
        action = rng.randrange(5)
        if action == 0:
            data[place] = rng.randrange(256)
        elif action == 1:
            size = rng.choice(("<I", ">I"))
            data[place : place + 4] = struct.pack(size, rng.choice(INTERESTING))
        elif action == 2:
            del data[place : place + rng.choice((1, 2, 4, 100, 10**9))]
        elif action == 3:
            data[place:place] = data[place : place + rng.choice((1, 8, 100))]
        else:
            data[place : place + 2] = struct.pack("<H", rng.choice(INTERESTING) % 2**16)
    return bytes(data)


NAMES = ("recording.wav", "-x.wav", "x\ny.wav", "\udcff.wav", "Jose\u0301.flac")


def try_audio(rng: Random, folder: Path) -> str:
    """One recording: a finite waveform, or one line that says why not."""
    path = folder / rng.choice(NAMES)
    make_audio(rng, path)
    try:
        waveform = read_waveform(path, 16_000)
    except RecordingError as error:
        check_message(str(error), without=path.name)
        return "refused"
    assert waveform.dtype == np.float64
    assert waveform.ndim == 1
    assert 0.1 * 16_000 - 1 <= len(waveform) <= 600 * 16_000 + 1
    assert np.isfinite(waveform).all()
    return "read"


def try_measure(rng: Random, folder: Path) -> str:
    """One recording in a report: figures that are finite, or what is wrong with it."""
    path = folder / rng.choice(NAMES)
    make_audio(rng, path)
    measured = measure(Utterance("x", path, "anger", "s1"))
    audit = CorpusAudit("mine", "x", False, (measured,), (), compare(None, ()))
    for finding in findings([audit], []):
        check_message(finding.text)
    if measured.sound is None:
        check_message(measured.problem, without=path.name)
        return "refused"
    figures = dataclasses.asdict(measured.sound)
    figures.pop("encoding")
    assert all(map(np.isfinite, figures.values()))
    # Another meaning of "whole" here would let a run fail on what was called usable.
    assert len(read_waveform(path, 16_000))
    return "read"


def check_message(message: str, without: str = "", named: str = "") -> None:
    """Holds a message for the user to one line each, and to what it names."""
    assert message, "no reason"
    assert named in message, "the file is not named"
    assert not without or without not in message, "the name is told twice"
    assert all(line.isprintable() for line in message.split("\n")), "unprintable"
