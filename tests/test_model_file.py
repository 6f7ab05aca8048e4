import json

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from damldg_jax.errors import InputError
from damldg_jax.prediction.model_file import KEY, decode, describe, encode
from damldg_jax.prediction.places import find_file
from tests import trained


def header_of(path):
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        return json.loads(file.metadata()[KEY])


def rewrite(path, tensors=None, **changes):
    header = {**header_of(path), **changes}
    save_file(load_file(path) | (tensors or {}), path, {KEY: json.dumps(header)})


@pytest.fixture
def path(tmp_path):
    return trained.write(tmp_path / "model.safetensors")


def test_what_is_written_is_read_again(path):
    written, read = trained.contents(), decode(path)
    jax.tree.map(np.testing.assert_array_equal, written[1:], read[1:])
    assert jax.tree.structure(written[1:]) == jax.tree.structure(read[1:])
    assert read.description == written.description
    assert describe(path) == read.description


def test_the_same_contents_make_the_same_bytes():
    assert encode(trained.contents()) == encode(trained.contents())


def test_a_network_on_statistics_has_a_file_too(tmp_path):
    features = {"name": "mfcc"}
    path = trained.write(
        tmp_path / "m.safetensors", network="pooled", features=features
    )
    assert decode(path).params["encoder"]["hidden1"]["kernel"].shape == (128, 16)


def test_other_files_in_safetensors_are_no_models(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file({"conv1.weight": np.zeros((2, 2), np.float32)}, path)
    assert describe(path) is None
    with pytest.raises(InputError, match=r"no model of this program.*--init_from"):
        decode(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version 2, and this program reads version 1"),
        ({"network": "os.system"}, "its network is 'os.system'"),
        ({"classes": []}, "no classes"),
        ({"classes": ["a", 1]}, "no words"),
        ({"classes": ["a", "a"]}, "two of one name"),
        ({"classes": ["a", "b\x1b[2J"]}, "no words"),
        ({"training": {"synthetic": [1]}}, "no words"),
        ({"training": {"synthetic": "all"}}, "no list"),
        ({"silence": float("nan")}, "no number"),
        ({"num_features": 10**13}, "its 'num_features' is 1000"),
        ({"min_frames": 10**12}, "its 'min_frames' is 1000"),
        ({"dimension_bins": 1}, "its 'dimension_bins' is 1"),
        ({"num_features": "64"}, "its 'num_features' is '64'"),
        ({"num_features": True}, "its 'num_features' is True"),
        ({"channels": 3}, "do not divide"),
        ({"features": {}}, "names that are no words"),
        ({"normalization": "wish"}, "normalization 'wish'"),
        ({"min_frames": 0}, "its 'min_frames' is 0"),
        ({"network_settings": {"depth": 10}}, "other settings than ours"),
    ],
)
def test_a_description_that_there_cannot_be_is_refused(path, changes, message):
    rewrite(path, **changes)
    with pytest.raises(InputError, match=message) as raised:
        decode(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("depth", 11), ("width", 10**9), ("width", "2"), ("hidden_units", [-1])],
)
def test_settings_of_no_network_are_refused(path, key, value):
    settings = header_of(path)["network_settings"] | {key: value}
    rewrite(path, network_settings=settings)
    with pytest.raises(InputError, match="is no model that can be used"):
        decode(path)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"params/classifier/bias": np.zeros(4, np.float32)}, r"float32 \[3\]"),
        ({"params/classifier/bias": np.zeros(3)}, "is float64"),
        ({"params/classifier/extra": np.zeros(3, np.float32)}, "is too many"),
        ({"params/classifier/bias": np.full(3, np.nan, np.float32)}, "no finite"),
        (
            {"batch_stats/stem_norm/var": np.full(2, -1, np.float32)},
            "too small",
        ),
        ({"reference/rest": np.zeros((), np.float32)}, "too small"),
    ],
)
def test_tensors_of_another_network_are_refused(path, tensors, message):
    rewrite(path, tensors)
    with pytest.raises(InputError, match=message):
        decode(path)


def test_statistics_of_the_training_must_be_there(path):
    rewrite(path, normalization="training")
    with pytest.raises(InputError, match="'normalization/scale' lacks"):
        decode(path)


def test_a_tensor_that_lacks_is_named(path):
    tensors = load_file(path)
    del tensors["params/encoder/stem/kernel"]
    save_file(tensors, path, {KEY: json.dumps(header_of(path))})
    with pytest.raises(InputError, match="'params/encoder/stem/kernel' lacks"):
        decode(path)


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"", lambda b: b[:-9]])
def test_a_damaged_file_is_told(path, damage):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match="cannot be read as a model"):
        decode(path)


def test_a_description_of_brackets_is_told(path):
    save_file(load_file(path), path, {KEY: "[" * 100_000})
    with pytest.raises(InputError, match="is no model that can be used"):
        decode(path)


def test_models_are_found_by_their_run(tmp_path):
    best = trained.write(tmp_path / "a" / "models" / "best.safetensors")
    last = trained.write(tmp_path / "a" / "models" / "last.safetensors")
    assert find_file(tmp_path / "a") == best
    assert find_file(tmp_path) == best
    assert find_file(tmp_path, "last") == last
    assert find_file(last) == last
    last.unlink()
    with pytest.raises(InputError, match=r"no last model.*it has best only"):
        find_file(tmp_path / "a", "last")
    trained.write(tmp_path / "b" / "models" / "best.safetensors")
    with pytest.raises(InputError, match=r"several models.*name one of.*a.*b"):
        find_file(tmp_path)


def test_a_folder_of_one_model_file_is_enough(tmp_path):
    file = trained.write(tmp_path / "model.safetensors")
    assert find_file(tmp_path) == file
    with pytest.raises(InputError, match=r"no run's folder.* alone, .*model\.safetens"):
        find_file(tmp_path, "last")
    trained.write(tmp_path / "other.safetensors")
    with pytest.raises(
        InputError, match=r"several model files.*one of .*/model\.s.*, .*/other"
    ):
        find_file(tmp_path)


def test_where_there_is_no_model_it_says_so(tmp_path):
    with pytest.raises(InputError, match=r"no model at .*nothing"):
        find_file(tmp_path / "nothing")
    with pytest.raises(InputError, match="no run in it is finished"):
        find_file(tmp_path)
    with pytest.raises(InputError, match="Unknown selection 'first'"):
        find_file(tmp_path, "first")
