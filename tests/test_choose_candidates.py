"""Runs of candidates: which count, and which cannot be compared."""

import json
from pathlib import Path

import pytest

from damldg_jax.corpora.scenarios import LEAVE_TWO_OUT
from damldg_jax.errors import InputError
from experiments.choose.candidates import read_candidates
from experiments.choose.command import judge
from tests.fake_runs import utterances, write_run
from tests.test_choose import candidate


def test_a_directory_counts_once_and_by_itself(tmp_path, monkeypatch):
    one = candidate(tmp_path / "all" / "one")
    candidate(tmp_path / "all" / "two", skill=3.0, account={"weight_decay": 1.0})
    monkeypatch.chdir(one.parent)
    twice = read_candidates([one, Path("../all/one")], "last")
    assert [len(runs) for runs in twice.values()] == [12]
    with pytest.raises(InputError, match="Name each work directory instead of"):
        read_candidates([one.parent], "last")


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("speaker", "other", "of speaker other; 1 differ"),
        ("label", "anger", "anger of"),
    ],
)
def test_labels_and_speakers_must_be_alike(tmp_path, column, value, told):
    also = {"scenario": LEAVE_TWO_OUT}
    write_run(tmp_path / "one", also=also)
    changed = utterances("savee")
    assert changed[1][column] != value
    changed[1] = {**changed[1], column: value}
    write_run(tmp_path / "two", corpora={"savee": changed}, also=also)
    with pytest.raises(InputError, match=f"savee_s0_1 is hap.*{told}.*labelled alike"):
        read_candidates([tmp_path / "one", tmp_path / "two"], "last")


def test_a_step_that_no_run_has_is_told(tmp_path, capsys):
    folder = candidate(tmp_path / "one")
    for file in folder.rglob("result.json"):
        kept = [e for e in json.loads(file.read_text()) if e["selection"] == "last"]
        file.write_text(json.dumps(kept))
    assert read_candidates([folder], "last")
    with pytest.raises(InputError, match=r"no best step.*--validation_fraction above"):
        read_candidates([folder], "best")
    # A method that has it is chosen by it all the same.
    candidate(folder, method="da_mldg")
    assert [method for _, method in read_candidates([folder], "best")] == ["da_mldg"]
    assert "deep_all has no best step and is left out" in capsys.readouterr().err


def test_runs_that_were_first_done_for_another_scenario_count(tmp_path):
    """A command that tests the same again finds them done, and leaves their word."""
    folder = candidate(tmp_path / "one")
    file = next(folder.rglob("result.json"))
    file.write_text(file.read_text().replace(LEAVE_TWO_OUT, "custom"))
    write_run(folder, "d", ("a", "b", "c"), also={"scenario": "custom"})
    # And a trial of which there is no other one.
    write_run(folder, "c", ("a", "b"), trial=1, also={"scenario": "custom"})
    (runs,) = read_candidates([folder], "last").values()
    assert len(runs) == 12
    assert judge({("one", "deep_all"): runs}, "last").scores


def test_runs_of_another_target_are_no_candidates(tmp_path):
    write_run(tmp_path / "one")
    with pytest.raises(InputError, match="no run of --target=inner"):
        read_candidates([tmp_path / "one"], "last")


def test_scores_of_other_tasks_are_not_compared(tmp_path):
    also = {"scenario": LEAVE_TWO_OUT}
    write_run(tmp_path / "one", also=also)
    write_run(tmp_path / "same", trial=1, skill=3.0, also=also)
    fewer = {"savee": utterances("savee")[:-1]}
    write_run(tmp_path / "fewer", corpora=fewer, also=also)
    assert len(read_candidates([tmp_path / "one", tmp_path / "same"], "last")) == 2
    with pytest.raises(InputError, match=r"one.* and .*fewer.* the same utterances"):
        read_candidates([tmp_path / "one", tmp_path / "fewer"], "last")
    folder = write_run(tmp_path / "words", also=also)
    for file in (*folder.glob("*.csv"), *folder.glob("*.json")):
        file.write_text(file.read_text().replace("anger", "calm"))
    with pytest.raises(InputError, match=r"tells apart anger.*words/.* calm.*--emotio"):
        read_candidates([tmp_path / "one", tmp_path / "words"], "last")
