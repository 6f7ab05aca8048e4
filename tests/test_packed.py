"""The packed copy of records: the same utterances, made once, kept if it can be."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.records import packed, tfrecords
from damldg_jax.records.provenance import corpus_folder, read_description
from tests.test_records import EXAMPLES, SETTINGS, assert_same, write
from tests.test_records_disk import full_from

BY_NAME = sorted(EXAMPLES, key=lambda example: example.utterance)
FILES = (
    *("SHA256SUMS", "texts.json"),
    *("arousal.npy", "valence.npy", "dominance.npy", "seconds.npy"),
    *("features.npy", "features_lengths.npy"),
    *("fingerprint.npy", "fingerprint_lengths.npy"),
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Records with their packed copy, not to be changed."""
    folder = tmp_path_factory.mktemp("original")
    write(folder, BY_NAME)
    packed.keep(folder, "mine", SETTINGS)
    return folder


@pytest.fixture
def data_dir(original, tmp_path):
    """A copy of them, to be changed."""
    shutil.copytree(original, tmp_path / "records")
    return tmp_path / "records"


@pytest.fixture
def told():
    return []


@pytest.fixture
def without_tensorflow(monkeypatch):
    """No module that needs TensorFlow or tensorflow-datasets can be loaded."""
    for name in ("tensorflow", "tensorflow_datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "damldg_jax.records.tfrecords")


def place_of(data_dir):
    _, summary = read_description(data_dir, "mine")
    return packed.place_of(data_dir, "mine", summary.content_hash)


def read(data_dir, told):
    return packed.read(data_dir, "mine", SETTINGS, told.append).examples


def check(found):
    assert len(found) == len(BY_NAME)
    for a, b in zip(found, BY_NAME, strict=True):
        assert_same(a, b)


def test_a_copy_holds_what_the_records_hold(original, told, without_tensorflow):
    assert sorted(path.name for path in place_of(original).iterdir()) == sorted(FILES)
    check(read(original, told))
    assert not told


def test_features_are_views_into_one_file_that_nobody_can_change(original, told):
    found = read(original, told)
    assert len({id(example.features.base) for example in found}) == 1
    assert isinstance(found[0].features.base.base, np.memmap)
    for example in found:
        assert not example.features.flags.writeable
        assert example.features.flags.c_contiguous
    joined = np.load(place_of(original) / "features.npy", allow_pickle=False)
    np.testing.assert_array_equal(
        joined, np.concatenate([example.features for example in found])
    )
    assert joined.dtype == np.float32


def test_utterances_come_sorted_by_name_however_they_lie(tmp_path, told):
    write(tmp_path, EXAMPLES)
    assert EXAMPLES[0] is not BY_NAME[0]
    check(read(tmp_path, told))


def test_a_missing_copy_is_made_in_silence_and_kept(data_dir, told):
    shutil.rmtree(data_dir / packed.FOLDER)
    check(read(data_dir, told))
    assert not told
    before = {path: path.stat().st_mtime_ns for path in place_of(data_dir).iterdir()}
    check(read(data_dir, told))
    packed.keep(data_dir, "mine", SETTINGS, told.append)
    assert not told
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert sorted(os.listdir(data_dir)) == [packed.FOLDER, "speech_emotion"]


def test_a_copy_of_what_was_there_before_goes(data_dir, told):
    before = place_of(data_dir)
    write(data_dir, EXAMPLES[:2])
    assert len(read(data_dir, told)) == 2
    assert os.listdir(data_dir / packed.FOLDER / "mine") == [place_of(data_dir).name]
    assert not before.exists()
    assert not told


def test_several_at_the_same_time_make_one_copy(data_dir, told, monkeypatch):
    shutil.rmtree(data_dir / packed.FOLDER)
    made = []

    def make(*arguments):
        made.append(arguments)
        original_make(*arguments)

    original_make = packed._make
    monkeypatch.setattr(packed, "_make", make)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: read(data_dir, told), range(4)):
            check(found)
    assert len(made) == 1
    waiting = f"Another command makes the packed copy of 'mine' in {data_dir}: waiting."
    assert set(told) <= {waiting}
    assert sorted(os.listdir(data_dir)) == [packed.FOLDER, "speech_emotion"]


@pytest.mark.parametrize("size", [100, 400, 800])
def test_a_full_disk_costs_the_copy_and_nothing_else(data_dir, told, size):
    shutil.rmtree(data_dir / packed.FOLDER)
    with full_from(size):
        found = read(data_dir, told)
        packed.keep(data_dir, "mine", SETTINGS, told.append)
    check(found)
    assert len(told) == 2
    for text in told:
        assert "mine: goes on from the records, without a copy in " in text
        assert "File too large" in text
    assert not list((data_dir / packed.FOLDER).rglob("*"))
    check(read(data_dir, told))
    assert place_of(data_dir).exists()


def test_a_folder_that_may_not_be_written_costs_the_copy_alone(
    data_dir, told, monkeypatch
):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    shutil.rmtree(data_dir / packed.FOLDER)
    monkeypatch.setattr(os, "open", refuse)
    check(read(data_dir, told))
    assert "Permission denied" in told[0]
    assert os.listdir(data_dir) == ["speech_emotion"]


def test_without_tensorflow_the_remedies_are_named(data_dir, told, without_tensorflow):
    check(read(data_dir, told))
    shutil.rmtree(data_dir / packed.FOLDER)
    with pytest.raises(InputError) as raised:
        read(data_dir, told)
    for part in ("'mine'", "tensorflow", "requirements.txt", "experiments.prepare"):
        assert part in str(raised.value)
    assert os.listdir(data_dir) == ["speech_emotion"]


def test_only_the_description_of_the_records_is_needed_beside_a_copy(
    data_dir, told, without_tensorflow
):
    for path in corpus_folder(data_dir, "mine").glob("*.tfrecord-*"):
        path.unlink()
    check(read(data_dir, told))


def test_damaged_records_are_no_source_of_a_copy(data_dir, told):
    shutil.rmtree(data_dir / packed.FOLDER)
    file = next(corpus_folder(data_dir, "mine").glob("*.tfrecord-*"))
    file.write_bytes(file.read_bytes()[:-1])
    for use in (packed.read, packed.keep):
        with pytest.raises(InputError, match=r"damaged \(.*Delete that folder"):
            use(data_dir, "mine", SETTINGS, told.append)
    assert os.listdir(data_dir) == ["speech_emotion"]
    assert not told


def test_other_settings_and_missing_records_are_told(original, tmp_path):
    with pytest.raises(InputError, match="num_mels 4 instead of 5"):
        packed.read(original, "mine", {**SETTINGS, "num_mels": 5})
    with pytest.raises(InputError, match=r"No records of 'mine'.*Prepare them first"):
        packed.keep(tmp_path, "mine", SETTINGS)


def test_utterances_without_fingerprints_are_kept_too(tmp_path, told):
    plain = [
        type(example)(**{**vars(example), "fingerprint": np.zeros(0, np.uint32)})
        for example in EXAMPLES
    ]
    write(tmp_path, plain)
    packed.keep(tmp_path, "mine", SETTINGS)
    for found in (read(tmp_path, told), tfrecords.read(tmp_path, "mine", SETTINGS)):
        assert [len(example.fingerprint) for example in found] == [0, 0, 0]
        assert found[0].fingerprint.dtype == np.uint32
    assert not told
