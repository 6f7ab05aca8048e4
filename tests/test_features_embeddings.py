"""Embeddings from files, and how features are found by name."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.audio import RecordingError
from damldg_jax.errors import InputError
from damldg_jax.features import FEATURES, FileEmbeddings, resolve
from damldg_jax.features.embeddings import as_embedding
from damldg_jax.records.provenance import Provenance, check_settings

WAVEFORM = np.zeros(16_000)


def save(folder, name, value, **named):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, *([] if value is None else [value]), **named)
    else:
        np.save(path, value)
    return path


@pytest.fixture
def folder(tmp_path):
    save(tmp_path, "emodb/wav/03a01Wa.npy", np.arange(4.0))
    save(tmp_path, "emodb/wav/x.npz", np.ones((3, 4)))
    save(tmp_path, "emodb/y.npz", None, embedding=np.full(4, 7), length=np.array(3))
    return tmp_path


def test_files_are_found_by_corpus_and_name(folder):
    features = resolve("files", folder)
    assert features.num_features == 4
    vector = features(WAVEFORM, "emodb/wav/03a01Wa")
    np.testing.assert_array_equal(vector, [[0, 1, 2, 3]])
    assert vector.dtype == np.float32
    assert features(WAVEFORM, "emodb/wav/x").shape == (3, 4)
    np.testing.assert_array_equal(features(WAVEFORM, "emodb/y"), [[7] * 4])


def refusal(folder, name):
    with pytest.raises(RecordingError) as raised:
        resolve("files", folder)(WAVEFORM, name)
    return str(raised.value)


def test_a_missing_file_is_named_as_it_is_looked_for(folder):
    assert f"{folder}/emodb/wav/none.npy (or .npz)" in refusal(folder, "emodb/wav/none")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.ones((2, 5)), "has 5 dimensions, not 4"),
        (np.ones(3), "has 3 dimensions, not 4"),
        (np.array([0, 1, np.nan, 0]), "not finite"),
        (np.array([0, 1, 1e300, 0]), "not finite"),
        (np.ones((2, 4), complex), "complex128 where real numbers"),
        (np.array(["a", "b"]), "where real numbers"),
        (np.ones(4, bool), "bool where real numbers"),
        (np.ones((1, 2, 4)), r"the shape [1, 2, 4] where"),
        (np.ones((0, 4)), r"the shape [0, 4] where"),
        (np.float32(1), r"the shape [] where"),
    ],
)
def test_what_is_no_embedding_is_refused_with_the_reason(folder, value, reason):
    path = save(folder, "emodb/z.npy", value)
    message = refusal(folder, "emodb/z")
    assert f"the embedding {path} " in message
    assert reason in message


def test_nothing_is_unpickled(folder):
    np.save(folder / "emodb" / "z.npy", np.array([{"a": 1}]), allow_pickle=True)
    assert "cannot be read" in refusal(folder, "emodb/z")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 half a zip"])
def test_damaged_files_are_named(folder, suffix, content):
    path = folder / "emodb" / f"z{suffix}"
    path.write_bytes(content)
    assert f"the embedding {path} cannot be read" in refusal(folder, "emodb/z")


def test_a_cut_file_is_named(folder):
    for name in ("wav/03a01Wa.npy", "wav/x.npz"):
        path = folder / "emodb" / name
        path.write_bytes(path.read_bytes()[:-8])
        first = resolve("files", folder)
        first.__dict__["_first"] = (path, 4)
        with pytest.raises(RecordingError, match="cannot be read"):
            first(WAVEFORM, f"emodb/{name.split('.')[0]}")


def test_of_several_arrays_one_must_be_called_embedding(folder):
    save(folder, "emodb/z.npz", None, a=np.ones(4), b=np.ones(4))
    assert "holds a, b and none 'embedding'" in refusal(folder, "emodb/z")
    save(folder, "emodb/z.npz", None)
    assert "holds no array" in refusal(folder, "emodb/z")


def test_two_files_for_one_recording_are_refused(folder):
    save(folder, "emodb/wav/x.npy", np.ones(4))
    assert "two embeddings" in refusal(folder, "emodb/wav/x")


def test_files_beside_the_folders_of_corpora_are_none(folder):
    save(folder, "a_mean_of_all.npy", np.ones(99))
    assert FileEmbeddings(folder).num_features == 4


@pytest.mark.parametrize("missing", ["", "none"])
def test_a_folder_without_embeddings_is_named(tmp_path, missing):
    with pytest.raises(InputError, match=r"no embeddings in .*--embeddings_dir"):
        _ = FileEmbeddings(tmp_path / missing).num_features


def test_a_first_file_that_is_none_is_named(tmp_path):
    path = save(tmp_path, "emodb/a.npy", np.array(["a"]))
    with pytest.raises(InputError, match=f"embedding {path} holds"):
        _ = FileEmbeddings(tmp_path).num_features


def test_what_corpora_that_are_not_asked_for_hold_does_not_count(folder):
    save(folder, "all/labels.npy", np.array(["anger"]))
    save(folder, "another/a.npy", np.ones(9))
    assert resolve("files", folder, ["mine", "emodb"]).num_features == 4
    assert resolve("files", folder, ["another"]).num_features == 9
    with pytest.raises(InputError, match=r"labels\.npy holds"):
        _ = resolve("files", folder).num_features
    with pytest.raises(InputError, match="no embeddings"):
        _ = resolve("files", folder, ["mine"]).num_features


def test_links_that_lead_in_a_circle_are_followed_once(folder):
    before = FileEmbeddings(folder).settings("emodb")
    for name in ("again", "and_again"):
        (folder / "emodb" / name).symlink_to(folder / "emodb")
    assert FileEmbeddings(folder).settings("emodb") == before
    # A corpus that lies elsewhere is read all the same.
    (folder / "linked").symlink_to(folder / "emodb")
    assert FileEmbeddings(folder).settings("linked") == before


def test_what_is_different_about_files_and_functions_is_told_in_words(folder):
    def refuse(stored, wanted):
        with pytest.raises(InputError) as raised:
            check_settings(folder, Provenance("emodb", stored, 4, "", False), wanted)
        return str(raised.value)

    before = FileEmbeddings(folder).settings("emodb")
    os.utime(folder / "emodb" / "y.npz", ns=(0, 0))
    after = FileEmbeddings(folder).settings("emodb")
    message = refuse(before, after)
    assert "settings: the names, sizes or dates of the embeddings have" in message
    assert before["files"] not in message
    source = {"name": "a:b", "source": "1234"}
    assert "file of the function has changed" in refuse(
        source, {**source, "source": "5678"}
    )
    # The name says it all then.
    assert "changed" not in refuse(source, before)


def test_changed_files_change_the_settings_of_their_corpus(folder):
    save(folder, "savee/a.npy", np.ones(4))
    before = [FileEmbeddings(folder).settings(c) for c in ("emodb", "savee")]
    assert before[0] == FileEmbeddings(folder).settings("emodb")
    assert before[0] == {**before[0], "name": "files", "num_features": 4}
    save(folder, "savee/b.npy", np.ones(4))
    after = [FileEmbeddings(folder).settings(c) for c in ("emodb", "savee")]
    assert before[0] == after[0]
    assert before[1]["files"] != after[1]["files"]


def test_where_the_files_lie_is_no_setting(folder):
    before = FileEmbeddings(folder).settings("emodb")
    moved = folder.rename(folder.with_name("moved"))
    assert FileEmbeddings(moved).settings("emodb") == before


@given(st.floats(0.1, 60), st.floats(0, 200))
def test_windows_have_frames_at_the_measured_rate(seconds, rate):
    frames = FileEmbeddings(None).num_frames(seconds, rate)
    assert frames >= 1
    assert frames == 1 or abs(frames - seconds * rate) <= 0.5
    assert FileEmbeddings(None).num_frames(seconds) == 1


@given(st.integers(1, 4), st.integers(1, 5))
def test_embeddings_keep_their_values(frames, dimensions):
    value = np.arange(frames * dimensions, dtype=np.int16).reshape(frames, dimensions)
    np.testing.assert_array_equal(as_embedding(value, dimensions), value)
    np.testing.assert_array_equal(as_embedding(value[0].tolist()), value[:1])


def test_names_are_those_of_the_table():
    assert all(resolve(name) is features for name, features in FEATURES.items())


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(InputError) as raised:
        resolve("logmel")
    for part in ("Did you mean 'log_mel'?", "pcen", "files", "package.module:function"):
        assert part in str(raised.value)


def test_files_need_a_folder_and_nothing_else_does(tmp_path):
    with pytest.raises(InputError, match="needs the folder"):
        resolve("files")
    with pytest.raises(InputError, match="no other features read it"):
        resolve("log_mel", tmp_path)
