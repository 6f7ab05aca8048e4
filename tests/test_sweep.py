"""The sweep in one process: rows, units, what is left out, what goes wrong."""

# Fixtures of other files are imported, and are arguments.
# ruff: noqa: F401, F811

import dataclasses
import json
import re

import pytest

from damldg_jax.errors import InputError
from experiments import session
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.session import Session
from experiments.sweep.command import Sweep, run_sweep
from tests.sweeps import pretender, results, there
from tests.test_features_end_to_end import settings, write_corpora

# Those of rows 4 and 5.
NAMES = ("savee", "ravdess", "emodb", "cafe", "emovo", "shemo", "aesdd")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    write_corpora(folder, frames=4, corpora=NAMES)
    return folder


@pytest.fixture(scope="module")
def config(place):
    """Settings of what compiles in no time."""
    return settings(
        place,
        names=NAMES,
        target="",
        hidden_units="",
        trials=2,
        steps=2,
        evaluate_every=2,
        validation_fraction=0.0,
        evaluation_statistics="running",
        workdir=place / "swept",
    )


def test_all_rows_come_out_as_their_own_commands_do(config, place, capsys):
    run_sweep(config, ("5", "4"))
    assert re.findall(r"Now: (.*)\.", capsys.readouterr().err) == [
        "emodb+emovo+shemo deep_all",
        "emodb+ravdess+savee deep_all",
    ]
    alone = dataclasses.replace(config, scenario="5,4", workdir=place / "alone")
    expected = run_experiments(alone)
    entries = results(config)["runs"]
    assert len(entries) == 4
    for entry, other in zip(entries, expected, strict=True):
        assert entry | {"seconds": other["seconds"]} == other
    assert {e["scenario"] for e in entries} == {"4", "5"}


def test_finished_runs_of_other_settings_are_not_taken_for_those_asked_for(
    config, place
):
    config = dataclasses.replace(config, trials=1, workdir=place / "other")
    run_sweep(config, ("5",))
    before = results(config)["runs"]
    other = dataclasses.replace(config, learning_rate=0.5)
    # As where the runs are those of another command.
    (config.workdir / "sweep.json").unlink()
    with pytest.raises(InputError, match=r"learning_rate 0\.05 -> 0\.5"):
        run_sweep(other, ("5",))
    assert results(config)["runs"] == []
    run_sweep(dataclasses.replace(other, overwrite=True), ("5",))
    after = results(config)["runs"]
    assert after != before
    assert len(after) == len(before)
    account = json.loads(next(config.workdir.rglob("run.json")).read_text())
    assert account["learning_rate"] == 0.5


def test_data_are_read_once_for_all_methods_on_them(config, monkeypatch):
    loaded, load = [], session.load
    monkeypatch.setattr(
        session, "load", lambda *given: loaded.append(set(given[0])) or load(*given)
    )
    units = Sweep(dataclasses.replace(config, methods="deep_all,coral"), ("5", "4"))
    kept, programs = Session(), []
    for unit in units.units:
        prepared = kept.data(unit.plan.sources, unit.config)
        programs.append(kept.programs(prepared.dataset, unit.config))
    assert loaded == [
        {"emovo", "shemo", "emodb", "aesdd"},
        {"savee", "ravdess", "emodb", "cafe"},
    ]
    assert programs[0] is programs[1] is not programs[2]
    # Other settings need them anew.
    kept.data(
        unit.plan.sources, dataclasses.replace(unit.config, emotions="anger,fear")
    )
    assert len(loaded) == 3


def test_what_is_done_is_skipped(tmp_path, pretender, capsys):
    config = there(tmp_path, "tess", "emodb", "shemo", trials=3)
    run_sweep(config, ("7",))
    assert len(pretender.done) == 2
    before = results(config)
    run_sweep(config, ("7", "1"))
    assert len(pretender.done) == 2
    assert results(config)["runs"] == before["runs"]
    captured = capsys.readouterr()
    assert captured.err.count("6 of 6 runs are done, none is left.") == 2
    assert f"python -m experiments.report {config.workdir}" in captured.err
    lines = captured.out.splitlines()
    assert [line for line in lines if line.startswith("Row")] == ["Row 7"] * 2
    assert sum(line.split()[:2] == ["shemo", "Deep-All"] for line in lines) == 2


