import dataclasses
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from damldg_jax.dataset import Example, Rejected, RejectedRecordings
from damldg_jax.errors import InputError
from damldg_jax.records import checksums, locks, shards, tfrecords
from damldg_jax.records.provenance import Provenance, corpus_folder, read_description

PROVENANCE = Provenance(
    corpus="mine",
    feature_settings={"name": "log_mel", "num_mels": 4},
    num_features=4,
    fingerprint="abc",
    synthetic=False,
    notices=("mine: one file was left out.",),
)


ROOT = Path(__file__).resolve().parents[1]
SETTINGS = PROVENANCE.feature_settings


def example(number, **labels):
    rng = np.random.default_rng(number)
    return Example(
        utterance=f"folder/äöü {number}",
        features=rng.normal(size=(3 + number, 4)).astype(np.float32),
        fingerprint=rng.integers(2**32, size=number, dtype=np.uint32),
        **{"emotion": "anger", "speaker": "s1", "seconds": 0.5, **labels},
    )


EXAMPLES = [
    example(2, emotion="fear", arousal=3.5),
    example(0),
    example(1, sex="female", language="Ελληνικά", sentence="a01", speaker="s2"),
]


def write(folder, examples, **options):
    """Writes the examples as pieces of two."""
    pieces = [examples[start : start + 2] for start in range(0, len(examples), 2)]
    chunks = [lambda piece=piece: piece for piece in pieces]
    return tfrecords.write(folder, PROVENANCE, chunks, **options)


def assert_same(a, b):
    for field in dataclasses.fields(Example):
        x, y = getattr(a, field.name), getattr(b, field.name)
        np.testing.assert_array_equal(x, y)
        assert getattr(x, "dtype", type(x)) == getattr(y, "dtype", type(y))


def test_what_is_written_is_read_back_sorted_by_name(tmp_path):
    write(tmp_path, EXAMPLES)
    found = tfrecords.read(tmp_path, "mine", SETTINGS)
    for a, b in zip(found, sorted(EXAMPLES, key=lambda e: e.utterance), strict=True):
        assert_same(a, b)


def test_description_holds_provenance_and_counts_and_needs_no_records(tmp_path):
    summary = write(tmp_path, EXAMPLES)
    assert summary.counts == {"anger": 2, "fear": 1}
    assert summary.seconds == pytest.approx(1.5)
    assert read_description(tmp_path, "mine") == (PROVENANCE, summary)
    assert read_description(tmp_path, "other") is None


def test_content_hash_depends_on_content_alone(tmp_path):
    hashes = [
        write(tmp_path / str(i), examples).content_hash
        for i, examples in enumerate(
            [EXAMPLES, EXAMPLES[::-1], [*EXAMPLES[:2], example(1, speaker="s3")]]
        )
    ]
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def contents(data_dir):
    folder = corpus_folder(data_dir, "mine")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_many_files_hold_about_as_many_utterances_each(tmp_path, monkeypatch):
    everything = [example(number) for number in range(9)]
    monkeypatch.setattr(shards, "SHARD_BYTES", 400)
    write(tmp_path, everything)
    files = sorted(name for name in contents(tmp_path) if "tfrecord" in name)
    assert len(files) == 3
    assert files[1] == "speech_emotion-utterances.tfrecord-00001-of-00003"
    lengths = tfds.builder_from_directory(corpus_folder(tmp_path, "mine")).info
    assert lengths.splits["utterances"].shard_lengths == [3, 3, 3]
    for a, b in zip(
        tfrecords.read(tmp_path, "mine", SETTINGS), everything, strict=True
    ):
        assert_same(a, b)


WRITE = """
import pathlib, sys
from tests.test_records import EXAMPLES, write
write(pathlib.Path(sys.argv[1]), EXAMPLES)
"""


def test_bytes_do_not_depend_on_the_process_that_writes(tmp_path):
    write(tmp_path / "here", EXAMPLES)
    command = [sys.executable, "-c", WRITE, str(tmp_path / "there")]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    assert len(contents(tmp_path / "here")) == 5


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum here")
def test_files_agree_with_their_sums_by_the_usual_command(tmp_path):
    write(tmp_path, EXAMPLES)
    folder = corpus_folder(tmp_path, "mine")
    command = ["sha256sum", "--check", "--strict", checksums.NAME]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_plain_tensorflow_datasets_reads_them(tmp_path):
    write(tmp_path, EXAMPLES)
    dataset = tfds.load("speech_emotion/mine", data_dir=tmp_path, split="utterances")
    assert {row["emotion"] for row in tfds.as_numpy(dataset)} == {b"anger", b"fear"}


