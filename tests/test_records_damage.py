"""Whatever happens to a file of records, it is named and nothing of it is used."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.errors import InputError
from damldg_jax.records import checksums, packed, shards, tfrecords
from damldg_jax.records.provenance import corpus_folder, read_description
from tests.test_records import PROVENANCE, SETTINGS, example

NUMBER = 7
FILES = (
    "SHA256SUMS",
    "dataset_info.json",
    "features.json",
    "metadata.json",
    "speech_emotion-utterances.tfrecord-00000-of-00002",
    "speech_emotion-utterances.tfrecord-00001-of-00002",
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Records in two files, which each test damages and mends."""
    folder = tmp_path_factory.mktemp("records")
    examples = [example(number) for number in range(NUMBER)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD_BYTES", 500)
        tfrecords.write(folder, PROVENANCE, [lambda: examples])
    stored = sorted(path.name for path in corpus_folder(folder, "mine").iterdir())
    assert tuple(stored) == FILES
    return folder


def damaged(data_dir, name, content):
    """What reading says with that content of that file, which is None for no file."""
    path = corpus_folder(data_dir, "mine") / name
    whole = path.read_bytes()
    try:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            tfrecords.read(data_dir, "mine", SETTINGS)
    finally:
        path.write_bytes(whole)
    message = str(caught.value)
    assert f"'mine' in {path.parent} are damaged ({name}: " in message
    assert "Delete that folder and prepare the corpus again." in message
    return message


def read_bytes(data_dir, name):
    return (corpus_folder(data_dir, "mine") / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_found_and_its_file_named(data_dir, name, place, bit):
    content = bytearray(read_bytes(data_dir, name))
    content[int(place * len(content))] ^= 1 << bit
    damaged(data_dir, name, bytes(content))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15)
@given(place=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_found_and_named(data_dir, name, place):
    content = read_bytes(data_dir, name)
    damaged(data_dir, name, content[: int(place * len(content))])


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_named(data_dir, name):
    assert f"{name}: it is missing" in damaged(data_dir, name, None)


@pytest.mark.parametrize("name", FILES)
def test_bytes_after_the_end_are_found(data_dir, name):
    damaged(data_dir, name, read_bytes(data_dir, name) + b"\n")


def test_the_first_damaged_record_is_named(data_dir):
    content = bytearray(read_bytes(data_dir, FILES[4]))
    # A record is its length in 8 bytes, 4 of sum, the record and 4 of sum.
    first = 16 + int.from_bytes(content[:8], "little")
    content[first + 40] ^= 1
    message = damaged(data_dir, FILES[4], bytes(content))
    assert "first in record 2, the one after utterance 'folder/äöü 0'" in message


def test_damage_to_the_very_first_record_is_named_too(data_dir):
    content = bytearray(read_bytes(data_dir, FILES[5]))
    content[3] ^= 1
    message = damaged(data_dir, FILES[5], bytes(content))
    assert "first in record 1)" in message


def test_a_whole_record_that_is_gone_is_told(data_dir):
    content = read_bytes(data_dir, FILES[4])
    first = 16 + int.from_bytes(content[:8], "little")
    message = damaged(data_dir, FILES[4], content[:first])
    assert "it holds 1 whole records" in message


def test_files_in_exchanged_places_are_found(data_dir):
    damaged(data_dir, FILES[4], read_bytes(data_dir, FILES[5]))


def test_whole_files_with_content_of_their_own_are_found(data_dir):
    """Sums that somebody has mended do not hide what was exchanged."""
    folder = corpus_folder(data_dir, "mine")
    whole = {name: read_bytes(data_dir, name) for name in FILES}
    stored = json.loads(whole["metadata.json"])
    stored["summary"]["content_hash"] = "0" * 64
    try:
        (folder / "metadata.json").write_text(json.dumps(stored))
        checksums.write(folder)
        with pytest.raises(InputError, match="the content does not match its hash"):
            tfrecords.read(data_dir, "mine", SETTINGS)
    finally:
        for name, content in whole.items():
            (folder / name).write_bytes(content)


def with_mended_sums(folder, name, content):
    """What reading says with that content of a file and sums that fit it."""
    path, sums = folder / name, folder / checksums.NAME
    whole, listed = path.read_bytes(), sums.read_bytes()
    try:
        path.write_bytes(content)
        checksums.write(folder)
        with pytest.raises(InputError, match=r"damaged.*Delete that folder"):
            tfrecords.read(folder.parents[2], "mine", SETTINGS)
    finally:
        path.write_bytes(whole)
        sums.write_bytes(listed)


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json"])
@settings(max_examples=8)
@given(place=st.floats(0, 1, exclude_max=True))
def test_a_description_cut_short_is_told_whatever_its_sums(data_dir, name, place):
    content = read_bytes(data_dir, name).rstrip()
    cut = content[: int(place * len(content))]
    with_mended_sums(corpus_folder(data_dir, "mine"), name, cut)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("features.json", b"float32", b"float3"),
        ("features.json", b"float32", b"int64"),
        ("features.json", b"Text", b"Texts"),
        ("features.json", b"utterance", b"name"),
        ("features.json", b"{", b"["),
        ("dataset_info.json", b"utterances", b"others"),
        ("dataset_info.json", b"tfrecord", b"riegeli"),
        (FILES[4], b"anger", b"angry"),
    ],
)
def test_a_description_of_other_things_is_told(data_dir, name, before, after):
    content = read_bytes(data_dir, name)
    assert before in content
    changed = content.replace(before, after)
    with_mended_sums(corpus_folder(data_dir, "mine"), name, changed)


