"""How far a sweep is, and how long the rest takes: figures worked out by hand."""

# Fixtures of other files are imported, and are arguments.
# ruff: noqa: F401

import json
import os

import pytest

from damldg_jax.corpora.scenarios import Split
from damldg_jax.records.provenance import Provenance, Summary
from experiments.sweep import sizes
from experiments.sweep.claims import Claims, Note
from experiments.sweep.command import Sweep, run_sweep
from experiments.sweep.estimate import Rest, estimate, in_words
from experiments.sweep.progress import RunState, UnitState, read_unit
from experiments.sweep.status import tell
from experiments.sweep.units import Unit
from tests.sweeps import there, write_result

# Utterances of anger and fear; those of boredom take no part.
COUNTS = {"emodb": (100, 50, 7), "tess": (300, 50, 0), "shemo": (800, 0, 0)}


@pytest.fixture
def described(monkeypatch):
    def description(data_dir, corpus):
        if corpus not in COUNTS:
            return None
        anger, fear, boredom = COUNTS[corpus]
        counts = {"anger": anger, "fear": fear, "boredom": boredom}
        return None, Summary({}, counts, 1.0, "0")

    monkeypatch.setattr(sizes, "read_description", description)


def finish(sweep, name, seconds, trials, targets=None):
    """Gives a unit results; those of a second target are adopted ones."""
    (unit,) = (unit for unit in sweep.units if unit.name == name)
    for split, trial, folder in unit.folders():
        if trial in trials and (not targets or split.target in targets):
            folder.mkdir(parents=True, exist_ok=True)
            adopted = split.target != unit.splits[0].target
            write_result(folder, split, unit.method, trial, seconds[adopted])
            if adopted:
                (folder / "adopted.json").write_text("{}")


def sweep_of(tmp_path, *rows, **changes):
    config = there(
        tmp_path,
        *("emodb", "tess", "shemo", "emovo", "aesdd"),
        **{"steps": None, "trials": 4, "methods": "deep_all,coral", **changes},
    )
    return Sweep(config, rows)


def test_sizes_are_of_the_emotions_that_take_part(tmp_path, described):
    sweep = sweep_of(tmp_path, "7", "5", "within", methods="deep_all")
    assert {unit.name: sizes.size_of(unit) for unit in sweep.units} == {
        "emodb+tess deep_all": 500,
        # Of EMOVO there are no records yet.
        "emodb+emovo+shemo deep_all": None,
        # A fifth of the speakers is tested on.
        "tess within deep_all": 280,
        "aesdd within deep_all": None,
        "emovo within deep_all": None,
        "shemo within deep_all": 640,
        "emodb within deep_all": 120,
    }


def test_steps_are_as_long_for_any_corpora(tmp_path, described):
    sweep = sweep_of(tmp_path, "7", "5", methods="deep_all", steps=10)
    assert [sizes.size_of(unit) for unit in sweep.units] == [1, 1]


def test_rest_is_judged_by_what_is_finished(tmp_path, described):
    sweep = sweep_of(tmp_path, "7", "within", also_test="emovo,aesdd")
    assert estimate(sweep.states()) == Rest(0.0, ("deep_all", "coral"))
    # Trials 0 and 1 trained in 100 s each; of trial 0 one further test took 6 s.
    finish(sweep, "emodb+tess deep_all", (100.0, 6.0), [0], ["shemo", "emovo"])
    finish(sweep, "emodb+tess deep_all", (100.0, 6.0), [1], ["shemo"])
    rest = estimate(sweep.states())
    # Of CORAL nothing is measured; EMOVO and AESDD are not prepared.
    assert rest.unknown == ("coral", "deep_all")
    own = 2 * 100 + (9 - 2) * 6
    # By utterances: a fifth of a second each, 4 trials within TESS, ShEMO and EmoDB.
    within = 4 * (280 + 640 + 120) * 100 / 500
    assert rest.seconds == pytest.approx(own + within + 6 * 8)


