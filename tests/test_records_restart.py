"""A preparation that is killed goes on where it was, with the same outcome."""

import os
import signal
import subprocess
import sys
import time

import pytest

from damldg_jax.corpora.sources import parse_entries
from damldg_jax.errors import InputError
from damldg_jax.records import parts, tfrecords
from damldg_jax.records.provenance import VERSION, corpus_folder
from experiments import prepare
from experiments.config import Config
from tests.cli import environment
from tests.test_prepare import corpus

NUMBER = 3 * parts.SIZE + 5

# Each call leaves a line; the file that tells it to be slow is none of its settings.
SLOW = """
import pathlib, time
import numpy as np

def embed(waveform):
    with open("calls.txt", "a") as file:
        file.write("x")
    if pathlib.Path("slow").exists():
        time.sleep(0.1)
    return np.abs(np.fft.rfft(waveform))[:8]
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a corpus and with the function that computes its features."""
    corpus(tmp_path / "mine", [f"{number:03d}" for number in range(NUMBER)])
    (tmp_path / "slow_features.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("slow_features", None)


def config(**options):
    return Config(
        corpora=("mine=mine/manifest.csv",),
        features="slow_features:embed",
        **{"data_dir": "records", **options},
    )


def prepare_all(config):
    prepare.prepare(parse_entries(config.corpora, config.corpora_dir), config)


def contents(data_dir):
    folder = corpus_folder(data_dir, "mine")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def count_calls(place):
    calls = len((place / "calls.txt").read_text())
    (place / "calls.txt").unlink()
    # Once it is tried out, to find the dimensions.
    return calls - 1


def kill_in_the_middle(place):
    """Starts the command and kills it when two parts are finished."""
    (place / "slow").touch()
    command = subprocess.Popen(
        [
            *(sys.executable, "-m", "experiments.prepare", "--workers=1"),
            *("--corpora=mine=mine/manifest.csv", "--features=slow_features:embed"),
            "--data_dir=records",
        ],
        cwd=place,
        env=environment(place),
        stderr=subprocess.DEVNULL,
    )
    folder = place / "records" / f"{parts.PREFIX}mine"
    while len(list(folder.glob("*.npz"))) < 2:
        assert command.poll() is None
        time.sleep(0.01)
    command.send_signal(signal.SIGKILL)
    command.wait()
    (place / "slow").unlink()
    return sorted(folder.glob("*.npz"))


def test_what_was_killed_goes_on_with_the_same_bytes_and_nothing_done_twice(
    place, capsys
):
    kept = kill_in_the_middle(place)
    count_calls(place)
    assert len(kept) == 2
    assert not corpus_folder(place / "records", "mine").exists()
    prepare_all(config())
    assert count_calls(place) == NUMBER - 2 * parts.SIZE
    done = f"mine: goes on, {2 * parts.SIZE} of {NUMBER} utterances were done before."
    assert done in capsys.readouterr().err
    # Of neither attempt is anything left but the records.
    assert os.listdir(place / "records") == ["speech_emotion"]
    prepare_all(config(data_dir="straight"))
    assert contents(place / "records") == contents(place / "straight")


def test_a_failed_attempt_is_not_repeated_where_it_was_well(place):
    path = place / "mine" / "040.wav"
    whole, state = path.read_bytes(), path.stat()
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"040\.wav: unreadable"):
        prepare_all(config())
    count_calls(place)
    path.write_bytes(whole)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    prepare_all(config())
    assert count_calls(place) == parts.SIZE
    settings = config().extractor.settings("mine")
    assert len(tfrecords.read(place / "records", "mine", settings)) == NUMBER


def test_records_of_another_version_are_left_alone_and_told_of_once(place, capsys):
    old = place / "records" / "speech_emotion" / "mine" / "1.0.0"
    old.mkdir(parents=True)
    (old / "metadata.json").write_text("{}")
    prepare_all(config())
    told = f"{old.relative_to(place)} holds records of another version"
    assert capsys.readouterr().err.count(told) == 1
    prepare_all(config())
    assert told not in capsys.readouterr().err
    assert (old / "metadata.json").exists()
    assert (old.parent / VERSION).exists()


def test_beam_options_without_beam_are_refused():
    with pytest.raises(InputError, match="--beam_options=--x without --beam"):
        Config(beam_options="--x")
