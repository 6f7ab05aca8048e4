"""Which runs are trained together, by which calls, and from which step on."""

from types import SimpleNamespace

import jax
import pytest

from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.devices import choose_layout, steps_per_call
from experiments.loop import _calls, _from_where
from experiments.runs import Schedule, alike


@pytest.mark.parametrize(
    ("first", "steps", "every", "most", "expected"),
    [
        (0, 5, 3, 1, [(0, 1), (1, 2), (2, 3, "ends"), (3, 4), (4, 5, "ends")]),
        (0, 10, 7, 4, [(0, 4), (4, 7, "ends"), (7, 10, "ends")]),
        (7, 10, 7, 4, [(7, 10, "ends")]),
        # Kept where a number was not finite, and gone on from there.
        (5, 10, 4, 4, [(5, 8, "ends"), (8, 10, "ends")]),
        (10, 10, 7, 4, []),
    ],
)
def test_no_call_goes_past_an_evaluation(first, steps, every, most, expected):
    calls = _calls(first, Schedule(2, 4, steps, every), most)
    found = [(c.steps.start, c.steps.stop, *["ends"] * c.ends) for c in calls]
    assert found == expected


def trainee(*steps):
    return SimpleNamespace(steps=lambda: set(steps) or {0})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([()], [(1, 0)]),
        ([(), ()], [(2, 0)]),
        ([(10, 20), (10, 20)], [(2, 20)]),
        # Killed while the second was about to be saved.
        ([(10, 20), (10,)], [(2, 10)]),
        # One begun later than the other, or ended by an error long ago.
        ([(), (10, 20)], [(1, 0), (1, 20)]),
        ([(40, 50), (7,), (40, 50)], [(1, 7), (2, 50)]),
        ([], []),
    ],
)
def test_runs_go_on_from_where_all_can(steps, expected):
    found = list(_from_where([trainee(*its) for its in steps]))
    assert [(len(together), step) for together, step in found] == expected


def run_of(split, method, trial, division="same", speakers=()):
    domains = [SimpleNamespace(speakers=speakers)]
    divided = SimpleNamespace(account={"hash": division}, domains=domains)
    return SimpleNamespace(method=method, split=split, trial=trial, division=divided)


def test_runs_that_differ_by_their_seed_are_put_together():
    runs = [
        run_of(split, method, trial)
        for split in ("one", "two")
        for method in ("deep_all", "mldg")
        for trial in range(3)
    ]
    groups = [[(r.split, r.method, r.trial) for r in g] for g in alike(runs, 2)]
    assert groups[:2] == [
        [("one", "deep_all", 0), ("one", "deep_all", 1)],
        [("one", "deep_all", 2)],
    ]
    assert len(groups) == 8


def test_runs_that_differ_by_their_speakers_too_are_not():
    runs = [run_of("one", "mldg", trial, "aba"[trial]) for trial in range(3)]
    groups = [[run.trial for run in group] for group in alike(runs, 3)]
    assert groups == [[0, 2], [1]]


def test_runs_whose_speakers_are_dealt_otherwise_are_not():
    runs = [run_of("one", "mldg", n, speakers=("ab", "ac", "ab")[n]) for n in range(3)]
    assert [[run.trial for run in group] for group in alike(runs, 3)] == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        # Devices, whether they share a run, runs of each.
        ({}, (8, True, 1)),
        ({"trials": 10}, (8, True, 1)),
        ({"parallel": "none", "trials": 3}, (1, False, 1)),
        ({"parallel": "none", "trials": 3, "trials_at_once": 8}, (1, False, 3)),
        ({"parallel": "trials", "trials": 3}, (3, False, 1)),
        # Five and five rather than eight and two.
        ({"parallel": "trials", "trials": 10}, (5, False, 1)),
        ({"parallel": "trials", "trials": 10, "trials_at_once": 4}, (8, False, 2)),
    ],
)
def test_runs_are_laid_out_evenly(settings, shape):
    layout = choose_layout(Config(**settings))
    assert (len(layout.devices), layout.shared, layout.lanes) == shape


def test_data_on_one_device_is_a_run_of_its_own(monkeypatch):
    """So that a run alone computes what it computes beside others."""
    monkeypatch.setattr(jax, "devices", lambda: jax.local_devices()[:1])
    assert not choose_layout(Config(trials=2)).shared


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"parallel": "none"}, "--parallel=none uses one device of one process"),
        ({"parallel": "trials", "trials": 2}, "--trials=2 for 3 processes"),
    ],
)
def test_processes_that_would_have_nothing_to_do_are_refused(
    monkeypatch, settings, message
):
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    with pytest.raises(InputError, match=message):
        choose_layout(Config(**settings))


def test_each_process_has_its_share_of_the_trials(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    layout = choose_layout(Config(parallel="trials", trials=10))
    assert len(layout.devices) == 4


def test_loops_are_left_out_on_a_cpu():
    assert steps_per_call(Config()) == 1
    assert steps_per_call(Config(steps_per_dispatch=5)) == 5
