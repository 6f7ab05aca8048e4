"""Units that processes on one machine, or on several, claim from each other."""

import errno
import json
import os
import subprocess
import sys
import time

import pytest

from damldg_jax.errors import InputError
from damldg_jax.records import locks
from experiments.sweep import claims
from experiments.sweep.claims import Claims, Note
from tests.cli import ROOT

# Claims a unit, says so, and waits to be killed.
HOLD = """
import pathlib, sys, time
from experiments.sweep.claims import Claims
with Claims(pathlib.Path("sweep"), print).attempt("a deep_all") as mine:
    print(mine, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """A process that has the unit `a deep_all`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


@pytest.fixture
def told():
    return []


@pytest.fixture
def own(tmp_path, told):
    return Claims(tmp_path / "sweep", told.append, renewed_every=0.05, alive_for=0.6)


def test_a_unit_is_one_process_s_until_it_is_killed(other, own, told):
    with own.attempt("a deep_all") as mine, own.attempt("b deep_all") as another:
        assert not mine
        assert another
    who = Claims(own._folder, print).who("a deep_all")
    assert who.process == other.pid
    assert own.who("b deep_all") is None
    other.kill()
    other.wait()
    # At once, though its note is there and new.
    assert (own._folder / "a-deep_all.json").exists()
    assert own.who("a deep_all") is None
    with own.attempt("a deep_all") as mine:
        assert mine
    assert not list(own._folder.iterdir())
    assert not told


def test_a_claim_tells_who_it_is_and_that_it_is_alive(own):
    with own.attempt("a deep_all") as mine:
        assert mine
        path = own._folder / "a-deep_all.json"
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 30
        while own.who("a deep_all") is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        note = own.who("a deep_all")
        assert note.process == os.getpid()
        assert str(note).startswith(f"process {os.getpid()} on {note.host} since 2")
    assert own.who("a deep_all") is None


def elsewhere(own, name, age=0.0):
    """A note of another machine, last renewed some seconds ago."""
    own._folder.mkdir(exist_ok=True)
    path = own._folder / f"{name.replace(' ', '-')}.json"
    path.write_text(json.dumps(Note("node3", "other", 7, "yesterday")._asdict()))
    now = time.time() - age
    os.utime(path, (now, now))


def test_locks_that_other_machines_do_not_see_are_not_trusted(own, told):
    elsewhere(own, "a deep_all")
    with own.attempt("a deep_all") as mine:
        assert not mine
    (text,) = told
    assert "Locks in" in text
    assert "no sign of life for 1 seconds count as ended" in text
    assert own.who("a deep_all").host == "node3"
    elsewhere(own, "a deep_all", age=5)
    assert own.who("a deep_all") is None
    with own.attempt("a deep_all") as mine:
        assert mine
    assert len(told) == 1


def without_locks(monkeypatch):
    def refuse(handle, how):
        raise OSError(errno.ENOSYS, "No locks")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)


def test_without_locks_signs_of_life_decide_and_the_user_is_told(
    own, told, monkeypatch
):
    without_locks(monkeypatch)
    elsewhere(own, "a deep_all")
    with own.attempt("a deep_all") as mine:
        assert not mine
    assert not told
    with own.attempt("b deep_all") as mine, own.attempt("b deep_all") as twice:
        assert mine
        assert not twice
    with own.attempt("b deep_all") as mine:
        assert mine
    (text,) = told
    assert "has no file locks" in text
    assert "a minute apart" in text


def test_a_lock_that_another_machine_has_removed_is_not_trusted(other, tmp_path):
    own = Claims(tmp_path / "sweep", print)
    # Where each machine has locks of its own, one lets go of what it got, and the file.
    for path in own._folder.glob(".lock-*"):
        path.unlink()
    with own.attempt("a deep_all") as mine:
        assert not mine
    other.kill()
    other.wait()
    with own.attempt("a deep_all") as mine:
        assert mine


@pytest.mark.parametrize("locked", [True, False])
def test_of_two_at_the_same_moment_the_later_note_stays(own, monkeypatch, locked):
    if not locked:
        without_locks(monkeypatch)
    write = claims.write_json

    def overtaken(path, content):
        write(path, content)
        elsewhere(own, "a deep_all")

    monkeypatch.setattr(claims, "write_json", overtaken)
    with own.attempt("a deep_all") as mine:
        assert not mine
    assert own.who("a deep_all").host == "node3"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "sweep").touch()
    claim = Claims(tmp_path / "sweep", print).attempt("a deep_all")
    with pytest.raises(InputError, match=r"Cannot write to .*sweep.*--workdir"), claim:
        pass


def test_an_error_inside_of_a_claim_is_no_error_of_the_folder(own):
    with pytest.raises(FileNotFoundError), own.attempt("a deep_all"):
        os.stat(own._folder / "nothing")
    assert not list(own._folder.iterdir())
