"""A command that is told to end saves what it has, and goes on as if it were not."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time

import pytest

import experiments
from experiments import interruption
from experiments.interruption import Interrupted, Watch
from tests.cli import ROOT, environment
from tests.place import prepared

LONG = ("--methods=deep_all", "--steps=150", "--evaluate_every=100")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, synthetic):
    place = prepared(tmp_path_factory.mktemp("undisturbed") / "place", synthetic)
    status, messages = place.finish("main", *LONG)
    assert status == 0, messages
    return place


def steps_done(place):
    lines = 0
    for path in place.runs.glob("*/trial_0/metrics.jsonl"):
        lines = path.read_text().count("\n")
    return lines


def steps_saved(place):
    return {int(p.name) for p in place.runs.glob("*/trial_0/checkpoints/*")}


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


def test_a_run_is_saved_and_goes_on(tmp_path, synthetic, undisturbed):
    place = prepared(tmp_path / "place", synthetic)
    found, messages = interrupt(place, signal.SIGINT)
    assert found == 130, messages
    assert "Interrupted; the same command goes on from here." in messages
    assert "Traceback" not in messages
    saved = steps_saved(place)
    # Of a step after which nothing would have been saved.
    assert len(saved - {100, 150}) == 1
    assert max(saved) < 150
    done, messages = place.finish("main", *LONG)
    assert done == 0, messages
    assert place.outcome() == undisturbed.outcome()


# Tells itself to end, by a signal, when the state after a step is to be evaluated.
TOLD_AT_AN_EVALUATION = """
import os, runpy, sys
from experiments import trainee
step, number, module = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.argv[1:] = sys.argv[4:]
validate = trainee.validate
def told_to_end(run, programs, state):
    if state.step == step:
        os.kill(os.getpid(), number)
    return validate(run, programs, state)
trainee.validate = told_to_end
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def told_at(place, step, number):
    _, _, module, *flags = place.command("main")
    return subprocess.run(
        [
            *(sys.executable, "-c", TOLD_AT_AN_EVALUATION),
            *(str(step), str(int(number)), module, *flags, *LONG),
        ],
        cwd=place.folder,
        env=environment(place.corpora),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_an_evaluation_that_is_left_is_done_by_the_next_command(
    tmp_path, synthetic, undisturbed
):
    place = prepared(tmp_path / "place", synthetic)
    log = place.runs / "deep_all" / "trial_0" / "metrics.jsonl"
    # Also at once when it goes on, and killed when it is done but nothing newer saved.
    for step, number, status, word, evaluations in [
        (100, signal.SIGTERM, 143, "Terminated; the same command", 0),
        (100, signal.SIGINT, 130, "Interrupted; the same command", 0),
        (150, signal.SIGKILL, -9, "", 1),
    ]:
        done = told_at(place, step, number)
        assert done.returncode == status, done.stderr
        assert word in done.stderr
        assert "Traceback" not in done.stderr
        assert steps_saved(place) == {100}
        assert log.read_text().count("validation_uar_by_corpus") == evaluations
    done, messages = place.finish("main", *LONG)
    assert done == 0, messages
    assert place.outcome() == undisturbed.outcome()


@pytest.mark.parametrize(
    ("module", "number", "word"),
    [
        ("main", signal.SIGINT, "Interrupted"),
        ("sweep", signal.SIGTERM, "Terminated"),
        ("benchmark", signal.SIGINT, "Interrupted"),
    ],
)
def test_a_command_that_is_still_being_loaded_leaves_in_a_line(module, number, word):
    command = [sys.executable, "-X", "importtime", "-m", f"experiments.{module}"]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        # Each line tells of a module that is loaded; those that take long come later.
        assert any("absl.flags" in line for line in process.stderr)
        process.send_signal(number)
        rest = [line for line in process.stderr if "import time:" not in line]
    assert process.returncode == 128 + number
    assert rest == [f"{word}; the same command goes on from here.\n"]


def test_who_only_imports_keeps_its_own_signals():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    code = (
        "import signal, experiments; "
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler; "
        "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
    importlib.reload(experiments)
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert after == before


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


def test_between_two_batches_it_is_looked_at():
    watch, done = Watch(), []

    def work():
        with watch.span():
            watch.wait()
            for batch in watch.between(range(5)):
                done.append(batch)
                if batch == 2:
                    os.kill(os.getpid(), signal.SIGTERM)
                    time.sleep(0.01)

    with handled(watch), pytest.raises(Interrupted):
        work()
    assert done == [0, 1, 2]


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
