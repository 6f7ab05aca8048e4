"""Memory does not grow with the corpus."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

from damldg_jax.dataset import Example
from damldg_jax.records import columns, shards, tfrecords
from damldg_jax.workers import in_threads
from tests.test_records import PROVENANCE

SIZE = 16
FRAMES = 1500  # 24 kB each.


@dataclasses.dataclass(frozen=True)
class Noise:
    """A piece of a corpus that is made whenever it is asked for."""

    number: int

    def __call__(self):
        rng = np.random.default_rng(self.number)
        return [
            Example(
                utterance=f"{self.number:04d}/{i}",
                features=rng.normal(size=(FRAMES, 4)).astype(np.float32),
                emotion="anger",
                speaker="s1",
            )
            for i in range(SIZE)
        ]


def peak(write, folder, pieces):
    tracemalloc.start()
    try:
        write(folder, list(map(Noise, range(pieces))))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def write_records(folder, pieces):
    tfrecords.write(folder, PROVENANCE, pieces, each=in_threads(1))


def write_columns(folder, pieces):
    folder.mkdir()
    columns.write(folder, (example for piece in pieces for example in piece()), {})


@pytest.mark.parametrize("write", [write_records, write_columns])
def test_peak_memory_does_not_grow_with_the_number_of_utterances(
    tmp_path, monkeypatch, write
):
    monkeypatch.setattr(shards, "SHARD_BYTES", 2**20)
    # What is imported or cached once is not of interest.
    peak(write, tmp_path / "warm", 1)
    few, many = (peak(write, tmp_path / str(n), n) for n in (8, 32))
    piece = SIZE * FRAMES * 4 * 4
    assert few > piece
    # 9.4 MB more are written; a digest and a place are kept of each utterance.
    assert many - few < piece


def test_records_that_are_read_are_not_kept(tmp_path, monkeypatch):
    def refuse(dataset, *_):
        raise AssertionError(f"{dataset} would be held in memory")

    write_records(tmp_path, [Noise(0)])
    monkeypatch.setattr(tf.data.Dataset, "cache", refuse)
    assert len(tfrecords.read(tmp_path, "mine", PROVENANCE.feature_settings)) == SIZE
