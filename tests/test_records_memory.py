"""Memory does not grow with the corpus."""

import dataclasses
import tracemalloc

import numpy as np

from damldg_jax.dataset import Example
from damldg_jax.records import shards, tfrecords
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


def peak(folder, pieces):
    tracemalloc.start()
    try:
        each = in_threads(1)
        tfrecords.write(folder, PROVENANCE, list(map(Noise, range(pieces))), each=each)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_peak_memory_does_not_grow_with_the_number_of_utterances(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 2**20)
    peak(tmp_path / "warm", 1)  # What is imported or cached once is not of interest.
    few, many = peak(tmp_path / "few", 8), peak(tmp_path / "many", 32)
    piece = SIZE * FRAMES * 4 * 4
    assert few > piece
    # 9.4 MB more are written; a digest and a place are kept of each utterance.
    assert many - few < piece
