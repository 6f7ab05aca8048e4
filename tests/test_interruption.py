"""A command that is told to end saves what it has, and goes on as if it were not."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from experiments import interruption
from experiments.interruption import Interrupted, Watch
from tests.place import Place, make_corpora

LONG = ("--methods=deep_all", "--steps=150", "--evaluate_every=100")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    return make_corpora(tmp_path_factory.mktemp("corpora"))


def place_in(folder, corpora):
    folder.mkdir()
    return Place(folder, corpora)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, corpora):
    place = place_in(tmp_path_factory.mktemp("undisturbed") / "place", corpora)
    status, messages = place.finish("main", *LONG)
    assert status == 0, messages
    return place


def steps_done(place):
    lines = 0
    for path in place.runs.glob("*/trial_0/metrics.jsonl"):
        lines = path.read_text().count("\n")
    return lines


def interrupt(place, *signals):
    """Sends signals while a run is trained; returns exit status and messages."""
    with place.start("main", *LONG) as process:
        deadline = time.monotonic() + 240
        while steps_done(place) < 5:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.001)
        for number in signals:
            process.send_signal(number)
        _, messages = process.communicate(timeout=60)
    return process.returncode, messages


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")],
)
def test_a_run_is_saved_and_goes_on(
    tmp_path, corpora, undisturbed, number, status, word
):
    place = place_in(tmp_path / "place", corpora)
    found, messages = interrupt(place, number)
    assert found == status, messages
    assert f"{word}; the same command goes on from here." in messages
    assert "Traceback" not in messages
    saved = {int(p.name) for p in place.runs.glob("*/trial_0/checkpoints/*")}
    # Of a step after which nothing would have been saved.
    assert len(saved - {100, 150}) == 1
    assert max(saved) < 150
    done, messages = place.finish("main", *LONG)
    assert done == 0, messages
    assert place.outcome() == undisturbed.outcome()


def test_a_second_interruption_leaves_at_once(tmp_path):
    code = (
        "import time\n"
        "from experiments.interruption import WATCH, catch_signals\n"
        "catch_signals()\n"
        "with WATCH.span() as watch:\n"
        "    watch.wait()\n"
        "    print('ready', flush=True)\n"
        "    while True:\n"
        "        time.sleep(0.01)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert "Saving the run" in messages


@contextlib.contextmanager
def handled(watch):
    before = signal.signal(signal.SIGTERM, watch.take)
    interrupts = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGTERM, before)
    signal.signal(signal.SIGINT, interrupts)


def be_told():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
    pytest.fail("went on")


def test_outside_of_a_run_it_ends_where_it_is():
    with handled(Watch()), pytest.raises(Interrupted) as raised:
        be_told()
    assert raised.value.status == 143


def test_who_has_not_heard_is_told_again(monkeypatch):
    """Python drops what is raised where an object is deleted."""
    monkeypatch.setattr(interruption, "_PATIENCE", 0.0)
    watch = Watch()
    with handled(watch):
        for _ in range(2):
            with pytest.raises(Interrupted):
                be_told()


def test_within_a_run_it_waits_for_the_end_of_the_span(capfd):
    watch, reached = Watch(), []

    def work():
        with watch.span():
            watch.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
            reached.append(watch.asked)

    with handled(watch), pytest.raises(Interrupted):
        work()
    assert reached == [True]
    assert capfd.readouterr().err.count("Saving the run") == 1


def test_whoever_was_told_to_end_begins_nothing_more():
    watch = Watch()

    def begin():
        with watch.span():
            pytest.fail("began")

    with handled(watch):
        with pytest.raises(Interrupted):
            be_told()
        with pytest.raises(Interrupted):
            begin()


def test_an_error_is_not_hidden_by_the_signal():
    watch = Watch()

    def fail():
        with watch.span():
            watch.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
            raise ZeroDivisionError

    with handled(watch), pytest.raises(ZeroDivisionError):
        fail()
