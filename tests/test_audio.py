"""Recordings read in every common format, and each refusal with its reason."""

import numpy as np
import pytest
import soundfile

from damldg_jax.audio import RecordingError, read_waveform
from damldg_jax.errors import InputError

RATE = 16_000


def tone(rate=RATE, hz=440.0, seconds=0.5, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def write(tmp_path):
    def write(samples, rate=RATE, subtype="PCM_16", suffix="wav"):
        path = tmp_path / f"recording.{suffix}"
        soundfile.write(path, samples, rate, subtype=subtype)
        return path

    return write


@pytest.mark.parametrize(
    ("suffix", "subtype", "step"),
    [
        ("wav", "PCM_U8", 2**-7),
        ("wav", "PCM_16", 2**-15),
        ("wav", "PCM_24", 2**-23),
        ("wav", "PCM_32", 2**-31),
        ("wav", "FLOAT", 2**-24),
        ("wav", "DOUBLE", 0.0),
        ("flac", "PCM_S8", 2**-7),
        ("flac", "PCM_16", 2**-15),
        ("flac", "PCM_24", 2**-23),
    ],
)
def test_reads_every_depth_at_full_scale_one(write, suffix, subtype, step):
    waveform = read_waveform(write(tone(), RATE, subtype, suffix), RATE)
    assert waveform.dtype == np.float64
    assert waveform.shape == (8000,)
    np.testing.assert_allclose(waveform, tone(), rtol=0, atol=step)


def test_a_format_is_known_by_its_content_not_by_its_name(write, tmp_path):
    path = write(tone(), suffix="flac").rename(tmp_path / "renamed.wav")
    np.testing.assert_allclose(read_waveform(path, RATE), tone(), atol=2**-15)


def test_stereo_is_averaged(write):
    left, right = tone(hz=300), tone(hz=700, level=0.3)
    path = write(np.stack([left, right], axis=1), subtype="DOUBLE")
    np.testing.assert_allclose(read_waveform(path, RATE), (left + right) / 2)


def test_one_sided_stereo_is_heard_at_half_its_level(write):
    path = write(np.stack([tone(), 0 * tone()], axis=1), subtype="DOUBLE")
    np.testing.assert_allclose(read_waveform(path, RATE), tone() / 2)


RATES = [8000, 11_025, 16_000, 22_050, 24_414, 44_100, 48_000]


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_frequency_level_and_length(write, rate):
    waveform = read_waveform(write(tone(rate, 1000, 1.0), rate, "PCM_24"), RATE)
    assert abs(len(waveform) - RATE) <= 1
    # A whole number of periods, away from the ends that the filter rounds.
    middle = waveform[4000:12_000]
    spectrum = 2 * np.abs(np.fft.rfft(middle)) / len(middle)
    assert spectrum.argmax() * RATE / len(middle) == 1000
    assert spectrum.max() == pytest.approx(0.5, rel=1e-3)
    assert np.delete(spectrum, spectrum.argmax()).max() < 1e-3


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_what_the_lower_rate_cannot_hold_is_removed(write, rate):
    waveform = read_waveform(write(tone(rate, 11_000), rate, "PCM_24"), RATE)
    assert np.abs(waveform[1000:-1000]).max() < 1e-4


def test_the_rate_asked_for_is_given(write):
    assert len(read_waveform(write(tone()), 8000)) == 4000


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_a_tenth_of_a_second_is_long_enough(write, rate):
    path = write(tone(rate, seconds=0.1), rate)
    assert len(read_waveform(path, RATE)) == 1600


def test_a_faint_recording_is_not_silent(write):
    path = write(tone(level=3e-4), subtype="PCM_24")
    assert np.abs(read_waveform(path, RATE)).max() == pytest.approx(3e-4, rel=1e-2)


def reason(path):
    with pytest.raises(RecordingError) as raised:
        read_waveform(path, RATE)
    assert isinstance(raised.value, InputError)
    # Whoever reports it names the file; naming it twice is noise.
    assert path.name not in str(raised.value)
    return str(raised.value)


def test_refuses_a_missing_file(tmp_path):
    assert reason(tmp_path / "missing.wav") == "unreadable (no such file)"


def test_refuses_a_file_without_bytes(tmp_path):
    path = tmp_path / "hollow.wav"
    path.touch()
    assert reason(path) == "unreadable (the file has no bytes)"


def test_refuses_text(tmp_path):
    path = tmp_path / "notes.wav"
    path.write_text("file,emotion\n" * 50)
    assert reason(path) == "unreadable (Format not recognised)"


def test_refuses_a_truncated_header(write):
    path = write(tone())
    path.write_bytes(path.read_bytes()[:20])
    assert reason(path).startswith("unreadable (")


def test_refuses_a_header_without_samples(write):
    assert reason(write(np.zeros(0))) == "empty: it holds no samples"


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_refuses_what_is_too_short(write, rate):
    path = write(tone(rate, seconds=0.099), rate)
    assert reason(path) == "too short: 0.099 s, at least 0.1 s"


@pytest.mark.parametrize("level", [0.0, 9e-5])
def test_refuses_silence(write, level):
    path = write(tone(level=level), subtype="FLOAT")
    assert reason(path) == f"silent: peak {level:.1e} of full scale"


def test_refuses_channels_that_cancel(write):
    path = write(np.stack([tone(), -tone()], axis=1))
    # Half a step of 16 bits is left of them, which rounding is to blame for.
    assert reason(path) == "silent: peak 1.5e-05 of full scale"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_refuses_values_that_are_not_finite(write, value):
    samples = np.stack([tone(), tone()], axis=1)
    samples[1234, 1] = value
    path = write(samples, subtype="FLOAT")
    assert reason(path) == "it holds samples that are not finite"
