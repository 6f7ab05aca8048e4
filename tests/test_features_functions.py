"""Embeddings from functions of the user's."""

import copy
import sys

import numpy as np
import pytest

from damldg_jax.audio import RecordingError
from damldg_jax.errors import InputError
from damldg_jax.features import resolve

WAVEFORM = np.zeros(16_000)

MODULE = """
import numpy as np

CALLS = []

def vector(waveform):
    CALLS.append((waveform.dtype, waveform.shape))
    return [waveform.mean(), waveform.std(), 1]

def frames(waveform):
    return waveform[: len(waveform) // 320 * 320].reshape(-1, 320)

def of_any_size(waveform):
    return np.ones(len(waveform))

def fails(waveform):
    raise OSError("no weights")

def fails_for_silence(waveform):
    if not waveform.any():
        raise ZeroDivisionError("nothing to divide by")
    return waveform[:2]

def text(waveform):
    return "ten"

class Encoder:
    def embed(self, waveform):
        return waveform[:8]

encoder = Encoder()
number = 3
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A package of the user's own on Python's path, and where its function lies."""
    package = tmp_path / "users_own"
    package.mkdir()
    (package / "__init__.py").write_text("IMPORTED = True\n")
    (package / "functions.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.startswith("users_own")]:
        del sys.modules[name]


def test_nothing_is_imported_before_it_was_told(modules):
    features = resolve("users_own.functions:vector")
    assert features.notice == (
        f"Features are computed by users_own.functions:vector, in "
        f"{modules / 'functions.py'}."
    )
    assert "users_own" not in sys.modules
    assert features.num_features == 3
    assert "users_own.functions" in sys.modules


def test_a_function_is_given_a_waveform_in_single_precision(modules):
    features = resolve("users_own.functions:vector")
    values = features(np.full(800, 0.5), "emodb/a")
    np.testing.assert_array_equal(values, [[0.5, 0, 1]])
    assert values.dtype == np.float32
    calls = sys.modules["users_own.functions"].CALLS
    assert calls[-1] == (np.float32, (800,))
    assert (features.silence, features.network) == (0.0, "pooled")


def test_a_function_may_give_frames_and_be_a_method(modules):
    assert resolve("users_own.functions:frames")(WAVEFORM, "a/b").shape == (50, 320)
    assert resolve("users_own.functions:encoder.embed").num_features == 8


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("fails_for_silence", "fails for emodb/a: ZeroDivisionError: nothing to"),
        ("of_any_size", "returns for emodb/a has 16000 dimensions, not 48000"),
    ],
)
def test_errors_name_function_and_recording(modules, function, message):
    name = f"users_own.functions:{function}"
    with pytest.raises(RecordingError, match=f"{name} {message}"):
        resolve(name)(WAVEFORM, "emodb/a")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("fails", "fails for a sound to try it out: OSError: no weights"),
        ("text", "returns for a sound to try it out holds <U3"),
        ("none", "has no 'none'"),
        ("number", "is no function"),
    ],
)
def test_a_function_that_cannot_be_used_is_an_error_of_usage(
    modules, function, message
):
    with pytest.raises(InputError, match=message):
        resolve(f"users_own.functions:{function}").settings()


def test_a_module_that_cannot_be_imported_is_named(modules):
    (modules / "broken.py").write_text("import a_package_that_is_not_there")
    with pytest.raises(InputError, match=r"broken\.py cannot be imported.*not_there"):
        _ = resolve("users_own.broken:f").num_features


@pytest.mark.parametrize("name", ["no_such_module:f", "users_own.none:f", ":f"])
def test_a_missing_module_is_an_error_with_a_remedy(modules, name):
    with pytest.raises(InputError, match=r"no module .*PYTHONPATH"):
        resolve(name)


def test_changed_code_changes_the_settings(modules):
    name = "users_own.functions:vector"
    before = resolve(name).settings("emodb")
    assert before == resolve(name).settings("savee")
    assert (before["name"], before["num_features"]) == (name, 3)
    with (modules / "functions.py").open("a") as file:
        file.write("\n# another version\n")
    assert resolve(name).settings("emodb")["source"] != before["source"]


def test_a_function_survives_a_copy(modules):
    features = resolve("users_own.functions:vector")
    assert features.num_features == 3
    copied = copy.copy(features)
    make, arguments = features.__reduce__()
    for other in (copied, make(*arguments)):
        assert other is not features
        assert other.settings() == features.settings()
        np.testing.assert_array_equal(other(np.full(800, 0.5)), [[0.5, 0, 1]])


class Tensor:
    """Turns into an array as one does that a gradient is asked of."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


def test_a_value_that_fails_to_become_an_array_is_told_with_its_recording(modules):
    features = resolve("users_own.functions:vector")
    assert features.num_features == 3
    features.__dict__["_function"] = lambda waveform: Tensor()
    message = r"returns for emodb/a is no array \(.*requires grad"
    with pytest.raises(RecordingError, match=message):
        features(WAVEFORM, "emodb/a")