def test_rejected_recordings_are_all_told_and_leave_nothing(tmp_path):
    some = [*EXAMPLES, Rejected("x", "silent"), Rejected("y", "empty")]
    with pytest.raises(RejectedRecordings) as caught:
        write(tmp_path, some)
    assert caught.value.rejected == {"x": "silent", "y": "empty"}
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_rejected_recordings_are_skipped_on_demand_and_remembered(tmp_path):
    some = [Rejected("x", "silent"), *EXAMPLES]
    summary = write(tmp_path, some, skip_rejected=True)
    assert summary.skipped == {"x": "silent"}
    assert len(tfrecords.read(tmp_path, "mine", SETTINGS)) == len(EXAMPLES)


def test_nothing_left_after_skipping_is_an_error(tmp_path):
    with pytest.raises(RejectedRecordings):
        write(tmp_path, [Rejected("x", "silent")], skip_rejected=True)


def test_an_interrupted_write_leaves_nothing_that_looks_whole(tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tfrecords.write(tmp_path, PROVENANCE, [lambda: EXAMPLES, interrupted])
    assert read_description(tmp_path, "mine") is None
    with pytest.raises(InputError, match="No records of 'mine'"):
        tfrecords.read(tmp_path, "mine", SETTINGS)


def test_records_of_other_settings_are_not_read(tmp_path):
    write(tmp_path, EXAMPLES)
    with pytest.raises(InputError, match="num_mels 4 instead of 8"):
        tfrecords.read(tmp_path, "mine", {**SETTINGS, "num_mels": 8})


def test_a_failed_write_leaves_older_records_as_they_were(tmp_path):
    summary = write(tmp_path, EXAMPLES)
    with pytest.raises(RejectedRecordings):
        write(tmp_path, [example(5), Rejected("x", "silent")])
    assert read_description(tmp_path, "mine") == (PROVENANCE, summary)
    assert len(tfrecords.read(tmp_path, "mine", SETTINGS)) == len(EXAMPLES)
    assert [path.name for path in tmp_path.iterdir()] == ["speech_emotion"]


def test_what_nobody_works_on_any_more_is_removed(tmp_path):
    here, gone = socket.gethostname(), 2**22 + 1  # No process has such a number.
    day = 24 * 3600
    ages = {
        f".preparing-{here}~{gone}~x": 0,
        f".preparing-{here}~{os.getpid()}~x": 8 * day,
        f".preparing-{here}": 3600,
        f".preparing-{here}~~x": 8 * day,
        ".preparing-elsewhere~1~x": 6 * day,
        ".preparing-elsewhere~1~y": 8 * day,
        ".parts-other": 6 * day,
        ".parts-forgotten": 8 * day,
        ".parts-slow": 8 * day,
    }
    for name, age in ages.items():
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, 2 * (time.time() - age,))
    locks.place(tmp_path, "killed").touch()
    with locks.held(locks.place(tmp_path, "slow")):
        write(tmp_path, EXAMPLES)
        assert {path.name for path in tmp_path.iterdir()} == {
            f".preparing-{here}~{os.getpid()}~x",
            f".preparing-{here}",
            ".preparing-elsewhere~1~x",
            ".parts-other",
            ".parts-slow",
            ".lock-slow",
            "speech_emotion",
        }


def test_recordings_that_change_meanwhile_are_noticed(tmp_path):
    calls = iter([EXAMPLES, [*EXAMPLES[:2], example(4)]])
    with pytest.raises(InputError, match="changed while their corpus was prepared"):
        tfrecords.write(tmp_path, PROVENANCE, [lambda: next(calls)])
    assert read_description(tmp_path, "mine") is None


def test_the_very_same_records_stay_in_place_unless_they_are_damaged(tmp_path):
    write(tmp_path, EXAMPLES)
    path = corpus_folder(tmp_path, "mine") / "metadata.json"
    node, content = path.stat().st_ino, path.read_bytes()
    write(tmp_path, EXAMPLES)
    assert path.stat().st_ino == node
    path.write_bytes(content[:-1])
    write(tmp_path, EXAMPLES)
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["speech_emotion"]


def test_a_corpus_without_recordings_is_an_error(tmp_path):
    with pytest.raises(InputError, match="'mine' has no recordings"):
        write(tmp_path, [])
