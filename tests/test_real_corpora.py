"""Real recordings through the real path, where they are at hand."""

import dataclasses

import numpy as np
import pytest

from damldg_jax.corpora.sources import parse_entries
from damldg_jax.features import LogMel
from damldg_jax.records import tfrecords
from experiments.config import Config
from experiments.prepare import prepare
from tests.real_corpora import corpora_dir

pytestmark = pytest.mark.skipif(
    corpora_dir() is None,
    reason="no folder of real corpora (DAMLDG_CORPORA names it)",
)


def test_a_whole_corpus_becomes_records(tmp_path):
    config = Config(corpora_dir=corpora_dir(), data_dir=tmp_path)
    prepare(parse_entries(["turev"], config.corpora_dir), config)
    examples = tfrecords.read(tmp_path, "turev", dataclasses.asdict(LogMel()))
    assert len(examples) == 440
    emotions, counts = np.unique([e.emotion for e in examples], return_counts=True)
    assert dict(zip(emotions.tolist(), counts.tolist(), strict=True)) == {
        "anger": 120,
        "calm": 100,
        "happiness": 100,
        "sadness": 120,
    }
    for example in examples:
        assert np.isfinite(example.features).all()
        assert (
            len(example.features) == 1 + (round(example.seconds * 16000) - 400) // 160
        )
