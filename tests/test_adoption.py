"""Runs that are trained alike share their training, and come out as if alone."""

import dataclasses
import json
import shutil

import pytest

from damldg_jax.errors import InputError
from experiments import loop
from experiments.adoption import is_adopted, training_of
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.plan import make_plan
from tests.test_features_end_to_end import settings, write_corpora

NAMES = ("one", "two", "three", "four")
SIDES = "one+two-to-"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("adoption")
    write_corpora(folder, frames=4, corpora=NAMES)
    return folder


@pytest.fixture(scope="module")
def config(place):
    return settings(
        place,
        names=NAMES,
        sources=("one", "two"),
        target="three",
        also_test=("four",),
        methods=("deep_all",),
        trials=2,
        steps=5,
        evaluate_every=2,
        hidden_units="",
        workdir=place / "both",
    )


@pytest.fixture(scope="module")
def both(config):
    """Entries of a command that trains for `three`, and tests on `four` too."""
    return run_experiments(config)


def folder_of(config, target, trial=0):
    return config.workdir / "runs" / f"{SIDES}{target}" / "deep_all" / f"trial_{trial}"


@pytest.fixture
def calls(monkeypatch):
    """First steps of what is trained."""
    found = []
    train = loop._train

    def counted(trainees, first, programs):
        found.append((trainees[0].run.split.target, first))
        return train(trainees, first, programs)

    monkeypatch.setattr(loop, "_train", counted)
    return found


def test_an_adopted_run_comes_out_as_one_that_was_trained_by_itself(
    config, both, place, calls
):
    # Without `three`: another data set, and another program.
    alone = dataclasses.replace(
        config,
        corpora=[entry for entry in config.corpora if "three" not in entry],
        target="four",
        also_test=(),
        workdir=place / "alone",
    )
    expected = run_experiments(alone)
    assert calls == [("four", 0)] * 2
    mine = [entry for entry in both if entry["target"] == "four"]
    assert len(mine) == len(expected) == 4
    for entry, other in zip(mine, expected, strict=True):
        assert (entry["scenario"], other["scenario"]) == ("also_test", "custom")
        own = {"scenario": "custom", "seconds": other["seconds"]}
        assert entry | own == other
    for trial in (0, 1):
        folder, other = (folder_of(c, "four", trial) for c in (config, alone))
        assert is_adopted(folder)
        assert not is_adopted(other)
        for name in ("predictions.csv", "metrics.jsonl"):
            assert (folder / name).read_bytes() == (other / name).read_bytes()
        assert json.loads((folder / "run.json").read_text()) == json.loads(
            (other / "run.json").read_text()
        )
        assert [p.name for p in (folder / "checkpoints").iterdir()] == ["5"]


def test_who_was_trained_by_itself_says_nothing_of_others(config, both):
    assert not is_adopted(folder_of(config, "three"))
    told = json.loads((folder_of(config, "four", 1) / "adopted.json").read_text())
    assert told == {"training_of": f"runs/{SIDES}three/deep_all/trial_1"}


def test_the_time_of_training_counts_once(config, both):
    """What the checkpoint tells of it, as another run may take over from this one."""
    seconds = {(e["target"], e["trial"]): e["seconds"] for e in both}
    for name in ("three", "four"):
        checkpoint = folder_of(config, name) / "checkpoints" / "5"
        progress = json.loads((checkpoint / "progress" / "metadata").read_text())
        assert (progress["seconds"] > seconds[name, 0]) == (name == "four")


def copied(config, both, place, name):
    workdir = place / name
    shutil.copytree(config.workdir, workdir)
    return dataclasses.replace(config, workdir=workdir)


def test_an_adoption_that_was_cut_short_is_done_again(config, both, place, calls):
    again = copied(config, both, place, "cut")
    folder = folder_of(again, "four")
    # As killed after the metrics and before the checkpoint, of a run that had begun.
    (folder / "result.json").unlink()
    (folder / "checkpoints" / "5").rename(folder / "checkpoints" / "2")
    (folder / "adopting" / "checkpoints").mkdir(parents=True)
    run_experiments(again)
    assert calls == [("four", 5)]
    assert is_adopted(folder)
    assert not (folder / "adopting").exists()
    assert (folder / "predictions.csv").read_bytes() == (
        folder_of(config, "four") / "predictions.csv"
    ).read_bytes()


