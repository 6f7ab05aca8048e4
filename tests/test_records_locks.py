"""Two commands at once prepare one corpus one after the other."""

# Fixtures of other files are imported, and are arguments.
# ruff: noqa: F401, F811

import errno
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from damldg_jax.records import locks, parts, tfrecords
from damldg_jax.records.provenance import corpus_folder
from tests.cli import environment
from tests.test_records_restart import (
    NUMBER,
    config,
    contents,
    count_calls,
    place,
    prepare_all,
)

WAITING = "Another command prepares 'mine' in records: waiting."


def start(folder):
    """The command, in a process of its own."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "experiments.prepare", "--workers=1"),
            *("--corpora=mine=mine/manifest.csv", "--features=slow_features:embed"),
            "--data_dir=records",
        ],
        cwd=folder,
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, *commands):
    while not condition():
        assert all(command.poll() is None for command in commands)
        time.sleep(0.01)


def start_two(folder):
    """Both at work on the same corpus: the first makes parts, the second waits."""
    (folder / "slow").touch()
    first = start(folder)
    made = folder / "records" / f"{parts.PREFIX}mine"
    wait_for(lambda: list(made.glob("*.npz")), first)
    second = start(folder)
    line = second.stderr.readline()
    while WAITING not in line:
        assert line, second.stderr.read()
        line = second.stderr.readline()
    assert first.poll() is None
    (folder / "slow").unlink()
    return first, second


def test_the_second_waits_and_finds_all_done(place):
    first, second = start_two(place)
    told = [command.communicate(timeout=120)[1] for command in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"mine: {NUMBER} utterances, unchanged." in told[1]
    assert WAITING not in told[1]
    assert sorted(os.listdir(place / "records")) == ["packed", "speech_emotion"]
    # Each command tries the function out once.
    assert count_calls(place) == NUMBER + 1
    settings = config().extractor.settings("mine")
    assert len(tfrecords.read(place / "records", "mine", settings)) == NUMBER


def test_the_second_goes_on_when_the_first_is_killed(place):
    first, second = start_two(place)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    told = second.communicate(timeout=120)[1]
    assert second.returncode == 0, told
    assert "mine: goes on, " in told
    assert sorted(os.listdir(place / "records")) == ["packed", "speech_emotion"]
    prepare_all(config(data_dir="straight"))
    assert contents(place / "records") == contents(place / "straight")


def test_what_is_there_is_used_without_waiting(place):
    prepare_all(config())
    with locks.held(locks.place(place / "records", "mine")):
        prepare_all(config())


def test_a_lock_is_held_by_one(tmp_path):
    path, told = locks.place(tmp_path, "mine"), []
    with locks.held(path, told.append), locks.attempted(path) as free:
        assert not free
    with locks.attempted(path) as free:
        assert free
    assert not told
    assert not path.exists()


def test_a_file_that_its_holder_removed_is_not_the_lock(tmp_path, monkeypatch):
    """Who opened the file before it was removed must not believe to be alone."""
    path, opened = locks.place(tmp_path, "mine"), locks._open

    def late(path):
        monkeypatch.undo()
        handle = opened(path)
        path.unlink()
        return handle

    monkeypatch.setattr(locks, "_open", late)
    with locks.held(path), locks.attempted(path) as free:
        assert not free


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_without_locks_the_user_is_told_and_work_goes_on(tmp_path, monkeypatch, number):
    def refuse(handle, how):
        raise OSError(number, "No locks")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    path, told = locks.place(tmp_path, "mine"), []
    with locks.held(path, told.append):
        pass
    assert told == [
        f"{tmp_path} has no file locks: let no other command prepare 'mine' there "
        "meanwhile."
    ]
    with locks.attempted(path) as free:
        assert not free


def test_what_killed_commands_left_goes_though_nothing_is_to_be_done(place):
    prepare_all(config())
    folder = place / "records"
    (folder / f"{parts.PREFIX}mine").mkdir()
    # No process has such a number.
    (folder / f".preparing-{socket.gethostname()}~{2**22 + 1}~x").mkdir()
    locks.place(folder, "other").touch()
    prepare_all(config())
    assert [path.name for path in folder.iterdir()] == ["speech_emotion"]


def test_older_records_that_were_set_aside_come_back(place, capsys):
    prepare_all(config())
    folder = corpus_folder(place / "records", "mine")
    before = contents(place / "records")
    folder.rename(place / "records" / f".replaced-mine-{folder.name}")
    # Nothing else could make them: the recordings are gone.
    (place / "mine" / "manifest.csv").unlink()
    prepare_all(config())
    assert "mine: uses the records in records." in capsys.readouterr().err
    assert contents(place / "records") == before
    assert [path.name for path in (place / "records").iterdir()] == ["speech_emotion"]
