"""Records made elsewhere or meanwhile, with or without the recordings."""

# Fixtures of other files are imported, and are arguments.
# ruff: noqa: F401, F811

import dataclasses
import os
import shutil
import sys

import pytest

from damldg_jax.corpora import synthetic
from damldg_jax.corpora.sources import parse_entries
from damldg_jax.errors import InputError
from damldg_jax.records import packed
from damldg_jax.records.provenance import corpus_folder, read_description
from experiments import data, listings, prepare
from experiments.config import Config
from tests.test_prepare import config, corpus, prepare_all


@pytest.fixture
def generated(tmp_path, monkeypatch):
    """A synthetic corpus of few utterances, prepared; how often it was generated."""
    calls = []

    def write_corpus(name, folder, **options):
        calls.append(name)
        return synthetic.write_corpus(name, folder, speakers=1, repetitions=1)

    monkeypatch.setattr(listings, "write_corpus", write_corpus)
    config = Config(
        corpora=("synth_studio",),
        corpora_dir=tmp_path / "corpora",
        data_dir=tmp_path / "records",
    )
    prepare_all(config)
    assert calls == ["synth_studio"]
    return config, calls


def test_a_synthetic_corpus_that_has_records_is_not_generated(generated, capsys):
    config, calls = generated
    shutil.rmtree(config.corpora_dir)
    prepare_all(config)
    assert "synth_studio: uses the records in" in capsys.readouterr().err
    assert not config.corpora_dir.exists()
    assert len(calls) == 1
    prepare_all(dataclasses.replace(config, overwrite=True))
    assert len(calls) == 2
    assert (config.corpora_dir / "synth_studio").is_dir()


def test_new_dates_are_told_with_what_keeps_them(config, tmp_path, monkeypatch):
    prepare_all(config)
    shutil.copytree(tmp_path / "mine", tmp_path / "bare", copy_function=shutil.copyfile)
    for path in (tmp_path / "mine").glob("*.wav"):
        os.utime(path, ns=(0, 10**18))
    for name in ("tensorflow", "tensorflow_datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "damldg_jax.records.tfrecords")
    with pytest.raises(InputError, match="other names, sizes or dates") as caught:
        prepare_all(config)
    assert "(cp -p, rsync -t)" in str(caught.value)
    shutil.rmtree(tmp_path / "mine")
    prepare_all(config)


def test_one_unusable_recording_costs_no_copy_of_other_corpora(config, tmp_path):
    others = [corpus(tmp_path / name, ["a", "b"]) for name in ("bad", "damaged")]
    (tmp_path / "bad" / "a.wav").write_bytes(b"")
    config = dataclasses.replace(config, corpora=(*others, *config.corpora))
    named = parse_entries(config.corpora, None)
    with pytest.raises(InputError, match=r"1 recording\(s\) cannot be used"):
        prepare.prepare(named, config, copies=True)
    assert sorted(os.listdir(config.data_dir / packed.FOLDER)) == ["damaged", "mine"]
    shutil.rmtree(config.data_dir / packed.FOLDER)
    for path in corpus_folder(config.data_dir, "damaged").glob("*.tfrecord-*"):
        path.write_bytes(b"")
    both = r"(?s)1 recording\(s\) cannot be used.*records of 'damaged' .* are damaged"
    with pytest.raises(InputError, match=both):
        prepare.prepare(named, config, copies=True)
    assert os.listdir(config.data_dir / packed.FOLDER) == ["mine"]


def test_hashes_are_those_of_the_utterances_that_were_read(
    config, tmp_path, monkeypatch
):
    other = corpus(tmp_path / "other", ["x", "y"], "fear")
    config = dataclasses.replace(config, corpora=(*config.corpora, other))
    prepare_all(config)
    before = read_description(config.data_dir, "mine")
    plain = packed.described

    def described(data_dir, name, settings):
        # As another command does it once this one has begun.
        monkeypatch.setattr(packed, "described", plain)
        corpus(tmp_path / "mine", ["a", "b", "c", "d"])
        prepare_all(config)
        return plain(data_dir, name, settings)

    monkeypatch.setattr(packed, "described", described)
    loaded = data.load(parse_entries(config.corpora, None), config)
    _, summary = read_description(config.data_dir, "mine")
    assert summary != before[1]
    assert loaded.hashes["mine"] == summary.content_hash
    assert list(loaded.hashes) == ["mine", "other"]
    assert loaded.dataset.corpora["mine"].counts["anger"] == 4
