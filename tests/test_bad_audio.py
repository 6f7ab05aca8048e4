"""Recordings that are damaged, odd or not what their names say."""

import os
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from damldg_jax.audio import read_recording, read_waveform
from tests.recordings import cut, reason

RATE = 16_000


def tone(rate=RATE, seconds=0.5, channels=1):
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


@pytest.fixture
def write(tmp_path):
    def write(kind="WAV", subtype="PCM_16", rate=RATE, channels=1, samples=None):
        path = tmp_path / "recording.wav"
        samples = tone(rate, channels=channels) if samples is None else samples
        soundfile.write(path, samples, rate, format=kind, subtype=subtype)
        return path

    return write


def change(path, place, *parts):
    data = bytearray(path.read_bytes())
    for part in parts:
        data[place : place + len(part)] = part
        place += len(part)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("kind", "subtype", "error"),
    [
        *(("WAV", "ULAW", 0.02), ("WAV", "ALAW", 0.02), ("WAV", "IMA_ADPCM", 0.05)),
        *(("WAV", "MS_ADPCM", 0.02), ("WAVEX", "PCM_24", 1e-6)),
        *(("RF64", "PCM_16", 1e-4), ("W64", "PCM_16", 1e-4), ("AU", "PCM_16", 1e-4)),
        *(("AIFF", "PCM_16", 1e-4), ("CAF", "PCM_24", 1e-6), ("NIST", "PCM_16", 1e-4)),
        *(("FLAC", "PCM_16", 1e-4), ("OGG", "VORBIS", 0.02)),
    ],
)
def test_other_codings_and_formats_called_wav_are_read(write, kind, subtype, error):
    waveform = read_waveform(write(kind, subtype), RATE)
    # Codings in blocks fill the last one up.
    assert 8000 <= len(waveform) <= 8512
    np.testing.assert_allclose(waveform[100:7900], tone()[100:7900, 0], atol=error)


def test_opus_keeps_frequency_level_and_length(write):
    waveform = read_waveform(write("OGG", "OPUS"), RATE)
    assert len(waveform) == 8000
    spectrum = 2 * np.abs(np.fft.rfft(waveform)) / len(waveform)
    assert spectrum.argmax() * RATE / len(waveform) == 440
    assert spectrum.max() == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("rate", [8000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_number_of_channels(write, rate, channels):
    waveform = read_waveform(write(rate=rate, channels=channels), RATE)
    assert abs(len(waveform) - 8000) <= 1
    middle = slice(500, 7500)
    np.testing.assert_allclose(waveform[middle], tone()[middle, 0], atol=0.003)


def test_many_channels_are_averaged(write):
    samples = np.random.default_rng(0).uniform(-1, 1, (3000, 255))
    path = write("WAVEX", "DOUBLE", channels=255, samples=samples)
    np.testing.assert_array_equal(read_waveform(path, RATE), samples.mean(axis=1))


def test_a_header_of_many_channels_takes_no_memory(write):
    # 1024 channels of a few samples each: what is read at a time must know of them.
    path = change(write("WAV", "PCM_16"), 22, struct.pack("<H", 1024))
    change(path, 32, struct.pack("<H", 2048))
    tracemalloc.start()
    assert reason(path).startswith("too short")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def test_long_recordings_are_read_whole(write):
    samples = np.random.default_rng(0).uniform(-1, 1, 3 * 2**18 + 7)
    path = write(subtype="DOUBLE", samples=samples)
    np.testing.assert_array_equal(read_waveform(path, RATE), samples)


def test_mp3_is_refused_under_any_name(write):
    assert reason(write("MP3", "MPEG_LAYER_III")) == (
        "MP3, not read to the end for sure: convert it to WAV"
    )


def test_the_channels_of_a_recording_are_those_of_the_file(write):
    samples = tone(48_000, channels=2) * [1.0, -0.5]
    path = write(subtype="DOUBLE", rate=48_000, samples=samples)
    recording = read_recording(path, RATE)
    np.testing.assert_array_equal(recording.channels, samples.astype(np.float32))
    np.testing.assert_array_equal(recording.waveform, read_waveform(path, RATE))
    told = recording.rate, recording.container, recording.subtype
    assert told == (48_000, "WAV", "DOUBLE")


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "AIFF"])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT", "ULAW"])
def test_truncated_files_are_told(write, kind, subtype):
    path = cut(write(kind, subtype), 0.5)
    assert reason(path).startswith("truncated: it holds 50% of what its header says")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.98])
