"""A disk that is full, or a folder that cannot be written, is told; nothing is half."""

import contextlib
import os
import resource
import signal

import numpy as np
import pytest

from damldg_jax import tfds_audio
from damldg_jax.errors import InputError
from damldg_jax.records import staging, tfrecords
from damldg_jax.records.provenance import corpus_folder, read_description
from experiments.config import Config
from tests.test_prepare import corpus, prepare_all
from tests.test_records import EXAMPLES, PROVENANCE, SETTINGS, write
from tests.test_tfds_audio import rows, store


@contextlib.contextmanager
def full_from(size):
    """Files can have so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [100, 600, 1_000, 1_800])
def test_a_disk_that_is_full_leaves_older_records_as_they_are(tmp_path, size):
    write(tmp_path, EXAMPLES[:1])
    before = read_description(tmp_path, "mine")
    with full_from(size), pytest.raises(InputError, match="too large") as told:
        tfrecords.write(tmp_path, PROVENANCE, [lambda: EXAMPLES * 9])
    assert str(told.value).startswith(f"Cannot write to {tmp_path}")
    assert "choose another folder by --data_dir" in str(told.value)
    assert read_description(tmp_path, "mine") == before
    assert len(tfrecords.read(tmp_path, "mine", SETTINGS)) == 1
    assert os.listdir(tmp_path) == ["speech_emotion"]


def test_a_disk_that_is_full_from_the_first_part_on(tmp_path):
    entry = corpus(tmp_path / "mine", ["a", "b"])
    config = Config(corpora=(entry,), data_dir=tmp_path / "records")
    with full_from(5_000), pytest.raises(InputError, match=r"records: File too large"):
        prepare_all(config)
    assert read_description(config.data_dir, "mine") is None
    assert not [path for path in config.data_dir.rglob("*") if path.is_file()]
    prepare_all(config)
    assert os.listdir(config.data_dir) == ["speech_emotion"]


@pytest.mark.parametrize("folder", ["file", "file/below", "/proc/x"])
def test_a_folder_that_cannot_be_made_is_told_before_audio_is_read(
    tmp_path, monkeypatch, folder
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    entry = corpus(tmp_path / "mine", ["a"])
    (tmp_path / "mine" / "a.wav").write_bytes(b"")
    with pytest.raises(InputError) as told:
        prepare_all(Config(corpora=(entry,), data_dir=folder))
    assert str(told.value).startswith(f"Cannot write to {folder}: ")
    assert "--data_dir" in str(told.value)


def test_a_folder_that_may_not_be_written_is_told(tmp_path, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    entry = corpus(tmp_path / "mine", ["a"])
    config = Config(corpora=(entry,), data_dir=tmp_path / "records")
    prepare_all(config)
    monkeypatch.setattr(os, "open", refuse)
    prepare_all(config)  # What is there can be used.
    corpus(tmp_path / "mine", ["a", "b"])
    with pytest.raises(InputError, match="records: Permission denied"):
        prepare_all(config)


def test_an_exchange_that_fails_puts_the_old_folder_back(tmp_path):
    old, aside = tmp_path / "old", tmp_path / "aside"
    old.mkdir()
    (old / "content").touch()
    with pytest.raises(FileNotFoundError):
        staging.exchange(old, tmp_path / "none", aside)
    assert os.listdir(old) == ["content"]
    (tmp_path / "new").mkdir()
    staging.exchange(old, tmp_path / "new", aside)
    assert os.listdir(tmp_path) == ["old"]
    assert not os.listdir(old)


def test_new_records_lie_in_place_before_the_old_ones_go(tmp_path, monkeypatch):
    write(tmp_path, EXAMPLES[:1])
    removed = []

    def look(path, **_):
        removed.append(path.name)
        assert len(tfrecords.read(tmp_path, "mine", SETTINGS)) == len(EXAMPLES)

    with monkeypatch.context() as patch:
        patch.setattr(staging.shutil, "rmtree", look)
        write(tmp_path, EXAMPLES)
    version = corpus_folder(tmp_path, "mine").name
    assert removed[0] == f".replaced-mine-{version}"


def test_recordings_of_a_dataset_that_do_not_fit_are_told(tmp_path):
    dataset = store(tmp_path / "tfds", "savee", {"train": rows("savee", 3)})
    made = tmp_path / "made" / "savee"
    with full_from(3_000), pytest.raises(InputError, match=r"made: File too large"):
        tfds_audio.write_recordings("savee", dataset, made)
    assert not made.exists()
    path = tfds_audio.write_recordings("savee", dataset, made)
    assert len(list(path.parent.glob("*.flac"))) == 3
    assert np.all([p.stat().st_size > 3_000 for p in path.parent.glob("*.flac")])