@pytest.mark.parametrize(
    ("name", "kept", "problem"),
    [
        ("SHA256SUMS", False, "SHA256SUMS: it is a folder"),
        ("metadata.json", False, "metadata.json: it is a folder"),
        (".", True, "SHA256SUMS: it is in a file, not in a folder"),
    ],
)
def test_files_and_folders_in_each_others_place_are_told(
    tmp_path, data_dir, name, kept, problem
):
    folder = corpus_folder(tmp_path, "mine")
    shutil.copytree(corpus_folder(data_dir, "mine"), folder)
    path = folder / name
    if kept:
        shutil.rmtree(path)
        path.touch()
    else:
        path.unlink()
        path.mkdir()
    for look in (
        lambda: read_description(tmp_path, "mine"),
        lambda: tfrecords.read(tmp_path, "mine", SETTINGS),
    ):
        with pytest.raises(InputError, match=f"{problem}.*Delete that folder"):
            look()


def test_what_may_not_be_read_is_not_called_damaged(data_dir, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(checksums, "_hash_file", refuse)
    with pytest.raises(
        InputError, match=r"Cannot read .*: Permission denied\."
    ) as told:
        tfrecords.read(data_dir, "mine", SETTINGS)
    assert "Delete" not in str(told.value)


def test_records_that_are_replaced_meanwhile_are_not_called_damaged(
    tmp_path, data_dir, monkeypatch
):
    folder = corpus_folder(tmp_path, "mine")
    shutil.copytree(corpus_folder(data_dir, "mine"), folder)

    def cut(path):
        shutil.copytree(path.parent, tmp_path / "new")
        shutil.rmtree(path.parent)
        (tmp_path / "new").rename(path.parent)
        return ""

    monkeypatch.setattr(tfrecords, "_first_damaged", cut)
    (folder / FILES[4]).write_bytes(b"")
    with pytest.raises(InputError, match="were replaced while they were read"):
        tfrecords.read(tmp_path, "mine", SETTINGS)
    monkeypatch.undo()
    with pytest.raises(InputError, match="damaged"):
        tfrecords.read(tmp_path, "mine", SETTINGS)


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_frames_that_are_no_numbers_are_found_and_named(tmp_path, value):
    good, bad = example(0), example(1)
    features = bad.features.copy() if value else bad.features[:0]
    features[1:2, 2:3] = value or 0
    bad = dataclasses.replace(bad, features=features)
    tfrecords.write(tmp_path, PROVENANCE, [lambda: [good, bad]])
    with pytest.raises(InputError, match=re.escape(bad.utterance)) as raised:
        packed.keep(tmp_path, "mine", SETTINGS)
    assert "no frames, or such as are no numbers" in str(raised.value)
    assert "Delete that" in str(raised.value)


def test_undamaged_records_are_read(data_dir):
    assert len(tfrecords.read(data_dir, "mine", SETTINGS)) == NUMBER


@pytest.mark.parametrize("text", ["", "{", "{}", '{"provenance": 3}'])
def test_a_description_of_another_kind_is_named_with_a_remedy(tmp_path, text):
    path = corpus_folder(tmp_path, "mine") / "metadata.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    for write in (lambda folder: None, checksums.write):
        write(path.parent)
        with pytest.raises(InputError, match=r"damaged.*Delete that folder"):
            read_description(tmp_path, "mine")