def test_truncated_flac_is_told(write, part):
    path = cut(write("FLAC"), part)
    assert reason(path).startswith(("truncated", "unreadable (", "empty"))


def test_flac_cut_between_frames_is_told(write):
    noise = np.random.default_rng(0).uniform(-1, 1, 100_000)
    path = write("FLAC", samples=noise)
    # So many samples as a header of 36 bits can promise.
    change(path, 21, bytes([path.read_bytes()[21] | 0x0F]), b"\xff" * 4)
    assert reason(path) == (
        "truncated: it holds 0% of what its header says; copy it anew"
    )


def test_a_few_missing_bytes_are_no_truncation(write):
    path = cut(write(), 0.995)
    assert len(read_waveform(path, RATE)) == pytest.approx(7960, abs=5)


def test_streams_whose_header_knows_no_length_are_read(write):
    path = change(write(), 40, b"\xff" * 4)
    np.testing.assert_allclose(read_waveform(path, RATE), tone()[:, 0], atol=1e-4)
    path = write("FLAC")
    change(path, 21, bytes([path.read_bytes()[21] & 0xF0]), bytes(4))
    np.testing.assert_allclose(read_waveform(path, RATE), tone()[:, 0], atol=1e-4)


@pytest.mark.parametrize("rate", [1, 3999, 768_001, 2**31 - 1])
def test_impossible_rates_are_refused_before_resampling(write, rate):
    path = change(write(), 24, struct.pack("<I", rate))
    assert reason(path) == (
        f"its header claims a sampling rate of {rate} Hz; possible are 4000 to 768000"
    )


@pytest.mark.parametrize(
    ("place", "value"),
    [(24, 0), (22, 0), (22, 5000), (20, 0x7777), (34, 0), (34, 77), (16, 2**31)],
)
def test_impossible_headers_are_refused(write, place, value):
    size = "<I" if place in (16, 24) else "<H"
    path = change(write(), place, struct.pack(size, value))
    assert reason(path).startswith(("unreadable (", "empty", "truncated"))


@pytest.mark.parametrize("sample", [101.0, -32_768.0, 1e300])
def test_integers_stored_as_floats_are_told(write, sample):
    samples = tone()
    samples[77] = sample
    path = write(subtype="DOUBLE", samples=samples)
    assert reason(path).startswith(
        f"far too loud: peak {abs(sample):.1e} times full scale; write it anew"
    )


def test_floats_a_little_above_full_scale_are_kept(write):
    path = write(subtype="DOUBLE", samples=tone() * 3)
    assert np.abs(read_waveform(path, RATE)).max() == pytest.approx(1.5, rel=1e-3)


def test_what_is_too_long_is_refused_without_reading_all_of_it(write):
    samples = np.zeros(4000 * 601)
    path = write("FLAC", rate=4000, samples=samples)
    assert reason(path) == "too long: over 600 s; cut it into parts"


@pytest.mark.parametrize(
    "data", [b"\0" * 4000, b"RIFF", b"RIFF\0\0\0\0WAVE", b"fLaC", b"\xff\xfb" * 50]
)
def test_no_recordings_are_refused(tmp_path, data):
    path = tmp_path / "recording.wav"
    path.write_bytes(data)
    assert reason(path).startswith(("unreadable (", "MP3"))


def test_folders_pipes_and_loops_are_refused(tmp_path):
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    assert reason(tmp_path / "folder.wav") == "unreadable (it is a folder)"
    assert reason(tmp_path / "pipe.wav") == "unreadable (no ordinary file)"
    for name in ("loop.wav", "nul\0.wav", "y" * 5000 + ".wav"):
        assert reason(tmp_path / name) == "unreadable (no such file)"


def test_a_file_that_may_not_be_read_is_told_as_such(write, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    path = write()
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(soundfile, "SoundFile", refuse)
    assert reason(path) == "unreadable (Permission denied)"


@pytest.mark.parametrize(
    "name",
    [
        "-rf.wav",
        "\u05e9\u05dc\u05d5\u05dd.wav",
        "Jose\u0301.wav",
        "a\nb.wav",
        "\udcff.wav",
    ],
)
def test_names_of_any_kind_are_read(write, name):
    path = write()
    assert len(read_waveform(path.rename(path.with_name(name)), RATE)) == 8000
