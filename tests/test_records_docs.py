"""What docs/records.md shows is what is stored and what runs."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from damldg_jax.records import tfrecords
from damldg_jax.records.packed import place_of
from damldg_jax.records.provenance import (
    VERSION,
    Provenance,
    corpus_folder,
    read_description,
)
from tests.test_records import EXAMPLES

TEXT = (Path(__file__).parents[1] / "docs" / "records.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
NUM_FEATURES = 64


@pytest.fixture
def examples(tmp_path, monkeypatch):
    """Records at the place that the document names; its examples."""
    wide = [
        type(example)(
            **{
                **vars(example),
                "features": np.tile(example.features, NUM_FEATURES // 4),
            }
        )
        for example in EXAMPLES
    ]
    settings = {"name": "log_mel"}
    provenance = Provenance("emodb", settings, NUM_FEATURES, "abc", False)
    tfrecords.write(Path(tmp_path, "data/records"), provenance, [lambda: wide])
    monkeypatch.chdir(tmp_path)
    return {example.utterance: example for example in wide}


def run(start):
    names = {}
    exec(next(code for code in BLOCKS if start in code), names)
    return names


def summary_of(corpus):
    return read_description(Path("data/records"), corpus)[1]


def check(rows, examples):
    seen = set()
    for row in rows:
        example = examples[row["utterance"].decode()]
        np.testing.assert_array_equal(row["features"], example.features)
        np.testing.assert_array_equal(row["fingerprint"], example.fingerprint)
        assert row["emotion"].decode() == example.emotion
        assert row["seconds"] == np.float32(example.seconds)
        seen.add(example.utterance)
    assert seen == set(examples)


def test_by_the_name_of_the_corpus(examples, capsys):
    check(tfds.as_numpy(run("tfds.load")["dataset"]), examples)
    lines = capsys.readouterr().out.splitlines()
    assert "folder/äöü 0 anger (3, 64)" in lines


def test_by_the_folder(examples):
    names = run("builder_from_directory")
    check(tfds.as_numpy(names["dataset"]), examples)
    assert names["settings"] == {"name": "log_mel"}


def test_by_tf_data_alone(examples):
    check(run("TFRecordDataset")["dataset"].as_numpy_iterator(), examples)


def test_numbers_of_half_the_size_by_tf_data_alone(tmp_path):
    wide = np.arange(3 * NUM_FEATURES).reshape(3, -1).astype(np.float16)
    half = dataclasses.replace(EXAMPLES[0], features=wide)
    settings = {"name": "whisper"}
    provenance = Provenance(
        "emodb", settings, NUM_FEATURES, "abc", False, dtype="float16"
    )
    tfrecords.write(tmp_path, provenance, [lambda: [half]])
    folder = corpus_folder(tmp_path, "emodb")
    told = json.loads((folder / "metadata.json").read_text())["provenance"]
    assert told["dtype"] == "float16"
    files = [str(path) for path in folder.glob("*.tfrecord-*")]
    (frames,) = tf.data.TFRecordDataset(files).map(run("decode_raw")["frames_of"])
    assert frames.dtype == tf.float16
    np.testing.assert_array_equal(frames, wide)


def test_by_this_package(examples):
    names = run("tfrecords.read")
    assert [e.utterance for e in names["examples"]] == sorted(examples)
    assert names["summary"].counts == {"anger": 2, "fear": 1}


def test_the_packed_copy_by_this_package(examples):
    found = run("packed.read")["examples"]
    assert [example.utterance for example in found] == sorted(examples)
    copy = place_of(Path("data/records"), "emodb", summary_of("emodb").content_hash)
    listed = re.findall(r"^ {8}(.*\.npy|texts\.json|SHA256SUMS) ?", TEXT, re.MULTILINE)
    told = {name for line in listed for name in re.split(r"[, ]+", line)}
    assert {path.name for path in copy.iterdir()} <= told


def test_the_packed_copy_by_numpy_alone(examples, capsys):
    run("packed.read")
    names = run("np.cumsum")
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines)[0] == "folder/äöü 0 anger (3, 64)"
    utterances = names["texts"]["utterance"]
    for name, features in zip(utterances, names["features"], strict=True):
        np.testing.assert_array_equal(features, examples[name].features)


def test_every_block_is_run_here():
    assert len(BLOCKS) == 7


def test_the_table_of_columns_is_that_of_the_records(examples):
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\[.*\])? ?\|", TEXT, re.MULTILINE)
    told = {
        name: (dtype, len(shape.split(",")) * bool(shape))
        for name, dtype, shape in rows
    }
    folder = corpus_folder(Path("data/records"), "emodb")
    features = tfds.builder_from_directory(folder).info.features
    assert told == {
        name: (
            np.dtype(column.np_dtype).name.replace("object", "string"),
            len(column.shape),
        )
        for name, column in features.items()
    }
    assert folder.name == VERSION
    assert set(re.findall(r"\bspeech_emotion/\w+/([\d.]+)", TEXT)) == {VERSION}
