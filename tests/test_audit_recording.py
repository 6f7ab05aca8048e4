"""Measuring a recording."""

import math

import numpy as np
import pytest
import soundfile

from damldg_jax.audit import measure
from damldg_jax.audit.recording import clipping, silence_at_ends
from damldg_jax.corpora.declaration import Utterance
from tests.recordings import make_recorder, tone
from tests.speech import RATE


@pytest.fixture
def record(tmp_path):
    return make_recorder(tmp_path)


def test_the_figures_of_a_tone(record):
    stereo = np.stack([tone(rate=48_000), tone(rate=48_000)], axis=1)
    sound = record("tone", stereo, rate=48_000, subtype="PCM_24").sound
    assert (sound.seconds, sound.sample_rate, sound.channels) == (0.5, 48_000, 2)
    assert sound.encoding == "WAV PCM_24"
    assert sound.peak_db == pytest.approx(-6.02, abs=0.01)
    assert sound.rms_db == pytest.approx(-9.03, abs=0.01)
    assert sound.offset == pytest.approx(0, abs=1e-6)
    assert sound.clipped_runs == sound.clipped_samples == 0


def test_an_offset_is_told_and_its_level_is_part_of_the_level(record):
    sound = record("offset", tone() + 0.25).sound
    assert sound.offset == pytest.approx(0.25, abs=1e-3)
    assert sound.rms_db == pytest.approx(10 * math.log10(0.125 + 0.0625), abs=0.01)


def test_a_recording_that_cannot_be_used_says_why(record, tmp_path):
    assert record("short", tone(seconds=0.05)).problem.startswith("too short: 0.050 s")
    gone = measure(Utterance("gone", tmp_path / "gone.wav", "anger", "s1"))
    assert gone.sound is None
    assert gone.problem == "unreadable (no such file)"
    assert gone.content == ""


def test_odd_files_are_measured_as_they_are_read(record, tmp_path):
    soundfile.write(tmp_path / "x.flac", tone(), RATE)
    flac = (tmp_path / "x.flac").rename(tmp_path / "\udcff.flac")
    usual = measure(Utterance("usual", flac, "anger", "s1"))
    # The header of a stream does not know how many samples follow.
    data = bytearray(flac.read_bytes())
    data[21:26] = bytes([data[21] & 0xF0, *bytes(4)])
    flac.write_bytes(data)
    stream = measure(Utterance("stream", flac, "anger", "s1"))
    assert stream.content == usual.content
    assert stream.sound.encoding == "FLAC PCM_16"
    assert stream.sound.seconds == 0.5
    mobile = record("mobile", tone(rate=8000), rate=8000, subtype="GSM610")
    assert mobile.sound.encoding == "WAV GSM610"
    # This coding comes in blocks, the last ones of them filled up.
    assert mobile.sound.seconds == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [80, 100, 300, 1000])
def test_a_tone_normalised_to_its_peak_is_not_clipped(record, rate, hz):
    sound = record("loud", tone(hz, 0.5, rate, level=1.0), rate=rate).sound
    assert sound.peak_db == pytest.approx(0, abs=0.01)
    assert sound.clipped_runs == 0


def test_a_tone_driven_over_full_scale_is_clipped_twice_a_period(record):
    sound = record("clipped", np.clip(tone(100, 0.5, level=2.0), -1, 1)).sound
    assert sound.clipped_runs == 100
    # A third of the sine lies above half its height, and as much below.
    assert sound.clipped_samples == pytest.approx(8000 * 2 / 3, rel=0.02)


def test_runs_are_of_one_sign_and_of_one_channel():
    high, low = 32767 / 32768, -1.0
    one = np.array([high, high, low, low, 0.5, high, high, high, low, low, low])
    assert clipping(one[:, None], RATE, "PCM_16") == (2, 6)
    both = np.stack([np.r_[0.0, high, high], np.r_[high, 0.0, 0.0]], axis=1)
    assert clipping(both, RATE, "PCM_16") == (0, 0)
    assert clipping(np.zeros((0, 1)), RATE, "PCM_16") == (0, 0)
    assert clipping(np.full((3, 2), high), RATE, "PCM_16") == (2, 6)


@pytest.mark.parametrize(
    ("rate", "subtype", "shortest"),
    [
        (8000, "PCM_16", 3),
        (30_000, "PCM_24", 3),
        (50_000, "PCM_16", 5),
        (8000, "ULAW", 8),
        (16_000, "PCM_U8", 16),
    ],
)
def test_a_run_is_longer_than_the_crest_of_a_low_tone(rate, subtype, shortest):
    crest = np.full((shortest, 1), -1.0)
    assert clipping(crest, rate, subtype) == (1, shortest)
    assert clipping(crest[1:], rate, subtype) == (0, 0)


@pytest.mark.parametrize("subtype", ["PCM_U8", "ULAW"])
def test_a_tone_in_coarse_steps_is_not_clipped(record, subtype):
    sound = record("coarse", tone(100, level=0.999), subtype=subtype).sound
    assert sound.encoding == f"WAV {subtype}"
    assert sound.clipped_runs == 0


def test_silence_at_the_ends():
    wave = np.concatenate([np.zeros(4800), tone(seconds=0.5), 1e-3 * tone()[:1600]])
    assert silence_at_ends(wave) == (0.3, 0.1)
    assert silence_at_ends(tone(seconds=0.105)) == (0.0, 0.0)
