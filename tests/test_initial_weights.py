"""What is common to all formats of weights, and the package's own."""

import h5py
import jax
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from damldg_jax.errors import InputError
from damldg_jax.initial_weights import read_weights
from damldg_jax.models import resnet
from damldg_jax.pooled import pooled
from tests.model_files import saved
from tests.plain_resnet import beginning, random_weights
from tests.tiny import tiny_resnet


@pytest.fixture(scope="module")
def network():
    return tiny_resnet()


@pytest.fixture(scope="module")
def initial(network):
    return beginning(network)


def same(one, other):
    return all(jax.tree.leaves(jax.tree.map(np.array_equal, one, other)))


def test_a_model_file_is_taken_but_for_its_last_layer(tmp_path, network, initial):
    path = tmp_path / "last.safetensors"
    params, batch_stats = saved(path, network)
    loaded = read_weights(path, *initial)
    assert loaded.title == "a model file of this package"
    assert same(loaded.params["encoder"], params["encoder"])
    assert same(loaded.batch_stats, batch_stats)
    # Of the same shape: its classes may be others nevertheless.
    assert same(loaded.params["classifier"], initial[0]["classifier"])
    assert loaded.left_out == (
        "normalization/scale",
        "normalization/shift",
        "params/classifier/bias",
        "params/classifier/kernel",
    )
    assert loaded.new == ("classifier/bias", "classifier/kernel")
    assert len(loaded.taken) == len(jax.tree.leaves(params["encoder"])) + len(
        jax.tree.leaves(batch_stats)
    )
    assert loaded.metadata["domains"] == ["here", "there"]


def test_a_model_file_of_group_normalisation_and_one_of_embeddings(tmp_path):
    path = tmp_path / "best.safetensors"
    networks = {
        "resnet": (tiny_resnet(norm="group"), {"norm": "group"}),
        "pooled": (pooled(3, 8, hidden_units=(4,)), {"hidden_units": [4]}),
    }
    for name, (network, changes) in networks.items():
        params, batch_stats = saved(path, network, name, **changes)
        loaded = read_weights(path, *beginning(network))
        assert same(loaded.params["encoder"], params["encoder"])
        assert same(loaded.batch_stats, batch_stats)


def test_a_model_file_of_three_channels_is_summed_too(tmp_path, initial):
    path = tmp_path / "last.safetensors"
    params, _ = saved(path, resnet(3, 24, depth=10, width=2, channels=3), channels=4)
    loaded = read_weights(path, *initial, channels="sum")
    np.testing.assert_allclose(
        loaded.params["encoder"]["stem"]["kernel"],
        params["encoder"]["stem"]["kernel"].sum(axis=2, keepdims=True),
        rtol=1e-6,
    )


def test_shapes_alone_do_for_a_check(tmp_path, network, initial):
    saved(tmp_path / "last.safetensors", network)
    shapes = jax.eval_shape(network.init, jax.random.key(0))
    loaded = read_weights(tmp_path / "last.safetensors", *shapes)
    assert len(loaded.taken) > 0


OTHERS = {
    "depth": (
        lambda: resnet(3, 8, width=2),
        "It needs --model=resnet --model_depth=10 --model_width=2",
    ),
    "width": (lambda: tiny_resnet_of(width=4), "file's network has --model_width=2"),
    "norm": (lambda: tiny_resnet(norm="group"), "are too many.*network_norm=batch"),
    "channels": (
        lambda: resnet(3, 24, depth=10, width=2, channels=3),
        r"inputs of 1 channel\(s\), and these --features have 3",
    ),
    "model": (lambda: pooled(3, 8), "It needs --model=resnet"),
}


def tiny_resnet_of(width):
    return resnet(3, 8, depth=10, width=width)


@pytest.mark.parametrize(("build", "told"), OTHERS.values(), ids=OTHERS)
def test_a_model_file_of_another_network_is_refused(tmp_path, network, build, told):
    path = tmp_path / "last.safetensors"
    saved(path, network)
    with pytest.raises(InputError, match=told):
        read_weights(path, *beginning(build()))


def test_embeddings_of_another_size_are_refused(tmp_path):
    path = tmp_path / "last.safetensors"
    saved(path, pooled(3, 8, hidden_units=(4,)), "pooled", hidden_units=[4])
    with pytest.raises(InputError, match="--hidden_units and --features must be"):
        read_weights(path, *beginning(pooled(3, 9, hidden_units=(4,))))
    with pytest.raises(InputError, match="It needs --model=pooled --hidden_units=4"):
        read_weights(path, *beginning(pooled(3, 8, hidden_units=(4, 4))))


@pytest.mark.parametrize("said", ["", "{", "[]", '{"version": 1, "network": 3}'])
def test_a_model_file_that_says_nothing_sensible_is_refused(tmp_path, initial, said):
    path = tmp_path / "last.safetensors"
    save_file({"params/x": np.zeros(2)}, path, {"damldg_jax": said})
    with pytest.raises(InputError, match="is no model that can be used"):
        read_weights(path, *initial)


CONTENTS = {
    "nothing": (b"", "Is it whole"),
    "text": (b"no tensors", "Is it whole"),
    "noise": (b"\xff" * 100, "Is it whole"),
    "a length and no header": (b"\x05" + bytes(7) + b"hello", "Is it whole"),
    "a header that is none": (b"\x02" + bytes(7) + b"[]", "Is it whole"),
    "brackets": ((10**5).to_bytes(8, "little") + b"[" * 10**5, "Is it whole"),
    "an archive": (b"PK\x03\x04" + bytes(100), "It is an archive: of PyTorch"),
    "a pickle": (b"\x80\x04\x95" + bytes(100), "It is a pickle"),
}


@pytest.mark.parametrize(("content", "told"), CONTENTS.values(), ids=CONTENTS)
def test_a_file_of_no_known_format_is_named(tmp_path, initial, content, told):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"x\.safetensors cannot be read: .*{told}"):
        read_weights(path, *initial)


def test_a_file_that_is_not_there_and_a_folder_are_named(tmp_path, initial):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(InputError, match=r"cannot be read.*models/last\.safet"):
            read_weights(path, *initial)


@pytest.mark.parametrize("cut", [1, 1000])
def test_safetensors_that_are_cut_short_are_named(tmp_path, network, initial, cut):
    path = tmp_path / "last.safetensors"
    saved(path, network)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match="cannot be read as safetensors"):
        read_weights(path, *initial)


def test_the_name_of_a_file_means_nothing(tmp_path, network, initial):
    saved(tmp_path / "weights.h5", network)
    assert read_weights(tmp_path / "weights.h5", *initial).taken
    tensors = {n: np.ascontiguousarray(x) for n, x in random_weights().items()}
    save_file(tensors, tmp_path / "x.pt")
    title = read_weights(
        tmp_path / "x.pt", *beginning(resnet(3, 24, width=2, channels=3))
    ).title
    assert title == "torchvision's state_dict in safetensors"
    with h5py.File(tmp_path / "y.safetensors", "w") as file:
        file["fc/kernel"] = np.zeros((2, 2))
    with pytest.raises(InputError, match="layer names of the paper's public code"):
        read_weights(tmp_path / "y.safetensors", *initial)


def test_half_precision_is_taken_as_float32(tmp_path, network, initial):
    path = tmp_path / "last.safetensors"
    saved(path, network)
    half = {name: x.astype(np.float16) for name, x in load_file(path).items()}
    with safe_open(path, "np") as file:
        save_file(half, path, file.metadata())
    loaded = read_weights(path, *initial)
    assert {x.dtype.name for x in jax.tree.leaves(loaded.params)} == {"float32"}
