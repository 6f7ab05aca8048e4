"""Tiny datasets with the features of the real builders, written without a network."""

import csv
import dataclasses
import os

import numpy as np
import pytest
import soundfile
import tensorflow_datasets as tfds

from damldg_jax import tfds_audio
from damldg_jax.corpora import list_manifest
from damldg_jax.corpora.sources import TFDS, resolve
from damldg_jax.errors import InputError
from damldg_jax.records import needed
from damldg_jax.records.provenance import read_description
from damldg_jax.tfds_audio import write_recordings
from experiments import prepare
from experiments.config import Config

RATES = {"crema_d": 16_000, "savee": 44_100}
SPEAKERS = {"crema_d": ("1001", "1002", "1091"), "savee": ("DC", "JE", "KL")}


def rows(name, number, seed=0):
    """Recordings of every label in turn, as a builder yields them."""
    rng = np.random.default_rng(seed)
    labels = tfds.builder_cls(name)(data_dir="unused").info.features["label"].names
    return [
        {
            "audio": rng.integers(-(2**15), 2**15, 4000 + i, dtype=np.int64),
            "label": labels[i % len(labels)],
            "speaker_id": SPEAKERS[name][i % 3],
        }
        for i in range(number)
    ]


def store(data_dir, name, splits, version="1.0.0", features=None):
    tfds.dataset_builders.store_as_tfds_dataset(
        name,
        version,
        features or tfds.builder_cls(name)(data_dir=data_dir).info.features,
        {split: list(enumerate(examples)) for split, examples in splits.items()},
        data_dir=data_dir,
        file_format="tfrecord",
    )
    return data_dir / name


@pytest.fixture
def crema(tmp_path):
    everything = rows("crema_d", 12)
    splits = {
        "train": everything[:7],
        "validation": everything[7:8],
        "test": everything[8:],
    }
    return store(tmp_path / "tfds", "crema_d", splits)


def test_the_names_are_those_that_sources_know():
    assert tuple(tfds_audio.DATASETS) == TFDS


@pytest.mark.parametrize(
    ("name", "emotions"),
    [
        ("crema_d", ["neutral", "happiness", "sadness", "anger", "fear", "disgust"]),
        (
            "savee",
            ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"],
        ),
    ],
)
def test_all_splits_become_recordings_sample_by_sample(tmp_path, name, emotions):
    expected = rows(name, 14)
    store(tmp_path / "tfds", name, {"train": expected[:9], "test": expected[9:]})
    path = write_recordings(name, tmp_path / "tfds" / name, tmp_path / "made" / name)
    found, notices = list_manifest(name, path)
    assert notices == ()
    read = {}
    for utterance in found:
        samples, rate = soundfile.read(utterance.path, dtype="int16")
        assert rate == RATES[name]
        assert soundfile.info(utterance.path).subtype == "PCM_16"
        read[samples.tobytes()] = (utterance.emotion, utterance.speaker)
        assert utterance.language == "English"
    assert read == {
        row["audio"].astype(np.int16).tobytes(): (
            emotions[i % len(emotions)],
            row["speaker_id"],
        )
        for i, row in enumerate(expected)
    }


def test_names_do_not_depend_on_splits_or_order(crema, tmp_path):
    first = write_recordings("crema_d", crema, tmp_path / "a").read_bytes()
    other = store(tmp_path / "b", "crema_d", {"test": rows("crema_d", 12)[::-1]})
    assert write_recordings("crema_d", other, tmp_path / "c").read_bytes() == first


def test_the_same_recording_twice_is_kept_twice(tmp_path):
    twice = rows("savee", 1) * 2
    dataset = store(tmp_path / "tfds", "savee", {"train": twice})
    path = write_recordings("savee", dataset, tmp_path / "made")
    names = [u.name for u in list_manifest("savee", path).utterances]
    assert len(names) == 2
    assert names[1] == f"{names[0]}_2"


def state(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}


def test_written_once_and_again_when_the_dataset_changes(crema, tmp_path):
    made = tmp_path / "made"
    write_recordings("crema_d", crema, made)
    before = state(made)
    write_recordings("crema_d", crema, made)
    assert state(made) == before
    (tmp_path / "tfds").rename(tmp_path / "old")
    # The files of the other dataset have the same names.
    other = rows("crema_d", 5, seed=1)
    splits = {"train": other[:3], "validation": other[3:4], "test": other[4:]}
    store(tmp_path / "tfds", "crema_d", splits)
    path = write_recordings("crema_d", crema, made)
    assert len(list_manifest("crema_d", path).utterances) == 5
    assert len(list(made.glob("*.flac"))) == 5
    next(made.glob("*.flac")).unlink()
    write_recordings("crema_d", crema, made)
    assert len(list(made.glob("*.flac"))) == 5


def test_the_newest_version_is_read(tmp_path):
    store(tmp_path, "savee", {"train": rows("savee", 3)}, "1.9.0")
    dataset = store(tmp_path, "savee", {"train": rows("savee", 4)}, "1.10.0")
    (dataset / "incomplete.ABC_2.0.0").mkdir()
    path = write_recordings("savee", dataset, tmp_path / "made")
    assert len(list_manifest("savee", path).utterances) == 4


