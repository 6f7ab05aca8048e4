"""A real extractor with real weights, where it is installed.

pip install resemblyzer
"""

import warnings

import numpy as np
import pytest

from damldg_jax.corpora.sources import parse_entries
from damldg_jax.corpora.synthetic import write_corpus
from damldg_jax.records import tfrecords
from experiments.config import Config
from experiments.prepare import prepare

pytestmark = pytest.mark.filterwarnings("default")

with warnings.catch_warnings():
    # Its dependencies announce what later versions of others will drop.
    warnings.simplefilter("ignore")
    resemblyzer = pytest.importorskip("resemblyzer")

MODULE = """
from resemblyzer import VoiceEncoder

encoder = VoiceEncoder("cpu", verbose=False)

def speaker(waveform):
    return encoder.embed_utterance(waveform)

def partials(waveform):
    return encoder.embed_utterance(waveform, return_partials=True)[1]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    write_corpus("synth_studio", folder / "studio", speakers=2, repetitions=1)
    (folder / "own_speaker.py").write_text(MODULE)
    return folder


def prepared(place, function):
    config = Config(
        corpora=(f"studio={place}/studio/manifest.csv",),
        features=f"own_speaker:{function}",
        data_dir=place / function,
    )
    prepare(parse_entries(config.corpora, None), config)
    settings = config.extractor.settings("studio")
    return config, tfrecords.read(config.data_dir, "studio", settings)


def test_embeddings_of_utterances_tell_speakers_apart(place, monkeypatch):
    monkeypatch.syspath_prepend(place)
    config, examples = prepared(place, "speaker")
    assert config.extractor.num_features == 256
    vectors = np.concatenate([example.features for example in examples])
    assert vectors.shape == (len(examples), 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    speakers = np.array([example.speaker for example in examples])
    same = speakers[:, None] == speakers
    different_recordings = ~np.eye(len(vectors), dtype=bool)
    alike = vectors @ vectors.T
    assert alike[same & different_recordings].mean() > alike[~same].mean() + 0.05


def test_embeddings_of_windows_are_frames(place, monkeypatch):
    monkeypatch.syspath_prepend(place)
    _, examples = prepared(place, "partials")
    longest = max(examples, key=lambda example: example.seconds)
    # Windows of 1.6 s, 1.3 a second.
    assert longest.seconds > 1.6
    assert longest.features.shape[1] == 256
    assert len(longest.features) >= 1
