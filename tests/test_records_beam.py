"""Apache Beam, where it is installed, makes the same records."""

import dataclasses
import sys

import pytest

from damldg_jax.corpora.sources import parse_entries
from damldg_jax.errors import InputError
from damldg_jax.records import beam
from damldg_jax.records.provenance import corpus_folder
from experiments import prepare
from experiments.config import Config
from tests.test_prepare import corpus

OPTIONS = "--runner=DirectRunner --direct_running_mode=in_memory"


def prepared(config):
    prepare.prepare(parse_entries(config.corpora, config.corpora_dir), config)
    folder = corpus_folder(config.data_dir, "mine")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def config(tmp_path):
    entry = corpus(tmp_path / "mine", [f"{number:03d}" for number in range(70)])
    (tmp_path / "mine" / "040.wav").write_bytes(b"")
    return Config(corpora=(entry,), data_dir=tmp_path / "records")


@pytest.mark.filterwarnings("ignore")  # Those of Beam itself.
def test_beam_makes_the_same_bytes_and_rejects_the_same_recordings(config):
    pytest.importorskip("apache_beam")
    skipping = dataclasses.replace(config, skip_unreadable=True)
    local = prepared(skipping)
    other = config.data_dir.with_name("others")
    options = {"data_dir": other, "beam": True, "beam_options": OPTIONS}
    with pytest.raises(InputError, match=r"(?s)1 recording.*040\.wav: unreadable"):
        prepared(dataclasses.replace(config, **options))
    assert prepared(dataclasses.replace(skipping, **options)) == local
    assert [path.name for path in other.iterdir()] == ["speech_emotion"]


@pytest.mark.filterwarnings("ignore")
def test_results_come_back_in_order_and_errors_as_they_were(tmp_path):
    pytest.importorskip("apache_beam")
    each = beam.on_beam(OPTIONS, tmp_path)
    assert list(each(_double, list(range(12)))) == [2 * n for n in range(12)]
    with pytest.raises(InputError, match=r"^thirteen$"):
        list(each(_double, [1, 13]))
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", ["--runner=Nobody", "--runner='Direct"])
def test_wrong_options_are_told(tmp_path, options):
    pytest.importorskip("apache_beam")
    with pytest.raises(InputError, match=f"--beam_options={options}: "):
        list(beam.on_beam(options, tmp_path)(_double, [1]))


def _double(number):
    if number == 13:
        raise InputError("thirteen")
    return 2 * number


def test_without_beam_the_remedy_is_told(config, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(InputError, match=r"pip install -r requirements-beam\.txt"):
        prepared(dataclasses.replace(config, beam=True))
