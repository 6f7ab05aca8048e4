"""Whisper's encoder once more, in plain NumPy and float64, and weights for it."""

import math

import librosa
import numpy as np

PREFIX = "model.encoder."


def random_weights(seed=0, *, width=64, num_mels=80, layers=2, positions=50, hidden=96):
    """Tensors under the names of Hugging Face, float32, as large as trained ones."""
    rng = np.random.default_rng(seed)

    def dense(out, inside):
        return rng.normal(size=(out, inside)) / math.sqrt(inside)

    def small(size):
        return 0.1 * rng.normal(size=size)

    tensors = {
        "conv1.weight": rng.normal(size=(width, num_mels, 3)) / math.sqrt(3 * num_mels),
        "conv1.bias": small(width),
        "conv2.weight": rng.normal(size=(width, width, 3)) / math.sqrt(3 * width),
        "conv2.bias": small(width),
        "embed_positions.weight": small((positions, width)),
        "layer_norm.weight": 1 + small(width),
        "layer_norm.bias": small(width),
    }
    for number in range(layers):
        block = f"layers.{number}."
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            tensors[f"{block}self_attn.{name}.weight"] = dense(width, width)
            if name != "k_proj":
                tensors[f"{block}self_attn.{name}.bias"] = small(width)
        tensors[f"{block}fc1.weight"] = dense(hidden, width)
        tensors[f"{block}fc1.bias"] = small(hidden)
        tensors[f"{block}fc2.weight"] = dense(width, hidden)
        tensors[f"{block}fc2.bias"] = small(width)
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            tensors[f"{block}{name}.weight"] = 1 + small(width)
            tensors[f"{block}{name}.bias"] = small(width)
    return {PREFIX + name: x.astype(np.float32) for name, x in tensors.items()}


def log_mel(waveform, num_mels=80):
    """[frames, num_mels], by librosa, with zeros after the end of the recording."""
    padded = np.pad(np.asarray(waveform, np.float64), (0, 400))
    spectrum = librosa.stft(padded, n_fft=400, hop_length=160, pad_mode="reflect")
    power = np.abs(spectrum) ** 2
    bands = librosa.filters.mel(sr=16_000, n_fft=400, n_mels=num_mels, dtype=float)
    frames = np.log10(np.maximum(bands @ power, 1e-10)).T
    frames = frames[: max(1, len(waveform) // 160)]
    return (np.maximum(frames, frames.max() - 8) + 4) / 4


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def convolve(x, weight, bias, stride):
    padded = np.pad(x, ((1, 1), (0, 0)))
    places = range(0, len(x), stride)
    return (
        np.stack([np.einsum("ti,oit->o", padded[p : p + 3], weight) for p in places])
        + bias
    )


def normalize(x, weight, bias):
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * weight + bias


def attention(x, get):
    def project(name):
        out = x @ get(f"{name}.weight").T
        bias = 0 if name == "k_proj" else get(f"{name}.bias")
        return (out + bias).reshape(len(x), -1, 64)

    query, key, value = project("q_proj"), project("k_proj"), project("v_proj")
    scores = np.einsum("qhd,khd->hqk", query, key) / 8
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed = np.einsum("hqk,khd->qhd", scores, value).reshape(x.shape)
    return mixed @ get("out_proj.weight").T + get("out_proj.bias")


def encode(weights, mel):
    """Frames of each layer; the last comes normalised."""
    own = {name.removeprefix(PREFIX): x.astype(float) for name, x in weights.items()}
    x = gelu(convolve(mel, own["conv1.weight"], own["conv1.bias"], 1))
    x = gelu(convolve(x, own["conv2.weight"], own["conv2.bias"], 2))
    x = x + own["embed_positions.weight"][: len(x)]
    layers = [x]
    while f"layers.{len(layers) - 1}.fc1.weight" in own:
        block = f"layers.{len(layers) - 1}."

        def norm(x, name, block=block):
            return normalize(
                x, own[f"{block}{name}.weight"], own[f"{block}{name}.bias"]
            )

        inner = norm(x, "self_attn_layer_norm")
        x = x + attention(inner, lambda name, b=block: own[f"{b}self_attn.{name}"])
        inner = norm(x, "final_layer_norm")
        inner = gelu(inner @ own[f"{block}fc1.weight"].T + own[f"{block}fc1.bias"])
        x = x + inner @ own[f"{block}fc2.weight"].T + own[f"{block}fc2.bias"]
        layers.append(x)
    layers[-1] = normalize(x, own["layer_norm.weight"], own["layer_norm.bias"])
    return layers
