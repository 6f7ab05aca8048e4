"""Weights of Keras under the layer names of the paper's public code."""

import importlib
import json
import os
import pathlib

import h5py
import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.initial_weights import read_weights
from damldg_jax.models import resnet
from tests import keras_resnet
from tests.plain_resnet import beginning, embedding

# Of Keras, where it saves variables of TensorFlow; nothing of ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

WIDTH, CLASSES, BANDS = 2, 4, 16


@pytest.fixture(scope="module")
def network():
    return resnet(CLASSES, BANDS, width=WIDTH)


@pytest.fixture(scope="module")
def initial(network):
    return beginning(network)


@pytest.fixture(scope="module")
def theirs():
    return keras_resnet.build(WIDTH)


@pytest.fixture(scope="module")
def spectrograms():
    rng = np.random.default_rng(1)
    return rng.normal(size=(2, 38, BANDS, 1)).astype(np.float32)


def whole(model, path):
    """The whole model, in the layout of Keras 2."""
    model.save(path)


def weights_alone(model, path):
    """As ``save_weights`` of Keras 2 has it: the same groups without one above."""
    complete = path.with_name("complete.h5")
    model.save(complete)
    with h5py.File(complete) as file, h5py.File(path, "w") as alone:
        group = file["model_weights"]
        alone.attrs.update(group.attrs)
        for layer in group:
            group.copy(layer, alone)


def of_keras_3(model, path):
    """Keras 3's own layout."""
    model.save_weights(path.with_suffix(".weights.h5"))
    path.with_suffix(".weights.h5").rename(path)


def as_a_part(model, path):
    """In a model that it is part of, as RSC is saved in the public code."""
    import keras

    inputs = keras.layers.Input((None, None, 1))
    outputs = keras.layers.Dense(7, name="another")(model(inputs))
    keras.Model(inputs, outputs).save(path)


def as_a_part_in_keras_3(model, path):
    import keras

    inputs = keras.layers.Input((None, None, 1))
    outputs = keras.layers.Dense(7, name="another")(model(inputs))
    of_keras_3(keras.Model(inputs, outputs), path)


def read(model, path, save, initial):
    path = path / "weights.h5"
    save(model, path)
    return read_weights(path, *initial)


def assert_equal_activations(network, loaded, encoder, inputs):
    expected = np.asarray(encoder(inputs, training=False))
    found = embedding(network, loaded, inputs)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "save", [whole, weights_alone, of_keras_3, as_a_part, as_a_part_in_keras_3]
)
def test_activations_are_those_of_keras(
    tmp_path, network, initial, theirs, spectrograms, save
):
    model, encoder = theirs
    loaded = read(model, tmp_path, save, initial)
    assert_equal_activations(network, loaded, encoder, spectrograms)
    assert len(loaded.taken) == 100
    assert {name.split("/")[0] for name in loaded.taken} == {
        layer.name for layer in model.layers if "conv" in layer.name and layer.weights
    }
    assert any("predictions" in n or "dense" in n for n in loaded.left_out)
    assert loaded.notes == (
        "Epsilon is 1.001e-05 there and 1e-05 here: variances make up for it.",
    )
    variance = model.get_layer("conv1_bn").get_weights()[3].astype(np.float64)
    np.testing.assert_allclose(
        loaded.batch_stats["stem_norm"]["var"], variance + 1e-8, rtol=1e-6
    )
    kept, new = initial[0]["classifier"], loaded.params["classifier"]
    np.testing.assert_array_equal(new["kernel"], kept["kernel"])


@pytest.mark.parametrize("save", [whole, of_keras_3])
def test_biases_of_convolutions_go_into_means(
    tmp_path, network, initial, spectrograms, save
):
    model, encoder = keras_resnet.build(WIDTH, bias=True)
    loaded = read(model, tmp_path, save, initial)
    assert_equal_activations(network, loaded, encoder, spectrograms)
    assert loaded.notes[-1].startswith("20 biases of convolutions are in the means")
    assert len(loaded.taken) == 120