class Interrupted(Exception):
    """Raised in the middle of the writing."""


def test_an_interrupted_writing_leaves_nothing_and_goes_on(crema, tmp_path):
    def stop(items, total):
        assert total == 12
        for number, item in enumerate(items):
            if number == 5:
                raise Interrupted
            yield item

    made = tmp_path / "made" / "crema_d"
    with pytest.raises(Interrupted):
        write_recordings("crema_d", crema, made, stop)
    assert not made.exists()
    (staging,) = made.parent.iterdir()
    before = state(staging)
    assert len(before) == 5
    write_recordings("crema_d", crema, made)
    assert [path.name for path in made.parent.iterdir()] == ["crema_d"]
    after = state(made)
    assert {name: after[name] for name in before} == before
    assert len(list(made.glob("*.flac"))) == 12


@pytest.mark.parametrize("name", TFDS)
def test_what_is_not_prepared_is_told_with_the_command(tmp_path, name):
    dataset = tmp_path / name
    (dataset / "incomplete.ABC_1.0.0").mkdir(parents=True)
    with pytest.raises(InputError) as raised:
        write_recordings(name, dataset, tmp_path / "made")
    message = str(raised.value)
    assert f"There is no dataset {dataset}" in message
    assert f"--corpora={name}=tfds:path/to/folder" in message
    call = f"tfds.builder('{name}', data_dir='{tmp_path}').download_and_prepare("
    assert call in message
    assert ("AudioData.zip" in message) == (name == "savee")
    # The command is one that Python takes.
    code = message.split('-c "')[1].rstrip('"')
    compile(code, "command", "exec")
    assert not (tmp_path / "made").exists()


def test_damaged_records_are_told_and_nothing_is_left_in_their_place(crema, tmp_path):
    record = next((crema / "1.0.0").glob("*train*"))
    record.write_bytes(record.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"1\.0\.0 cannot be used .*Delete"):
        write_recordings("crema_d", crema, tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("dataset_info.json", "{"),
        ("dataset_info.json", "{}"),
        ("features.json", "[]"),
        ("features.json", "{}"),
        ("features.json", None),
    ],
)
def test_a_damaged_description_is_told(crema, tmp_path, file, text):
    path = crema / "1.0.0" / file
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(InputError, match=r"1\.0\.0 cannot be used"):
        write_recordings("crema_d", crema, tmp_path / "made")


@pytest.mark.parametrize("sample", [2**15, -(2**15) - 1, 2**40])
def test_samples_of_more_than_16_bits_are_refused(tmp_path, sample):
    (row,) = rows("savee", 1)
    row["audio"][7] = sample
    dataset = store(tmp_path, "savee", {"train": [row]})
    with pytest.raises(InputError, match="1 of the split train is not mono of 16 bits"):
        write_recordings("savee", dataset, tmp_path / "made")


def test_another_dataset_of_that_name_is_refused(tmp_path):
    features = tfds.features.FeaturesDict({"audio": tfds.features.Audio()})
    audio = {"audio": np.zeros(9, np.int64)}
    store(tmp_path, "savee", {"train": [audio]}, features=features)
    with pytest.raises(InputError, match="lacks label, speaker_id"):
        write_recordings("savee", tmp_path / "savee", tmp_path / "made")


def test_a_folder_of_something_else_is_left_alone(crema, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "thesis.txt").touch()
    with pytest.raises(InputError, match="made holds something else"):
        write_recordings("crema_d", crema, tmp_path / "made")
    assert os.listdir(tmp_path / "made") == ["thesis.txt"]


def test_speakers_of_any_spelling_stay_inside_the_folder(tmp_path):
    (row,) = rows("savee", 1)
    row["speaker_id"] = '../é"x,\n'
    dataset = store(tmp_path / "tfds", "savee", {"train": [row]})
    path = write_recordings("savee", dataset, tmp_path / "made")
    with path.open(newline="", encoding="utf-8") as file:
        (written,) = csv.DictReader(file)
    assert written["speaker"] == row["speaker_id"]
    assert (path.parent / written["path"]).parent == path.parent
    assert (path.parent / written["path"]).is_file()


def test_preparing_reads_it_like_any_corpus(crema, tmp_path, capsys, monkeypatch):
    config = Config(
        corpora=(f"crema_d=tfds:{crema.parent}",), data_dir=tmp_path / "records"
    )
    sources = {"crema_d": resolve(*config.corpora, None)}
    prepare.prepare(sources, config)
    assert sum(read_description(config.data_dir, "crema_d")[1].counts.values()) == 12
    capsys.readouterr()
    # What is there is used without what it was made by.
    monkeypatch.setattr(needed, "load", None)
    prepare.prepare(sources, config)
    assert "crema_d: 12 utterances, unchanged." in capsys.readouterr().err
    crema.rename(tmp_path / "gone")
    prepare.prepare(sources, dataclasses.replace(config))
    assert "crema_d: uses the records in" in capsys.readouterr().err
