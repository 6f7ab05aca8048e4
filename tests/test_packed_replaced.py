"""Records that another command replaces while they are read are not called damaged."""

# Fixtures of other files are imported, and are arguments.
# ruff: noqa: F401, F811

import contextlib
import errno
import shutil
import threading
import time

import pytest

from damldg_jax.errors import InputError
from damldg_jax.records import locks, packed, tfrecords
from damldg_jax.records.provenance import described, read_description
from tests.test_packed import check, data_dir, original, place_of, read, told
from tests.test_records import EXAMPLES, SETTINGS, write


@pytest.fixture
def uncopied(data_dir):
    """Records without a copy."""
    shutil.rmtree(data_dir / packed.FOLDER)
    return data_dir


def replacing(use, data_dir, times):
    """Has others put there after it is done; as often as ``times``."""
    left = iter(range(1, times + 1))

    def replaced(*arguments):
        result = use(*arguments)
        if (number := next(left, None)) is not None:
            write(data_dir, EXAMPLES[: 1 + number % 2])
        return result

    return replaced


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("step", ["described", "_opened"])
def test_what_is_there_then_is_read(uncopied, told, monkeypatch, step, times):
    step_of = getattr(packed, step) if step == "described" else lambda *_: None
    monkeypatch.setattr(packed, step, replacing(step_of, uncopied, times))
    found = packed.read(uncopied, "mine", SETTINGS, told.append)
    assert len(found.examples) == 1 + times % 2
    assert (found.provenance, found.summary) == read_description(uncopied, "mine")
    assert sum(found.summary.counts.values()) == len(found.examples)
    assert not told


def test_it_is_seen_under_the_lock_and_nothing_is_read(uncopied, told, monkeypatch):
    asked = []

    @contextlib.contextmanager
    def held(*arguments):
        if not asked:
            write(uncopied, EXAMPLES[:1])
        yield

    def stream(data_dir, corpus, content):
        asked.append(content)
        return plain(data_dir, corpus, content)

    plain = tfrecords.stream
    monkeypatch.setattr(locks, "held", held)
    monkeypatch.setattr(tfrecords, "stream", stream)
    packed.keep(uncopied, "mine", SETTINGS, told.append)
    assert asked == [read_description(uncopied, "mine")[1].content_hash]
    assert place_of(uncopied).exists()
    assert not told


@pytest.mark.parametrize("use", [packed.keep, packed.read])
def test_records_that_never_rest_are_an_error(uncopied, told, monkeypatch, use):
    monkeypatch.setattr(packed, "described", replacing(described, uncopied, 99))
    with pytest.raises(InputError, match=r"replaced while they were read\. Give the"):
        use(uncopied, "mine", SETTINGS, told.append)


def test_reading_the_records_themselves_says_so(uncopied, monkeypatch):
    monkeypatch.setattr(tfrecords, "described", replacing(described, uncopied, 1))
    with pytest.raises(InputError, match="replaced while they were read"):
        tfrecords.read(uncopied, "mine", SETTINGS)


def test_who_waits_for_a_copy_is_told_of_what(uncopied, told):
    waiting = threading.Thread(target=read, args=(uncopied, told))
    with locks.held(locks.place(uncopied, f"mine.{packed.FOLDER}")):
        waiting.start()
        deadline = time.monotonic() + 30
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
    waiting.join()
    assert told == [
        f"Another command makes the packed copy of 'mine' in {uncopied}: waiting."
    ]


def test_without_locks_it_is_told_what_not_to_do(uncopied, told, monkeypatch):
    def refuse(handle, how):
        raise OSError(errno.ENOLCK, "No locks")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    check(read(uncopied, told))
    assert told == [
        f"{uncopied} has no file locks: let no other command make the packed copy of "
        "'mine' there meanwhile."
    ]