def test_a_whole_model_tells_its_epsilon(tmp_path, network, initial, spectrograms):
    # The default of Keras.
    model, encoder = keras_resnet.build(WIDTH, epsilon=1e-3)
    loaded = read(model, tmp_path, whole, initial)
    assert loaded.notes[0].startswith("Epsilon is 0.001 there")
    assert_equal_activations(network, loaded, encoder, spectrograms)
    variance = model.get_layer("conv1_bn").get_weights()[3]
    np.testing.assert_allclose(
        loaded.batch_stats["stem_norm"]["var"], variance + 1e-3 - 1e-5, rtol=1e-6
    )


def test_colours_are_summed_for_sound(tmp_path, network, initial, spectrograms):
    model, encoder = keras_resnet.build(WIDTH, channels=3)
    with pytest.raises(InputError, match="--init_channels=sum"):
        read(model, tmp_path, whole, initial)
    loaded = read_weights(tmp_path / "weights.h5", *initial, channels="sum")
    expected = np.asarray(encoder(np.repeat(spectrograms, 3, axis=3), training=False))
    found = embedding(network, loaded, spectrograms)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_what_keras_2_itself_writes_is_read(
    tmp_path, network, initial, spectrograms, monkeypatch
):
    """The public code's ``save_weights('x.h5')``, where Keras 2 is installed."""
    why = "Keras 2 is not installed (requirements-weights.txt)"
    if importlib.util.find_spec("tf_keras") is None:
        pytest.skip(why)
    keras = importlib.import_module("tf_keras")
    model, encoder = keras_resnet.build(WIDTH, keras=keras)
    path = tmp_path / "weights.h5"
    model.save_weights(path)
    loaded = read_weights(path, *initial)
    assert_equal_activations(network, loaded, encoder, spectrograms)
    assert len(loaded.taken) == 100


@pytest.fixture
def file(tmp_path, theirs):
    """A file of weights, open to be spoilt."""
    path = tmp_path / "weights.h5"
    weights_alone(theirs[0], path)
    with h5py.File(path, "r+") as opened:
        yield opened


def refused(file, initial, told):
    path = pathlib.Path(file.filename)
    file.close()
    with pytest.raises(InputError, match=told):
        read_weights(path, *initial)


def test_layers_that_lack_are_named(file, initial):
    del file["conv3_block1_0_conv"]
    refused(file, initial, "1 of the network lack, such as .*stage2_block1/shortcut/")


def test_layers_of_a_deeper_network_are_refused(file, initial):
    value = file["conv3_block2_1_conv/conv3_block2_1_conv/kernel"][:]
    file["conv3_block3_1_conv/conv3_block3_1_conv/kernel:0"] = value
    told = "1 are too many, such as conv3_block3_1_conv/kernel.*public code"
    refused(file, initial, told)


def test_names_that_a_graph_has_numbered_are_those_of_their_layers(file, initial):
    file.move("conv1_bn/conv1_bn", "conv1_bn/conv1_bn_1")
    path = pathlib.Path(file.filename)
    file.close()
    assert "conv1_bn/gamma" in read_weights(path, *initial).taken


def test_a_convolution_of_another_name_is_refused(file, initial):
    file.create_dataset("attention/attention/kernel:0", data=np.zeros((1, 1, 2, 2)))
    refused(file, initial, "1 are too many, such as attention/kernel")


def test_a_bias_that_fits_no_mean_is_refused(file, initial):
    file.create_dataset("conv1_conv/conv1_conv/bias:0", data=np.zeros(9))
    refused(file, initial, "1 are too many, such as conv1_conv/bias")


def test_two_networks_in_a_file_are_refused(file, initial):
    file.create_group("second")
    for layer in [*file]:
        if layer.startswith("conv"):
            file.copy(layer, f"second/{layer}")
    refused(file, initial, "more than one network: .*second/conv")


