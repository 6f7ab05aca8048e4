"""A finished run that was changed later, be it by a digit, is not believed."""

import json
import re

import pytest

from damldg_jax.errors import InputError
from experiments.report.run_folders import find_runs
from experiments.results import read_entries
from experiments.seals import SEAL, changed, write_result
from tests.fake_runs import write_run


@pytest.fixture
def run(tmp_path):
    """The folder of a finished run that is sealed, beside one of an earlier version."""
    write_run(tmp_path, trial=0)
    folder = write_run(tmp_path, trial=1)
    path = folder / "result.json"
    write_result(path, json.loads(path.read_text()))
    return folder


def turn_a_digit(path):
    """Makes a figure another possible one."""
    content = path.read_bytes()
    place = list(re.finditer(rb"\d", content))[-1].start()
    digit = b"1" if content[place : place + 1] != b"1" else b"2"
    path.write_bytes(content[:place] + digit + content[place + 1 :])


def test_what_nobody_changed_is_read(run):
    assert changed(run) == []
    assert read_entries(run / "result.json", "a")[0]["scenario"] == "a"
    assert len(find_runs([run.parent]).runs) == 2


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("result.json", "result.json is damaged .* Delete it"),
        ("predictions.csv", r"result.json is damaged \(predictions.csv: .* Delete it"),
        ("metrics.jsonl", r"metrics.jsonl is damaged .* Delete its folder"),
    ],
)
def test_a_digit_that_has_turned_is_told(run, name, remedy):
    turn_a_digit(run / name)
    assert changed(run) == [name]
    with pytest.raises(InputError, match=remedy):
        read_entries(run / "result.json", "a")
    found = find_runs([run.parent])
    assert [record.folder.name for record in found.runs] == ["trial_0"]
    assert f"{run} is damaged and left out" in found.warnings[0]
    # Sealed as it is now, as the same command does that the message asks for.
    write_result(run / "result.json", json.loads((run / "result.json").read_text()))
    assert changed(run) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"result.json": "0"}'])
def test_digests_that_are_damaged_are_told(run, content):
    (run / SEAL).write_text(content)
    with pytest.raises(InputError, match=r"result.json is damaged .* Delete it"):
        read_entries(run / "result.json", "a")
    assert len(find_runs([run.parent]).runs) == 1


def test_a_run_of_an_earlier_version_is_taken_as_it_is(run):
    (run / SEAL).unlink()
    turn_a_digit(run / "metrics.jsonl")
    assert len(find_runs([run.parent]).runs) == 2
    assert read_entries(run / "result.json", "a")
