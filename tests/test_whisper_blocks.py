"""Layers of a speech encoder as the blocks that a network begins with."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from damldg_jax.encoders import Tensors
from damldg_jax.encoders.whisper import WhisperEncoder
from damldg_jax.encoders.whisper_weights import read_params, read_sizes
from damldg_jax.errors import InputError
from damldg_jax.initial_weights import Blocks, read_weights
from damldg_jax.pooled import pooled
from damldg_jax.transformer import Blocks as Module
from damldg_jax.transformer import transformer
from tests import plain_whisper

WIDTH, LAYERS = 128, 3


@pytest.fixture(scope="module")
def tensors():
    return plain_whisper.random_weights(width=WIDTH, layers=LAYERS, hidden=4 * WIDTH)


@pytest.fixture(scope="module")
def path(tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(tensors, path)
    return path


@pytest.fixture(scope="module")
def layers(path):
    """Frames of each layer of the encoder run whole, and which of them count."""
    opened = Tensors(path)
    sizes, prefix = read_sizes(opened)
    params = read_params(opened, sizes, prefix, LAYERS)
    rng, lengths = np.random.default_rng(0), np.array([40, 23])
    mel = rng.normal(size=(2, 40, 80)) * (np.arange(40) < lengths[:, None])[..., None]
    outputs = WhisperEncoder(sizes).apply(
        {"params": params}, mel.astype(np.float32), lengths, (0, 1, 2, 3)
    )
    return outputs, np.arange(20)[None] < ((lengths + 1) // 2)[:, None]


@functools.cache
def network(count, last_norm, width=WIDTH):
    return transformer(3, width, blocks=count, last_norm=last_norm, hidden_units=(4,))


def begun(path, blocks, last_norm=False, **options):
    shapes = jax.eval_shape(network(blocks.count, last_norm).init, jax.random.key(0))
    return read_weights(path, *shapes, blocks=blocks, **options)


@pytest.mark.parametrize("first", range(LAYERS))
@pytest.mark.parametrize("count", [1, 2, 3])
def test_blocks_make_the_encoders_frames_of_those_of_a_lower_layer(
    path, layers, first, count
):
    if (last := first + count) > LAYERS:
        with pytest.raises(InputError, match=f"has 3 layers, {3 - first} of them abo"):
            begun(path, Blocks(first, count))
        return
    outputs, counts = layers
    loaded = begun(path, Blocks(first, count), last == LAYERS)
    module = Module(count, last == LAYERS)
    params = loaded.params["encoder"]["pool"]["blocks"]
    frames = module.apply({"params": params}, outputs[first], jnp.asarray(counts))
    difference = np.where(counts[..., None], frames - outputs[last], 0)
    assert np.linalg.norm(difference) < 1e-5 * np.linalg.norm(outputs[last])


def test_the_rest_of_the_network_is_new(path):
    loaded = begun(path, Blocks(1, 1))
    assert loaded.title == "an encoder of Whisper in safetensors"
    assert loaded.notes == ("These are layer 2 of the encoder's 3.",)
    assert len(loaded.taken) == 15
    assert all(name.startswith("model.encoder.layers.1.") for name in loaded.taken)
    assert len(loaded.left_out) == 2 * 15 + 7
    assert loaded.new == (
        *("classifier/bias", "classifier/kernel", "encoder/hidden1/kernel"),
        *("encoder/norm1/bias", "encoder/norm1/scale"),
    )


def test_a_folder_is_read_too(path):
    (one, *_), (other, *_) = (begun(p, Blocks(0, 2)) for p in (path, path.parent))
    parts = (x["encoder"]["pool"] for x in (one, other))
    jax.tree.map(np.testing.assert_array_equal, *parts)


def test_weights_of_another_network_are_refused(path):
    shapes = jax.eval_shape(pooled(3, WIDTH).init, jax.random.key(0))
    with pytest.raises(InputError, match=r"goes on with none of its blocks\. It needs"):
        read_weights(path, *shapes)
    told = r"--encoder_weights=.*: 2 of the network lack, such as .*/layer_norm/bias"
    with pytest.raises(InputError, match=told):
        begun(path, Blocks(1, 1), last_norm=True, flag="encoder_weights")
    shapes = jax.eval_shape(network(1, False, 64).init, jax.random.key(0))
    with pytest.raises(InputError, match=r"makes \[128, 128\], and .* has \[64, 64\]"):
        read_weights(path, *shapes, blocks=Blocks(0, 1))


def test_weights_that_lack_layers_are_refused(tensors, tmp_path):
    lacking = {n: x for n, x in tensors.items() if "layers.1.fc" not in n}
    save_file(lacking, tmp_path / "x.safetensors")
    told = r"--init_from=.*'model\.encoder\.layers\.1\.fc1\.bias', .* missing"
    with pytest.raises(InputError, match=told):
        begun(tmp_path / "x.safetensors", Blocks(0, 1))
    other = plain_whisper.random_weights(width=64, layers=1, hidden=96)
    save_file(other, tmp_path / "y.safetensors")
    with pytest.raises(InputError, match=r"have 96 units, and .* of width 64 have 256"):
        begun(tmp_path / "y.safetensors", Blocks(0, 1))


def test_above_the_last_layer_there_is_nothing(path):
    with pytest.raises(InputError, match=r"0 of them above these\. Take features of "):
        begun(path, Blocks(3, 1))
