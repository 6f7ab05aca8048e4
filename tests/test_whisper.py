"""Whisper's encoder against itself in plain NumPy, and in PyTorch where that is."""

import math
import pathlib

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from damldg_jax.encoders import ENCODERS, Tensors, whisper_input
from tests import plain_whisper, real_corpora

RATE = 16_000
# Relative norm; the reference is computed in float64.
CLOSE = 1e-4
REAL = "whisper-tiny.en-encoder.safetensors"


def sound(seconds, seed=0):
    """A voice-like sound that fades in and out, with some noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 * (1 + seed % 3)
    voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
    shape = np.sin(np.pi * time / max(seconds, 1e-3)) ** 2
    return 0.2 * voice * shape + 0.001 * rng.normal(size=len(time))


def relative(ours, theirs):
    assert ours.shape == theirs.shape
    return np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)


def batch(waveforms, size):
    laid = np.zeros((len(waveforms), size), np.float32)
    for row, waveform in zip(laid, waveforms, strict=True):
        row[: len(waveform)] = waveform
    return laid, np.array([len(w) for w in waveforms], np.int32)


def save(folder, weights, name="model.safetensors"):
    path = pathlib.Path(folder) / name
    save_file(weights, path)
    return path


@pytest.fixture(scope="module")
def weights():
    return plain_whisper.random_weights()


@pytest.fixture(scope="module")
def encoder(weights, tmp_path_factory):
    path = save(tmp_path_factory.mktemp("weights"), weights)
    return ENCODERS["whisper"](Tensors(path))


@pytest.mark.parametrize("num_mels", [80, 128])
@pytest.mark.parametrize("seconds", [0.02, 0.105, 0.5, 0.9937])
def test_what_is_heard_is_that_of_librosa(num_mels, seconds):
    waveform = sound(seconds)
    given = batch([waveform], RATE)
    heard = np.asarray(
        jax.jit(whisper_input.log_mel, static_argnums=2)(*given, num_mels)
    )
    expected = plain_whisper.log_mel(waveform, num_mels)
    np.testing.assert_allclose(heard[0, : len(expected)], expected, atol=2e-4)
    assert not heard[0, len(expected) :].any()


def test_every_layer_is_that_of_plain_numpy(weights, encoder):
    waveforms = [sound(0.98, 1), sound(0.5, 2), sound(0.113, 3)]
    outputs = encoder.load((0, 1, 2))(*batch(waveforms, RATE))
    for row, waveform in enumerate(waveforms):
        layers = plain_whisper.encode(weights, plain_whisper.log_mel(waveform))
        count = encoder.num_frames(len(waveform))
        for ours, theirs in zip(outputs, layers, strict=True):
            assert relative(np.asarray(ours)[row, :count], theirs) < CLOSE
            assert not np.asarray(ours)[row, count:].any()


def test_one_layer_is_the_same_as_beside_others(encoder):
    given = batch([sound(0.6)], RATE)
    (alone,) = encoder.load((1,))(*given)
    np.testing.assert_array_equal(alone, encoder.load((0, 1, 2))(*given)[1])


def test_neighbours_and_room_change_nothing(encoder):
    encode = encoder.load((2,))
    waveform = sound(0.4)
    (alone,) = encode(*batch([waveform], len(waveform)))
    (among,) = encode(*batch([sound(0.9, 1), waveform], RATE))
    np.testing.assert_allclose(among[1, : alone.shape[1]], alone[0], atol=2e-5)


def test_louder_neighbours_do_not_raise_the_floor():
    quiet, loud = 1e-4 * sound(0.4), sound(0.4, 1)
    both = whisper_input.log_mel(*batch([quiet, loud], 8_000), 80)
    alone = whisper_input.log_mel(*batch([quiet], 8_000), 80)
    np.testing.assert_allclose(both[0], alone[0], atol=1e-5)


@pytest.mark.parametrize("samples", [1, 159, 160, 319, 320, 479, 480, 481, 16_000])
def test_frames_are_counted_as_they_come(encoder, samples):
    (frames,) = encoder.load((0,))(*batch([sound(samples / RATE)], max(samples, 240)))
    told = np.abs(np.asarray(frames)).sum(axis=-1) > 0
    # Half as many, rounded up, as there are whole steps of 10 ms.
    expected = math.ceil(max(1, samples // 160) / 2)
    assert told.sum() == encoder.num_frames(samples) == expected
    assert encoder.max_samples == 50 * 320


SIZES = {
    # Whether all blocks are compared; larger ones are as deep by repetition.
    "tiny": (384, 80, 4),
    "base": (512, 80, 6),
    "small": (768, 80, 2),
    "medium": (1024, 80, 2),
    "large-v2": (1280, 80, 1),
    "large-v3": (1280, 128, 1),
}


@pytest.mark.parametrize("size", SIZES)
def test_activations_are_those_of_transformers(size, tmp_path):
    torch = pytest.importorskip("torch", reason="needs requirements-weights.txt")
    transformers = pytest.importorskip(
        "transformers", reason="needs requirements-weights.txt"
    )
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    width, num_mels, layers = SIZES[size]
    weights = plain_whisper.random_weights(
        width=width, num_mels=num_mels, layers=layers, hidden=4 * width
    )
    config = transformers.WhisperConfig(
        d_model=width,
        encoder_layers=layers,
        encoder_attention_heads=width // 64,
        encoder_ffn_dim=4 * width,
        num_mel_bins=num_mels,
        max_source_positions=50,
    )
    theirs = WhisperEncoder(config).eval()
    own = {name.removeprefix(plain_whisper.PREFIX): x for name, x in weights.items()}
    theirs.load_state_dict({name: torch.tensor(x) for name, x in own.items()})
    waveform = sound(1.0)
    heard = torch.tensor(plain_whisper.log_mel(waveform, num_mels)).float().T[None]
    with torch.no_grad():
        hidden = theirs(heard, output_hidden_states=True).hidden_states
    encoder = ENCODERS["whisper"](Tensors(save(tmp_path, weights)))
    numbers = tuple(range(layers + 1))
    outputs = encoder.load(numbers)(*batch([waveform], RATE))
    for ours, expected in zip(outputs, hidden, strict=True):
        assert relative(np.asarray(ours)[0], expected[0].numpy()) < CLOSE


def test_real_weights_make_the_layers_of_plain_numpy():
    corpora = real_corpora.corpora_dir()
    path = corpora and corpora.parent / "weights" / REAL
    if path is None or not path.is_file():
        pytest.skip(f"there is no {REAL} beside the real corpora")
    from safetensors.numpy import load_file

    encoder = ENCODERS["whisper"](Tensors(path))
    waveform = sound(1.5)
    outputs = encoder.load((0, 1, 2, 3, 4))(*batch([waveform], 2 * RATE))
    layers = plain_whisper.encode(load_file(path), plain_whisper.log_mel(waveform))
    for ours, theirs in zip(outputs, layers, strict=True):
        assert relative(np.asarray(ours)[0, : len(theirs)], theirs) < CLOSE
