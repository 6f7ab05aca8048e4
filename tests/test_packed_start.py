"""Training starts from prepared records without what made them."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from damldg_jax.records import packed
from tests.cli import environment, run

RATE = 16_000
EMOTIONS = ("anger", "fear")
MAKERS = ("tensorflow", "tensorflow_datasets", "librosa", "soundfile", "scipy.signal")
PACKAGES = ("tensorflow", "tensorflow-datasets", "librosa", "soundfile", "soxr")
# A module that is None cannot be imported; nor is there a word of its package.
BLOCKED = f"""
import importlib.metadata, runpy, sys
sys.modules.update(dict.fromkeys({MAKERS}))
find = importlib.metadata.Distribution.from_name
def from_name(name):
    if name in {PACKAGES}:
        raise importlib.metadata.PackageNotFoundError(name)
    return find(name)
importlib.metadata.Distribution.from_name = from_name
module, *sys.argv[1:] = sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def make_corpus(folder, seed):
    """Noises of two speakers, a manifest, and the entry of ``--corpora``."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "emotion", "speaker"])
        for number in range(8):
            noise = 0.1 * rng.standard_normal(RATE // 2)
            soundfile.write(folder / f"{number}.wav", noise, RATE)
            writer.writerow([f"{number}.wav", EMOTIONS[number % 2], f"s{number // 4}"])
    return f"{folder.name}={folder}/manifest.csv"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three corpora, whose records are prepared by the command."""
    folder = tmp_path_factory.mktemp("place")
    entries = [make_corpus(folder / n, s) for s, n in enumerate(("one", "two", "new"))]
    (folder / "run.flags").write_text(
        f"--corpora={','.join(entries)}\n--data_dir=records\n--target=new\n"
        "--emotions=anger,fear\n--methods=deep_all\n--model=pooled\n--hidden_units=4\n"
        "--batch_size=4\n--steps=2\n--crop_seconds=0.3\n"
    )
    done = run("experiments.prepare", "--flagfile=run.flags", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def run_blocked(module, *arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, module, *arguments],
        cwd=cwd,
        env=environment(cwd),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_preparation_leaves_a_copy_of_each_corpus(place):
    assert sorted(os.listdir(place / "records")) == [packed.FOLDER, "speech_emotion"]
    assert sorted(os.listdir(place / "records" / packed.FOLDER)) == [
        "new",
        "one",
        "two",
    ]


def test_a_run_needs_nothing_of_what_made_the_records(place):
    arguments = ("--flagfile=run.flags", "--workdir=run")
    done = run_blocked("experiments.main", *arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "Deep-All" in done.stdout
    assert (place / "run" / "results.json").exists()
    config = json.loads((place / "run" / "config.json").read_text(encoding="utf-8"))
    assert config["versions"]["tensorflow-datasets"] is None
    assert config["versions"]["numpy"] == np.__version__


def test_what_is_to_be_prepared_without_tensorflow_is_an_error(place):
    entry = make_corpus(place / "late", 3)
    arguments = (f"--corpora={entry}", "--data_dir=records")
    done = run_blocked("experiments.prepare", *arguments, cwd=place)
    assert done.returncode == 2
    assert "Preparing 'late'" in done.stderr
    assert "needs TensorFlow and tensorflow-datasets" in done.stderr
    assert "Traceback" not in done.stderr
