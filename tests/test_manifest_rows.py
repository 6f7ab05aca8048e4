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
    (tmp_path / "m").mkdir()
    return recordings(tmp_path / "m")


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
        ("a.mp3,fear,1,,", "The path 'a.mp3' does not end in .wav or .flac (or"),
        ("/a.wav,fear,1,,", "The path '/a.wav' leaves the folder of the manifest"),
        ("C:\\x\\a.wav,fear,1,,", "The path 'C:\\x\\a.wav' leaves the folder"),
        ("c:/a.wav,fear,1,,", "The path 'c:/a.wav' leaves the folder"),
        ("\\\\x\\a.wav,fear,1,,", "The path '\\\\x\\a.wav' leaves the folder"),
        ("sub\\c d.WAV,fear,1,,", "The path 'sub\\c d.WAV' has a backslash; separate"),
        ("..\\a.wav,fear,1,,", "The path '..\\a.wav' has a backslash"),
        ("out.wav,fear,1,,", "The path 'out.wav' is a link that leaves the folder"),
        ("up/x.wav,fear,1,,", "The path 'up/x.wav' is a link that leaves the folder"),
        ('a.wav,fear,"1\n2",,', r"The speaker '1\n2' holds a control character"),
        ("a.wav,fear,1\0,,", r"The speaker '1\x00' holds a control character"),
        ("a.wav,fe\x1b[1mar,1,,", r"Unknown emotion 'fe\x1b[1mar'"),
        ("a\0.wav,fear,1,,", r"The path 'a\x00.wav' leaves the folder"),
        (
            'a.wav,fear,1,,"0,5"',
            "The arousal '0,5' is no number; leave it empty",
        ),
        ("sub/../a.wav,fear,1,,", "The path 'sub/../a.wav' leaves the folder"),
        ("a.wav,fear,1", "has 3 values for 5 columns; put values"),
        ("a.wav,fear,1,,,", "has 6 values for 5 columns"),
    ],
)
def test_bad_rows_are_told_with_line_value_and_reason(folder, row, problem):
    (folder / "out.wav").symlink_to(folder.parent / "x.wav")
    (folder / "up").symlink_to(folder.parent)
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


COMPOSED, DECOMPOSED = "Jos\u00e9", "Jose\u0301"


@pytest.mark.parametrize("on_disk", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("written", [COMPOSED, DECOMPOSED])
def test_names_are_found_in_either_form_of_unicode(folder, written, on_disk):
    (folder / f"{on_disk}.wav").touch()
    path = write(folder, HEADER + f"{written}.wav,fear,{written}\na.wav,fear,{on_disk}")
    found, _ = list_manifest("mine", path)
    assert found[0].path == folder / f"{on_disk}.wav"
    assert {u.speaker for u in found} == {COMPOSED}


def test_twins_in_both_forms_of_unicode_are_two(folder):
    rows = f"{COMPOSED}.wav,fear,1\n{DECOMPOSED}.wav,fear,1\n"
    (folder / f"{COMPOSED}.wav").touch()
    message = refusal(folder, HEADER + rows)
    assert f"line 3: '{folder / COMPOSED}.wav' repeats line 2" in message
    (folder / f"{DECOMPOSED}.wav").touch()
    found, _ = list_manifest("mine", write(folder, HEADER + rows))
    assert [u.path.stem for u in found] == [DECOMPOSED, COMPOSED]


def test_links_that_stay_inside_are_fine(folder):
    (folder / "in.wav").symlink_to(folder / "a.wav")
    (folder.parent / "link").symlink_to(folder)
    write(folder, HEADER + "in.wav,fear,1\n-a.ogg,fear,1\n")
    found, _ = list_manifest("mine", folder.parent / "link" / "mine.csv")
    assert [u.name for u in found] == ["-a", "in"]


def test_long_lists_of_bad_rows_are_cut(folder):
    rows = "".join(f"a.wav,boldness{number},1\n" for number in range(50))
    message = refusal(folder, HEADER + rows)
    assert "Correct 50 row(s)" in message
    assert "line 21: " in message
    assert "line 22: " not in message
    assert message.endswith("and 30 more rows")


def test_what_is_wrong_in_many_rows_is_told_once(folder):
    rows = "a.wav,angr,1\n" * 32 + "b.flac,fear,\n"
    message = refusal(folder, HEADER + rows)
    assert "Correct 33 row(s)" in message
    assert message.count("Unknown emotion 'angr'. Did you mean 'anger'?") == 1
    assert "32 rows, lines 2, 3, 4 and 29 more: Unknown emotion" in message
    assert "line 34: The speaker is empty" in message


def test_the_words_of_an_emotion_that_would_do_are_all_told(folder):
    assert "unlabelled" in refusal(folder, HEADER + "a.wav,angst,1\n")


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
