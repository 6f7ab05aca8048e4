import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.corpora import list_manifest
from damldg_jax.errors import InputError
from tests.trees import HEADER, recordings, refusal, write


@pytest.fixture
def folder(tmp_path):
    return recordings(tmp_path)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a.wav,angst,1,,", "Unknown emotion 'angst'"),
        ("a.wav,,1,,", "Unknown emotion ''"),
        ("a.wav,fear, ,,", "The speaker is empty"),
        ("a.wav,fear,1,woman,", "The sex 'woman' is none of female, male"),
        ("a.wav,fear,1,,loud", "The arousal 'loud' is no number; leave it empty"),
        ("a.wav,fear,1,,inf", "The arousal 'inf' is no number"),
        ("a.wav,fear,1,,nan", "The arousal 'nan' is no number"),
        ("notes.txt,fear,1,,", "The path 'notes.txt' does not end in .wav or .flac"),
        (",fear,1,,", "The path '' does not end in"),
        ("/a.wav,fear,1,,", "The path '/a.wav' leaves the folder of the manifest"),
        ("sub/../a.wav,fear,1,,", "The path 'sub/../a.wav' leaves the folder"),
        ("a.wav,fear,1", "has 3 values for 5 columns; put values"),
        ("a.wav,fear,1,,,", "has 6 values for 5 columns"),
    ],
)
def test_bad_rows_are_told_with_line_value_and_reason(folder, row, problem):
    text = f"path,emotion,speaker,sex,arousal\nb.flac,fear,1,,\n{row}\n"
    message = refusal(folder, text)
    assert "Correct 1 row(s)" in message
    assert f"line 3: {problem.format(folder=folder)}" in message


def test_all_bad_rows_are_told_at_once(folder):
    rows = ["a.wav,fear,1", '"x\ny.wav",fear,', "b.flac,bad,2", "./a.wav,fear,1"]
    message = refusal(folder, HEADER + "\n".join(rows))
    assert "Correct 3 row(s)" in message
    lines = [
        line.split(":")[0].strip() for line in message.splitlines() if "line " in line
    ]
    assert lines == ["line 3", "line 5", "line 6"]
    assert "The speaker is empty" in message
    assert f"'{folder / 'a.wav'}' repeats line 2" in message


def test_one_recording_in_two_formats_is_a_repetition(folder):
    (folder / "a.flac").touch()
    message = refusal(folder, HEADER + "a.wav,fear,1\na.flac,fear,1\n")
    assert f"line 3: '{folder / 'a.flac'}' repeats line 2" in message


def test_long_lists_of_bad_rows_are_cut(folder):
    message = refusal(folder, HEADER + "a.wav,boldness,1\n" * 50)
    assert "Correct 50 row(s)" in message
    assert "line 21: " in message
    assert "line 22: " not in message
    assert message.endswith("and 30 more rows")


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "../m/a.wav",
        "/a.wav",
        "a.wav",
        "x/../../a.wav",
        "..",
        "~/a.wav",
        "\0.wav",
        "y" * 300 + ".wav",
    ]
)


@settings(deadline=None)  # It waits for files.
@given(cells=st.lists(CELL, max_size=3), tail=st.binary(max_size=20))
def test_no_manifest_crashes_or_leaves_its_folder(tmp_path_factory, cells, tail):
    outer = tmp_path_factory.mktemp("outer")
    (outer / "m").mkdir()
    for path in (outer / "a.wav", outer / "m" / "a.wav"):
        path.touch()
    rows = "".join(f"{cell},fear,1\n" for cell in cells)
    path = write(outer / "m", (HEADER + rows).encode() + tail)
    try:
        found = list_manifest("mine", path).utterances
    except InputError:
        return
    for utterance in found:
        real = os.path.realpath(utterance.path)
        assert Path(real).is_relative_to(os.path.realpath(outer / "m"))