def test_what_is_measured_itself_counts_for_itself(tmp_path, described):
    sweep = sweep_of(tmp_path, "7", "within", methods="deep_all")
    finish(sweep, "emodb+tess deep_all", (100.0,), [0, 1, 2, 3])
    finish(sweep, "emodb within deep_all", (50.0,), [0])
    finish(sweep, "emodb within deep_all", (70.0,), [1])
    states = {s.unit.name: s for s in sweep.states()}
    only = [states["emodb+tess deep_all"], states["emodb within deep_all"]]
    assert estimate(only) == Rest(2 * 60.0, ())
    # 520 seconds for 4 x 500 + 2 x 120 utterances; 4 trials within TESS.
    more = [*only, states["tess within deep_all"]]
    assert estimate(more).seconds == pytest.approx(120 + 4 * 280 * 520 / 2240)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 min"),
        (61, "2 min"),
        (59 * 60, "59 min"),
        (60 * 60, "1 h 0 min"),
        (3 * 3600 + 1201, "3 h 21 min"),
        (47 * 3600 + 3599, "2 days 0 h"),
        (100 * 3600, "4 days 4 h"),
    ],
)
def test_times_in_words(seconds, words):
    assert in_words(seconds) == words


GOLDEN = """\
   row    deep_all    coral
------  ----------  -------
     7         3/4     *1/4
within       *0/20        -
Runs with a result, of all runs; *: someone is at work on it.
-: the method needs several corpora to learn from.
Running: emodb+tess coral: process 7 on node3 since 2024-05-01 12:30 UTC.
Running: tess within deep_all: process 8 on node4 since 2024-05-01 12:31 UTC.
Left out: row within, iemocap, crema_d, savee, ravdess, cafe: no cafe, crema_d, \
iemocap, ravdess, savee.
What is left out comes in once --corpora_dir or --corpora say where its corpora lie.
4 of 28 runs are done. Left: 24; time: about 1 h 23 min of one process, 42 min of the \
2 at work; unknown for deep_all, of which something is not measured or not prepared \
yet."""


def test_the_status_as_it_is_shown(tmp_path, described):
    sweep = sweep_of(tmp_path, "7", "within")
    finish(sweep, "emodb+tess deep_all", (300.0,), [0, 1, 3])
    finish(sweep, "emodb+tess coral", (720.0,), [0])
    notes = {
        "emodb+tess coral": Note("node3", "x", 7, "2024-05-01 12:30 UTC"),
        "tess within deep_all": Note("node4", "y", 8, "2024-05-01 12:31 UTC"),
    }
    # 300 + 4 x (280 + 640 + 120) x 300 / 500 + 3 x 720 = 4956 seconds.
    text = tell(sweep.rows, sweep.states(), notes)
    assert text == GOLDEN


def test_a_run_that_diverged_is_told_and_not_waited_for(tmp_path, described):
    sweep = sweep_of(tmp_path, "7", methods="deep_all", trials=2)
    finish(sweep, "emodb+tess deep_all", (60.0,), [0])
    folder = tmp_path / "run" / "runs" / "emodb+tess-to-shemo" / "deep_all" / "trial_1"
    folder.mkdir()
    log = folder / "metrics.jsonl"
    log.write_text('{"step": 1, "finite": true}\n{"step": 1, "validation_uar": 0.2}\n')
    assert sweep.status().endswith("Left: 1; time: about 1 min of one process.")
    log.write_text('{"step": 1, "finite": true}\n{"step": 2, "finite": false}\n{"st')
    told = sweep.status().splitlines()
    assert told[-2:] == [
        f"Diverged: {folder}.",
        "1 of 2 runs are done, none is left.",
    ]


def test_status_alone_changes_nothing(tmp_path, described, capsys):
    sweep = sweep_of(tmp_path, "7")
    run_sweep(sweep.config, ("7",), only_status=True)
    captured = capsys.readouterr()
    assert not captured.err
    assert "0 of 8 runs are done. Left: 8; time: unknown for deep_all, coral" in (
        captured.out
    )
    assert not (tmp_path / "run").exists()
