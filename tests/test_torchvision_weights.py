"""Weights under torchvision's names."""

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from damldg_jax.errors import InputError
from damldg_jax.models import resnet
from damldg_jax.torchvision_weights import read_weights

WIDTH, CLASSES = 2, 3


@pytest.fixture(scope="module")
def network():
    """A ResNet-18 for pictures of three channels."""
    return resnet(CLASSES, 16 * 3, depth=18, width=WIDTH, channels=3)


@pytest.fixture(scope="module")
def initial(network):
    return jax.device_get(network.init(jax.random.key(0)))


@pytest.fixture
def tensors():
    """Random tensors as torchvision's ResNet-18 has them, in small."""
    rng = np.random.default_rng(0)
    found = {}

    def convolution(name, outputs, inputs, size):
        found[f"{name}.weight"] = rng.normal(0, 0.3, (outputs, inputs, size, size))

    def norm(name, channels):
        found[f"{name}.weight"] = rng.uniform(0.5, 1.5, channels)
        found[f"{name}.bias"] = rng.normal(size=channels)
        found[f"{name}.running_mean"] = rng.normal(size=channels)
        found[f"{name}.running_var"] = rng.uniform(0.5, 1.5, channels)
        found[f"{name}.num_batches_tracked"] = np.ones(())

    convolution("conv1", WIDTH, 3, 7)
    norm("bn1", WIDTH)
    before = WIDTH
    for stage in range(4):
        channels = WIDTH * 2**stage
        for block in range(2):
            name = f"layer{stage + 1}.{block}"
            convolution(f"{name}.conv1", channels, before, 3)
            norm(f"{name}.bn1", channels)
            convolution(f"{name}.conv2", channels, channels, 3)
            norm(f"{name}.bn2", channels)
            if before != channels:
                convolution(f"{name}.downsample.0", channels, before, 1)
                norm(f"{name}.downsample.1", channels)
            before = channels
    found["fc.weight"] = rng.normal(size=(1000, before))
    found["fc.bias"] = np.zeros(1000)
    return {name: np.asarray(x, np.float32) for name, x in found.items()}


def save(tmp_path, tensors):
    path = tmp_path / "resnet18.safetensors"
    save_file({n: np.ascontiguousarray(x) for n, x in tensors.items()}, path)
    return path


def test_all_but_the_last_layer_is_taken(tmp_path, tensors, initial):
    params, statistics = initial
    loaded = read_weights(save(tmp_path, tensors), params, statistics)
    assert loaded.taken == 100
    assert {"fc.bias", "fc.weight", "bn1.num_batches_tracked"} <= set(loaded.left_out)
    stem = loaded.params["encoder"]["stem"]["kernel"]
    np.testing.assert_array_equal(stem[2, 5, 1, 0], tensors["conv1.weight"][0, 1, 2, 5])
    np.testing.assert_array_equal(
        loaded.batch_stats["stage2_block1"]["shortcut_norm"]["var"],
        tensors["layer2.0.downsample.1.running_var"],
    )
    np.testing.assert_array_equal(
        loaded.params["classifier"]["kernel"], params["classifier"]["kernel"]
    )


def test_activations_are_those_of_torch(tmp_path, tensors, network, initial):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    functional = torch.nn.functional
    given = {name: torch.from_numpy(x) for name, x in tensors.items()}

    def norm(x, name):
        parts = ("running_mean", "running_var", "weight", "bias")
        return functional.batch_norm(x, *(given[f"{name}.{p}"] for p in parts))

    def block(x, name, stride):
        y = functional.conv2d(x, given[f"{name}.conv1.weight"], None, stride, 1)
        y = functional.relu(norm(y, f"{name}.bn1"))
        y = norm(
            functional.conv2d(y, given[f"{name}.conv2.weight"], None, 1, 1),
            f"{name}.bn2",
        )
        if f"{name}.downsample.0.weight" in given:
            x = functional.conv2d(x, given[f"{name}.downsample.0.weight"], None, stride)
            x = norm(x, f"{name}.downsample.1")
        return functional.relu(x + y)

    pictures = np.random.default_rng(1).normal(size=(2, 32, 16, 3)).astype(np.float32)
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    x = functional.conv2d(x, given["conv1.weight"], None, 2, 3)
    x = functional.max_pool2d(functional.relu(norm(x, "bn1")), 3, 2, 1)
    for stage in range(4):
        for number in range(2):
            stride = 2 if stage and not number else 1
            x = block(x, f"layer{stage + 1}.{number}", stride)
    expected = x.mean(dim=(2, 3)).numpy()

    loaded = read_weights(save(tmp_path, tensors), *initial)
    inputs = pictures.reshape(2, 32, 48, 1)
    outputs = network.evaluate(loaded.params, loaded.batch_stats, inputs)
    np.testing.assert_allclose(outputs.embedding, expected, rtol=1e-4, atol=1e-4)


SPOILT = {
    "lacking": (lambda t: t.pop("layer3.1.bn2.bias"), "1 of the network lack"),
    "too many": (lambda t: t.update({"extra.weight": t["bn1.bias"]}), "1 are too many"),
    "another shape": (
        lambda t: t.update({"conv1.weight": t["conv1.weight"][:, :1]}),
        r"'conv1.weight' makes \[7, 7, 1, 2\], and this network has \[7, 7, 3, 2\]",
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


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\xff" * 100])
def test_a_damaged_file_is_named(tmp_path, initial, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.safetensors cannot be read"):
        read_weights(path, *initial)
    with pytest.raises(InputError, match="cannot be read"):
        read_weights(tmp_path / "nothing", *initial)
