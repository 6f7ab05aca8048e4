"""Containers in which a cut is seen, and those in which it is not."""

import numpy as np
import pytest
import soundfile

from damldg_jax.audio import read_waveform
from tests.recordings import cut, reason, tone
from tests.speech import RATE


@pytest.fixture
def write(tmp_path):
    def write(kind, subtype="PCM_16", endian="FILE", samples=None):
        path = tmp_path / "recording.wav"
        samples = tone() if samples is None else samples
        soundfile.write(path, samples, RATE, subtype, endian, kind)
        return path

    return write


@pytest.mark.parametrize("kind", ["AVR", "HTK", "SVX", "PAF", "IRCAM", "VOC", "MAT5"])
def test_what_does_not_tell_its_end_is_refused(write, kind):
    assert reason(write(kind)) == (
        f"{kind}, not read to the end for sure: convert it to WAV"
    )


@pytest.mark.parametrize("kind", ["RIFX", "RF64", "W64", "AU", "AU little", "NIST"])
def test_rarer_containers_are_known_to_be_whole(write, kind):
    container, endian = {"RIFX": ("WAV", "BIG"), "AU little": ("AU", "LITTLE")}.get(
        kind, (kind, "FILE")
    )
    samples = np.stack([tone(), tone()], axis=1)
    path = write(container, endian=endian, samples=samples)
    np.testing.assert_allclose(read_waveform(path, RATE), samples[:, 0], atol=1e-4)
    assert reason(cut(path, 0.5)).startswith(
        ("truncated: it holds 50%", "truncated: it holds 48%")
    )


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("part", [0.6, 0.9, 0.999])
def test_truncated_ogg_is_told(write, subtype, part):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 4 * RATE)
    path = write("OGG", subtype, samples=noise)
    assert len(read_waveform(path, RATE)) == 4 * RATE
    assert reason(cut(path, part)).startswith(("truncated: it has no last", "empty"))


def test_what_lies_before_the_header_is_told(write):
    path = write("WAV")
    path.write_bytes(b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + path.read_bytes())
    assert reason(path).startswith(("its WAV header is not at its start", "unreadable"))