def test_numbers_that_are_not_finite_are_refused(file, initial):
    file["conv1_bn/conv1_bn/beta"][:] = np.inf
    refused(file, initial, "'conv1_bn/beta' .*no finite numbers")


def test_a_link_out_of_the_file_is_not_followed(file, initial, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["kernel"] = np.zeros((1, 1, 2, 2))
    file["conv9_conv"] = h5py.ExternalLink("other.h5", "kernel")
    path = tmp_path / "weights.h5"
    file.close()
    assert len(read_weights(path, *initial).taken) == 100


def test_numbers_in_other_files_are_not_read(file, initial, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(64))
    external = [(str(tmp_path / "secret"), 0, 64)]
    file.create_dataset("a/external", (16,), "f4", external=external)
    refused(file, initial, "numbers of 'a/external' lie in another file")


def test_virtual_numbers_are_not_read(file, initial, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.zeros(4)
        layout = h5py.VirtualLayout((4,), "f8")
        layout[:] = h5py.VirtualSource(other["secret"])
    file.create_virtual_dataset("a/virtual", layout)
    refused(file, initial, "numbers of 'a/virtual' lie in another file")


def test_a_declared_size_is_not_believed(file, initial):
    layer = "conv1_conv/conv1_conv/kernel"
    del file[layer]
    # They take no room in the file.
    file.create_dataset(layer, (10**6, 10**6), "f4", chunks=(1000, 1000))
    refused(file, initial, r"'conv1_conv/conv1_conv/kernel' alone 4,000,000,000,000,")


def test_what_is_left_out_may_have_any_size(file, initial):
    file.create_dataset("table/table/rows", (10**6, 10**6), "f4", chunks=(1000, 1000))
    path = pathlib.Path(file.filename)
    file.close()
    assert "table/table/rows" in read_weights(path, *initial).left_out


@pytest.mark.parametrize("epsilon", [np.nan, 1e300, -1.0])
def test_an_epsilon_that_is_none_is_refused(file, initial, epsilon):
    layer = {"name": "conv1_bn", "epsilon": epsilon}
    file.attrs["model_config"] = json.dumps({"layers": [layer]})
    refused(file, initial, "'conv1_bn/moving_variance' comes to here is not finite")


def test_an_epsilon_below_ours_is_taken_where_variances_are_0(file, initial):
    file["conv1_bn/conv1_bn/moving_variance"][:] = 0
    file.attrs["model_config"] = '{"name": "conv1_bn", "epsilon": 1e-6}'
    path = pathlib.Path(file.filename)
    file.close()
    _, statistics, *_ = read_weights(path, *initial)
    np.testing.assert_allclose(statistics["stem_norm"]["var"], -9e-6)


def test_negative_variances_are_refused(file, initial):
    file["conv1_bn/conv1_bn/moving_variance"][:] = -1e-6
    refused(file, initial, "'conv1_bn/moving_variance' holds negative variances")


def test_a_width_that_differs_is_told(file, tmp_path):
    wide = beginning(resnet(CLASSES, BANDS, width=2 * WIDTH))
    refused(file, wide, "The file's network has --model_width=2")


def test_files_without_names_of_layers_are_refused(tmp_path, theirs, initial):
    path = tmp_path / "weights.h5"
    of_keras_3(theirs[0], path)
    with h5py.File(path, "r+") as file:
        for group in file["layers"].values():
            del group["vars"].attrs["name"]
        del file["vars"].attrs["name"]
    with pytest.raises(InputError, match=r"no names of layers.* early versions"):
        read_weights(path, *initial)


@pytest.mark.parametrize("place", [20, 0.3, 0.9])
def test_a_file_that_is_cut_short_is_named(tmp_path, theirs, initial, place):
    path = tmp_path / "weights.h5"
    weights_alone(theirs[0], path)
    size = place if place > 1 else int(place * path.stat().st_size)
    os.truncate(path, size)
    with pytest.raises(InputError, match=r"weights\.h5 cannot be read as HDF5"):
        read_weights(path, *initial)