@pytest.mark.parametrize(
    "lost", ["result.json", "metrics.jsonl", "checkpoints", "run", "a step of the log"]
)
def test_only_what_is_finished_is_taken_over(config, both, place, calls, lost):
    again = copied(config, both, place, lost)
    shutil.rmtree(folder_of(again, "four"))
    other = folder_of(again, "three")
    if lost == "checkpoints":
        shutil.rmtree(other / lost / "5")
    elif lost == "a step of the log":
        lines = (other / "metrics.jsonl").read_text().splitlines(keepends=True)
        (other / "metrics.jsonl").write_text("".join(lines[1:]))
    else:
        (other / lost.replace("run", "run.json")).unlink()
    alone = dataclasses.replace(again, target="four", also_test=(), trials=1)
    run_experiments(alone)
    assert calls == [("four", 0)]
    assert not is_adopted(folder_of(again, "four"))


def test_what_was_taken_over_and_found_damaged_is_not_taken_over_again(
    config, both, place, calls
):
    again = copied(config, both, place, "damaged")
    folder = folder_of(again, "four")
    (folder / "result.json").unlink()
    (folder / "damaged_checkpoints").mkdir()
    (folder / "checkpoints" / "5").rename(folder / "damaged_checkpoints" / "5")
    run_experiments(again)
    assert calls == [("four", 0)]


def test_other_settings_data_or_training_utterances_are_other_trainings(config, both):
    account = json.loads((folder_of(config, "three") / "run.json").read_text())
    assert training_of(account) == training_of(
        {
            **account,
            "target": "four",
            "split_hash": "0",
            "data": {**account["data"], "four": "1"},
        }
    )
    for change in (
        {"seed": 9},
        {"training_hash": "0"},
        {"momentum": 0.8},
        {"data": {**account["data"], "one": "1"}},
    ):
        assert training_of(account) != training_of({**account, **change})
    # As an earlier version wrote it.
    account.pop("training_hash")
    assert training_of(account) is None


def test_runs_of_an_earlier_version_go_on_and_are_taken_over(
    config, both, place, calls
):
    again = copied(config, both, place, "earlier")
    shutil.rmtree(folder_of(again, "four"))
    shutil.rmtree(folder_of(again, "four", 1))
    for trial in (0, 1):
        path = folder_of(again, "three", trial) / "run.json"
        account = json.loads(path.read_text())
        del account["training_hash"]
        path.write_text(json.dumps(account))
    run_experiments(again)
    assert calls == [("four", 5)] * 2


def plan(**settings):
    return [tuple(split) for split in make_plan(Config(**settings)).splits]


def test_further_corpora_are_tested_and_never_trained_on():
    corpora = ("emodb", "savee", "emovo", "nemo")
    assert plan(corpora=corpora, target="all", also_test="nemo,turev") == [
        ("leave_one_out", ("emovo", "savee"), "emodb"),
        ("leave_one_out", ("emodb", "emovo"), "savee"),
        ("leave_one_out", ("emodb", "savee"), "emovo"),
        ("also_test", ("emovo", "savee"), "nemo"),
        ("also_test", ("emovo", "savee"), "turev"),
        ("also_test", ("emodb", "emovo"), "nemo"),
        ("also_test", ("emodb", "emovo"), "turev"),
        ("also_test", ("emodb", "savee"), "nemo"),
        ("also_test", ("emodb", "savee"), "turev"),
    ]
    assert plan(corpora=corpora, target="emovo", also_test="nemo") == [
        ("custom", ("emodb", "savee"), "emovo"),
        ("also_test", ("emodb", "savee"), "nemo"),
    ]


def test_a_test_that_is_a_scenario_already_is_done_once():
    assert plan(scenario="1,3", also_test="tess,nemo") == [
        ("1", ("crema_d", "ravdess", "savee"), "iemocap"),
        ("3", ("crema_d", "ravdess", "savee"), "tess"),
        ("also_test", ("crema_d", "ravdess", "savee"), "nemo"),
    ]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"sources": ("emodb", "savee"), "target": "emovo", "also_test": "savee"},
            "'savee' of --also_test is among the sources emodb, savee",
        ),
        (
            {"corpora": "emodb,savee", "target": "within", "also_test": "emovo"},
            "--also_test=emovo .* leave it out where each corpus is divided",
        ),
        ({"target": "emovo", "sources": "emodb,savee", "also_test": "nemi"}, "'nemi'"),
        ({"target": "emovo", "sources": "emodb,savee", "also_test": "a=b"}, "'a=b'"),
    ],
)
def test_what_cannot_be_tested_too_is_refused(settings, told):
    with pytest.raises(InputError, match=told):
        make_plan(Config(**settings))
