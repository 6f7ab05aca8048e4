"""What a user sees while a command works."""

import pytest

from experiments import console
from experiments.console import clock_stopped, progress, show, start_clock


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""
    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def test_a_log_has_a_line_for_each_state(clock, capsys):
    with progress(None, "Training", "step", total=40, postfix="compiling") as bar:
        clock[0] += 60
        start_clock(bar, 1)
        for _ in range(9):
            clock[0] += 2
            bar.update()
        show(bar, "evaluating")
        bar.set_postfix_str("validation_uar=0.5")
    assert capsys.readouterr().err.splitlines() == [
        "Training: 0 of 40 [00:00, ? left, ?step/s, compiling]",
        "Training: 1 of 40 [00:00, ? left, ?step/s]",
        "Training: 6 of 40 [00:10, 01:08 left,  2.00s/step]",
        "Training: 10 of 40 [00:18, 01:00 left,  2.00s/step, validation_uar=0.5]",
    ]


def test_compiling_does_not_count_as_a_step(clock):
    with progress(None, "Training", "step", total=40, initial=10) as bar:
        clock[0] += 60
        start_clock(bar, 11)
        clock[0] += 2
        bar.update(2)
        with clock_stopped(bar):
            clock[0] += 60
        assert bar.n == 13
        assert str(bar) == "Training: 13 of 40 [00:02, 00:27 left,  1.00step/s]"


def test_nothing_is_said_by_another_process_of_the_command(monkeypatch, capsys):
    monkeypatch.setattr(console, "_silent", True)
    with progress(None, "Training", "step", total=2) as bar:
        start_clock(bar, 1)
        with clock_stopped(bar):
            bar.update()
    console.say("done")
    assert capsys.readouterr().err == ""
