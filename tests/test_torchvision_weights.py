"""Weights under torchvision's names."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from damldg_jax.errors import InputError
from damldg_jax.initial_weights import read_weights
from damldg_jax.models import resnet
from tests.cli import ROOT
from tests.plain_resnet import (
    CLASSES,
    WIDTH,
    beginning,
    embed,
    embedding,
    random_weights,
)

# Rows are the frames, columns the bands.
ROWS, COLUMNS = 32, 16


def build(width=WIDTH, channels=3, columns=COLUMNS):
    """A ResNet-18, and its parameters and statistics at first."""
    network = resnet(CLASSES, columns * channels, width=width, channels=channels)
    return network, beginning(network)


@pytest.fixture(scope="module")
def network():
    return build()


@pytest.fixture(scope="module")
def initial(network):
    return network[1]


@pytest.fixture
def tensors():
    return random_weights()


def save(tmp_path, tensors):
    path = tmp_path / "resnet18.safetensors"
    save_file({n: np.ascontiguousarray(x) for n, x in tensors.items()}, path)
    return path


def pictures_of(channels, rows=ROWS, columns=COLUMNS):
    rng = np.random.default_rng(1)
    return rng.normal(size=(2, rows, columns, channels)).astype(np.float32)


def test_all_but_the_last_layer_is_taken(tmp_path, tensors, initial):
    params, statistics = initial
    loaded = read_weights(save(tmp_path, tensors), params, statistics)
    assert len(loaded.taken) == 100
    assert {"fc.bias", "fc.weight", "bn1.num_batches_tracked"} <= set(loaded.left_out)
    assert set(tensors) == {*loaded.taken, *loaded.left_out}
    assert loaded.new == ("classifier/bias", "classifier/kernel")
    assert loaded.notes == ()
    stem = loaded.params["encoder"]["stem"]["kernel"]
    np.testing.assert_array_equal(stem[2, 5, 1, 0], tensors["conv1.weight"][0, 1, 2, 5])
    np.testing.assert_array_equal(
        loaded.batch_stats["stage2_block1"]["shortcut_norm"]["var"],
        tensors["layer2.0.downsample.1.running_var"],
    )
    np.testing.assert_array_equal(
        loaded.params["classifier"]["kernel"], params["classifier"]["kernel"]
    )


def test_activations_are_those_of_the_plain_equations(tmp_path, tensors, network):
    network, initial = network
    loaded = read_weights(save(tmp_path, tensors), *initial)
    pictures = pictures_of(3)
    expected = embed(tensors, pictures.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(
        embedding(network, loaded, pictures), expected, rtol=1e-5, atol=1e-5
    )


def test_a_grey_input_gives_what_equal_channels_gave(tmp_path, tensors):
    network, initial = build(channels=1)
    path = save(tmp_path, tensors)
    with pytest.raises(InputError, match="3 channels: --init_channels=sum sums them"):
        read_weights(path, *initial)
    loaded = read_weights(path, *initial, channels="sum")
    assert loaded.notes == (
        "The 3 input channels of the first layer are summed into one.",
    )
    pictures = pictures_of(1)
    three = np.repeat(pictures, 3, axis=3).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(
        embedding(network, loaded, pictures),
        embed(tensors, three),
        rtol=1e-5,
        atol=1e-5,
    )


def test_channels_that_fit_are_not_summed(tmp_path, tensors, initial):
    path = save(tmp_path, tensors)
    loaded = read_weights(path, *initial, channels="sum")
    assert loaded.notes == ()
    kernels = loaded.params["encoder"]["stem"]["kernel"]
    assert kernels.shape == (7, 7, 3, WIDTH)
    one = {**tensors, "conv1.weight": tensors["conv1.weight"][:, :1]}
    loaded = read_weights(save(tmp_path, one), *build(channels=1)[1], channels="sum")
    assert loaded.notes == ()


def test_activations_are_those_of_torchvision(tmp_path):
    """Its own ResNet-18, in its own size, with random weights and statistics."""
    for name in ("torch", "torchvision"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed (requirements-weights.txt)")
    pictures = pictures_of(3, 64, 64)
    np.save(tmp_path / "pictures.npy", pictures.transpose(0, 3, 1, 2))
    # In a process of its own: PyTorch and TensorFlow in one may crash it.
    command = [sys.executable, "-m", "tests.torchvision_resnet", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    network, initial = build(64, columns=64)
    loaded = read_weights(tmp_path / "resnet18.safetensors", *initial)
    np.testing.assert_allclose(
        embedding(network, loaded, pictures),
        np.load(tmp_path / "expected.npy"),
        rtol=1e-4,
        atol=1e-5,
    )


SPOILT = {
    "lacking": (lambda t: t.pop("layer3.1.bn2.bias"), "1 of the network lack"),
    "too many": (lambda t: t.update({"extra.weight": t["bn1.bias"]}), "1 are too many"),
    "another depth": (
        lambda t: [t.pop(name) for name in [*t] if name.startswith("layer4.1")],
        "10 of the network lack.* the same --model_depth",
    ),
    "another shape": (
        lambda t: t.update({"conv1.weight": t["conv1.weight"][:, :1]}),
        r"'conv1.weight' makes \[7, 7, 1, 2\], and this network has \[7, 7, 3, 2\]",
    ),
    "another width": (
        lambda t: t.update(random_weights(WIDTH + 1)),
        "The file's network has --model_width=3",
    ),
    "whole numbers": (
        lambda t: t.update({"bn1.bias": t["bn1.bias"].astype(np.int32)}),
        "no finite numbers",
    ),
    "not finite": (
        lambda t: t.update({"bn1.bias": t["bn1.bias"] * np.nan}),
        "no finite numbers",
    ),
}


@pytest.mark.parametrize(("spoil", "told"), SPOILT.values(), ids=SPOILT)
def test_tensors_of_another_network_are_refused(
    tmp_path, tensors, initial, spoil, told
):
    spoil(tensors)
    with pytest.raises(InputError, match=told):
        read_weights(save(tmp_path, tensors), *initial)
