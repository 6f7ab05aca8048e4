import json
import os
import time

import numpy as np
import pytest
import tensorflow_datasets as tfds

from damldg_jax import records
from damldg_jax.dataset import Example, Rejected, RejectedRecordings
from damldg_jax.errors import InputError
from damldg_jax.provenance import Provenance, corpus_folder, read_description

PROVENANCE = Provenance(
    corpus="mine",
    feature_settings={"name": "log_mel", "num_mels": 4},
    num_features=4,
    fingerprint="abc",
    synthetic=False,
    notices=("mine: one file was left out.",),
)


SETTINGS = PROVENANCE.feature_settings


def example(number, **labels):
    rng = np.random.default_rng(number)
    return Example(
        utterance=f"folder/äöü {number}",
        features=rng.normal(size=(3 + number, 4)).astype(np.float32),
        **{"emotion": "anger", "speaker": "s1", "seconds": 0.5, **labels},
    )


EXAMPLES = [
    example(2, emotion="fear", arousal=3.5),
    example(0),
    example(1, sex="female", language="Ελληνικά", sentence="a01", speaker="s2"),
]


def assert_same(a, b):
    np.testing.assert_array_equal(a.features, b.features)
    assert a.features.dtype == np.float32
    for name in Example.__match_args__:
        if name != "features":
            assert getattr(a, name) == pytest.approx(getattr(b, name), nan_ok=True)


def test_what_is_written_is_read_back_sorted_by_name(tmp_path):
    records.write(tmp_path, PROVENANCE, EXAMPLES)
    found = records.read(tmp_path, "mine", SETTINGS)
    for a, b in zip(found, sorted(EXAMPLES, key=lambda e: e.utterance), strict=True):
        assert_same(a, b)


def test_description_holds_provenance_and_counts_and_needs_no_records(tmp_path):
    summary = records.write(tmp_path, PROVENANCE, EXAMPLES)
    assert summary.counts == {"anger": 2, "fear": 1}
    assert summary.seconds == pytest.approx(1.5)
    assert read_description(tmp_path, "mine") == (PROVENANCE, summary)
    assert read_description(tmp_path, "other") is None


def test_content_hash_depends_on_content_alone(tmp_path):
    hashes = [
        records.write(tmp_path / str(i), PROVENANCE, examples).content_hash
        for i, examples in enumerate(
            [EXAMPLES, EXAMPLES[::-1], [*EXAMPLES[:2], example(1, speaker="s3")]]
        )
    ]
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_bytes_do_not_depend_on_when_they_are_written(tmp_path):
    contents = []
    for name in ("first", "second"):
        records.write(tmp_path / name, PROVENANCE, EXAMPLES)
        folder = corpus_folder(tmp_path / name, "mine")
        contents.append({p.name: p.read_bytes() for p in folder.glob("*.tfrecord*")})
    assert contents[0] == contents[1]
    assert len(contents[0]) == 1


def test_plain_tensorflow_datasets_reads_them(tmp_path):
    records.write(tmp_path, PROVENANCE, EXAMPLES)
    dataset = tfds.load("speech_emotion/mine", data_dir=tmp_path, split="utterances")
    assert {row["emotion"] for row in tfds.as_numpy(dataset)} == {b"anger", b"fear"}


def test_rejected_recordings_are_all_told_and_leave_nothing(tmp_path):
    some = [*EXAMPLES, Rejected("x", "silent"), Rejected("y", "empty")]
    with pytest.raises(RejectedRecordings) as caught:
        records.write(tmp_path, PROVENANCE, some)
    assert caught.value.rejected == {"x": "silent", "y": "empty"}
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_rejected_recordings_are_skipped_on_demand_and_remembered(tmp_path):
    some = [Rejected("x", "silent"), *EXAMPLES]
    summary = records.write(tmp_path, PROVENANCE, some, skip_rejected=True)
    assert summary.skipped == {"x": "silent"}
    assert len(records.read(tmp_path, "mine", SETTINGS)) == len(EXAMPLES)


def test_nothing_left_after_skipping_is_an_error(tmp_path):
    with pytest.raises(RejectedRecordings):
        records.write(
            tmp_path, PROVENANCE, [Rejected("x", "silent")], skip_rejected=True
        )


def test_an_interrupted_write_leaves_nothing_that_looks_whole(tmp_path):
    def interrupted():
        yield EXAMPLES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        records.write(tmp_path, PROVENANCE, interrupted())
    assert read_description(tmp_path, "mine") is None
    with pytest.raises(InputError, match="No records of 'mine'"):
        records.read(tmp_path, "mine", SETTINGS)


def test_records_of_other_settings_are_not_read(tmp_path):
    records.write(tmp_path, PROVENANCE, EXAMPLES)
    with pytest.raises(InputError, match="num_mels 4 instead of 8"):
        records.read(tmp_path, "mine", {**SETTINGS, "num_mels": 8})


def test_a_failed_write_leaves_older_records_as_they_were(tmp_path):
    summary = records.write(tmp_path, PROVENANCE, EXAMPLES)
    with pytest.raises(RejectedRecordings):
        records.write(tmp_path, PROVENANCE, [example(5), Rejected("x", "silent")])
    assert read_description(tmp_path, "mine") == (PROVENANCE, summary)
    assert len(records.read(tmp_path, "mine", SETTINGS)) == len(EXAMPLES)
    assert [path.name for path in tmp_path.iterdir()] == ["speech_emotion"]


def test_what_was_abandoned_long_ago_is_removed(tmp_path):
    for name, age in (("old", 48 * 3600), ("young", 60)):
        folder = tmp_path / f".preparing-{name}"
        folder.mkdir()
        then = time.time() - age
        os.utime(folder, (then, then))
    records.write(tmp_path, PROVENANCE, EXAMPLES)
    assert {path.name for path in tmp_path.iterdir()} == {
        ".preparing-young",
        "speech_emotion",
    }


def damage_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize("damage", [damage_middle, cut_short])
def test_damaged_records_are_named_with_a_remedy(tmp_path, damage):
    records.write(tmp_path, PROVENANCE, EXAMPLES)
    folder = corpus_folder(tmp_path, "mine")
    damage(next(folder.glob("*.tfrecord*")))
    with pytest.raises(InputError, match=r"damaged.*Delete that folder") as caught:
        records.read(tmp_path, "mine", SETTINGS)
    assert str(folder) in str(caught.value)


def test_exchanged_content_is_noticed(tmp_path):
    records.write(tmp_path, PROVENANCE, EXAMPLES)
    path = corpus_folder(tmp_path, "mine") / "metadata.json"
    stored = json.loads(path.read_text())
    stored["summary"]["content_hash"] = "0" * 64
    path.write_text(json.dumps(stored))
    with pytest.raises(InputError, match="does not match its hash"):
        records.read(tmp_path, "mine", SETTINGS)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"provenance": 3}'])
def test_a_damaged_description_is_named_with_a_remedy(tmp_path, text):
    path = corpus_folder(tmp_path, "mine") / "metadata.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(InputError, match=r"damaged.*Delete that folder"):
        read_description(tmp_path, "mine")