def test_rows_that_lack_corpora_are_named_at_the_start_and_at_the_end(
    tmp_path, pretender, capsys
):
    config = there(tmp_path, "tess", "emodb", "shemo", "savee")
    run_sweep(config, ("7", "1", "within"))
    told = capsys.readouterr().err
    lines = (
        "Left out: row 1: no crema_d, iemocap, ravdess.",
        "Left out: row within, iemocap, crema_d, ravdess, aesdd, cafe, emovo: "
        "no aesdd, cafe, crema_d, emovo, iemocap, ravdess.",
    )
    before, after = told.split("Now:", 1)
    for line in lines:
        assert line in before
        assert line in after.split("Now:")[-1].split("none is left", 1)[1]
    assert results(config)["left_out"]["1"] == {
        "-> iemocap": ["crema_d", "iemocap", "ravdess"]
    }


def test_no_corpora_at_all_are_an_error_with_the_remedy(tmp_path):
    config = Config(data_dir=tmp_path, workdir=tmp_path / "run")
    with pytest.raises(InputError, match=r"No row has.* aesdd, cafe.*--corpora_dir="):
        run_sweep(config, ())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "rows", "told"),
    [
        ({}, ("8",), "Unknown row '8'"),
        ({}, ("7", "7"), "'7' is given twice"),
        ({"scenario": "1"}, (), "--scenario=1: .* by --rows"),
        ({"target": "all"}, (), "--target=all: .* --rows=leave_one_out"),
        ({"methods": "deep_al"}, ("7",), "Unknown method 'deep_al'"),
        ({"methods": "coral"}, ("within",), "--methods=coral.* deep_all"),
        ({"also_test": "emodb"}, ("7",), "'emodb' of --also_test is among the sources"),
        ({"distributed": True}, ("7",), "without --distributed"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_done(tmp_path, changes, rows, told):
    config = there(tmp_path, "tess", "emodb", "shemo", **changes)
    with pytest.raises(InputError, match=told):
        Sweep(config, rows)


def units(config, *rows):
    return [
        (unit.name, [split.target for split in unit.splits])
        for unit in Sweep(config, rows).units
    ]


def test_tests_of_the_same_models_are_one_unit(tmp_path):
    six = ("crema_d", "savee", "ravdess", "iemocap", "shemo", "tess")
    config = there(tmp_path, *six, "emodb", methods="deep_all")
    three = "crema_d+ravdess+savee deep_all"
    assert units(config, "1", "3", "7", "6") == [
        (three, ["iemocap", "tess", "shemo"]),
        ("emodb+tess deep_all", ["shemo"]),
    ]
    # A fold of the English row is scenario 1.
    assert units(config, "1", "eng4")[0] == (three, ["iemocap"])
    assert len(units(config, "1", "eng4")) == 4
    config = there(tmp_path, "emovo", methods="deep_all", also_test=("emovo", "tess"))
    assert units(config, "1", "within")[:2] == [
        (three, ["iemocap", "emovo", "tess"]),
        ("iemocap within deep_all", ["iemocap"]),
    ]
    # Nothing but what it needs is read for a unit.
    (first, *_) = Sweep(config, ("1", "within")).units
    assert set(first.plan.sources) == {*six, "emovo"} - {"shemo"}


def test_nothing_is_trained_for_a_further_test_alone(tmp_path):
    corpora = ("savee", "ravdess", "emodb", "tess", "shemo", "nemo")
    config = there(tmp_path, *corpora, methods="deep_all", also_test=("nemo", "turev"))
    sweep = Sweep(config, ("4", "7"))
    assert units(config, "4", "7") == [("emodb+tess deep_all", ["shemo", "nemo"])]
    assert [dict(row.left_out) for row in sweep.rows] == [
        {"-> cafe": ("cafe",), "-> nemo": ("cafe",), "-> turev": ("cafe", "turev")},
        {"-> turev": ("turev",)},
    ]


def test_only_within_a_corpus_speakers_are_drawn_anew(tmp_path):
    config = there(tmp_path, "tess", "emodb", "shemo")
    varied = {u.name: u.config.vary_split for u in Sweep(config, ("7", "within")).units}
    assert varied == {
        "emodb+tess deep_all": False,
        "emodb+tess coral": False,
        # CORAL needs two corpora to learn from.
        "tess within deep_all": True,
        "shemo within deep_all": True,
        "emodb within deep_all": True,
    }


def test_rows_over_corpora_of_ones_own(tmp_path):
    config = there(tmp_path, "savee", "emodb", "mine", methods="deep_all")
    mine = f"mine={tmp_path}/mine"
    config = dataclasses.replace(config, corpora=("savee", mine))
    assert units(config, "leave_one_out", "within_corpus") == [
        ("mine deep_all", ["savee"]),
        ("savee deep_all", ["mine"]),
        ("savee within deep_all", ["savee"]),
        ("mine within deep_all", ["mine"]),
    ]


def test_what_goes_wrong_does_not_stop_the_rest(tmp_path, pretender, capsys):
    config = there(tmp_path, "tess", "emodb", "shemo", methods="deep_all,rsc,coral")
    pretender.failed = {"deep_all": "Deep-All -> shemo: not finite"}
    pretender.error = {"rsc": InputError("Something is off.")}
    told = "emodb.tess rsc: Something is off.\nDeep-All -> shemo: not finite"
    with pytest.raises(InputError, match=told):
        run_sweep(config, ("7",))
    captured = capsys.readouterr()
    assert captured.out.count("CORAL") == 1
    assert results(config)["failed"] == [
        "Deep-All -> shemo: not finite",
        "Something is off.",
    ]
    assert len(results(config)["runs"]) == 1
    pretender.error = {}
    with pytest.raises(FloatingPointError, match=r"^Deep-All -> shemo: not finite$"):
        run_sweep(config, ("7",))
    pretender.failed = {}
    run_sweep(config, ("7",))
    assert [test[2] for test in pretender.done] == [
        *("deep_all", "coral"),
        *("deep_all", "rsc"),
        "deep_all",
    ]


def test_who_joins_with_other_settings_is_refused(tmp_path, pretender):
    config = there(tmp_path, "tess", "emodb", "shemo", "emovo", "aesdd")
    run_sweep(config, ("7",))
    more = dataclasses.replace(config, trials=2, methods="deep_all,rsc")
    run_sweep(more, ("7",))
    done = len(pretender.done)
    for name, value, told in (
        ("learning_rate", 0.1, r"learning_rate 0.05 -> 0.1\. Give those.*--overwrite"),
        ("steps", 11, "steps 10 -> 11"),
        ("seed", 1, "seed 0 -> 1"),
        ("model_width", 8, "model_width 64 -> 8"),
    ):
        other = dataclasses.replace(config, **{name: value})
        with pytest.raises(InputError, match=told):
            run_sweep(other, ("5",))
    assert len(pretender.done) == done
    run_sweep(dataclasses.replace(other, overwrite=True), ("5",))
    assert len(pretender.done) > done


def test_a_damaged_result_is_named_and_the_others_are_told(tmp_path, pretender):
    config = there(tmp_path, "tess", "emodb", "shemo", trials=3)
    run_sweep(config, ("7",))
    (path,) = config.workdir.glob("runs/*/coral/trial_1/result.json")
    path.write_text(path.read_text()[:40])
    with pytest.raises(InputError, match=r"coral/trial_1/result.json is damaged\. Del"):
        run_sweep(config, ("7",))
    assert len(results(config)["runs"]) == 5
    path.unlink()
    run_sweep(config, ("7",))
    assert len(results(config)["runs"]) == 6
