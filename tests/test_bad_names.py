"""Names of files and folders that are odd, and a quick form of the fuzzer."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.corpora import CORPORA, list_utterances
from damldg_jax.corpora.files import ALL_SUFFIXES, audio_files, printable, shown_name
from damldg_jax.corpora.folders import list_folders
from tests import fuzz
from tests.trees import make

EMODB = CORPORA["emodb"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b.wav", "a b.wav"),
        (
            "\u05e9\u05dc\u05d5\u05dd \u60b2 Jos\u00e9",
            "\u05e9\u05dc\u05d5\u05dd \u60b2 Jos\u00e9",
        ),
        ("x\ny\t\x1b[31m", r"x\ny\t\x1b[31m"),
        ("a\u202eb", r"a\u202eb"),
        ("\udcff.wav", r"\xff.wav"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_names_are_shown_in_one_line(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown


def test_twins_of_unicode_are_two_files(tmp_path):
    names = ("Jos\u00e9.wav", "Jose\u0301.wav")
    assert len(audio_files(make(tmp_path, *names))) == 2
    found, _ = list_folders("mine", make(tmp_path / "m", *(f"Sad/{n}" for n in names)))
    assert len({u.name for u in found}) == 2


def test_of_one_name_the_lossless_file_counts(tmp_path):
    make(tmp_path, *(f"Sad/x{suffix}" for suffix in (*ALL_SUFFIXES, ".mp3")))
    (found,), notices = list_folders("mine", tmp_path)
    assert found.path.name == "x.flac"
    assert "6 audio file(s) left out, same recording" in notices[1]
    (tmp_path / "Sad" / "x.flac").unlink()
    assert list_folders("mine", tmp_path)[0][0].path.name == "x.wav"


def test_formats_that_are_not_read_are_told(tmp_path):
    make(tmp_path, "Sad/a.mp3", "Sad/b.m4a", "Sad/c.OPUS", "Sad/d.aif", "Sad/e.txt")
    make(tmp_path, "Sad/f.wave", "Sad/g.AU")
    found, notices = list_folders("mine", tmp_path)
    assert [u.name for u in found] == ["Sad/c", "Sad/d"]
    assert notices[1] == (
        "mine: 4 audio file(s) left out, in a format that is not read (convert to WAV "
        "or FLAC): Sad/a.mp3, Sad/b.m4a, Sad/f.wave and 1 more."
    )


def test_a_link_in_plain_sight_shows_a_hidden_folder(tmp_path):
    make(tmp_path, ".store/03a01Wa.wav", "16a01Na.wav")
    (tmp_path / "wav").symlink_to(tmp_path / ".store")
    found, notices = list_utterances(EMODB, tmp_path)
    assert [u.name for u in found] == ["16a01Na", "wav/03a01Wa"]
    assert notices == ()


def test_folders_and_pipes_that_are_named_like_recordings(tmp_path):
    make(tmp_path, "03a01Wa.wav/03a02Wa.wav", "16a01Na.wav")
    (tmp_path / "empty.wav").mkdir()
    os.mkfifo(tmp_path / "03a05Wa.wav")
    found, notices = list_utterances(EMODB, tmp_path)
    assert [u.name for u in found] == ["03a01Wa.wav/03a02Wa", "16a01Na"]
    assert notices == (
        "emodb: 2 audio file(s) left out, folder that is named like a recording (only "
        "what lies in it is read): 03a01Wa.wav, empty.wav.",
        "emodb: 1 audio file(s) left out, no ordinary file: 03a05Wa.wav.",
    )


def test_a_folder_for_each_file_is_no_speaker(tmp_path):
    make(tmp_path, "Sad/a.wav/a.wav", "Angry/b.wav/b.wav", "Sad/c.MP3/d.wav")
    found, notices = list_folders("mine", tmp_path)
    assert {u.speaker for u in found} == {"unknown"}
    assert notices[1].startswith(
        "mine: 3 audio file(s) left out, folder that is named like a recording"
    )


def test_names_in_notices_take_one_line(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/x\xff\ny.wav")
    make(tmp_path, "03a01Wa.wav", path)
    (notice,) = list_utterances(EMODB, tmp_path).notices
    assert notice.endswith(r"name not recognised: x\xff\ny.wav.")
    assert shown_name(Path(path), tmp_path) == r"x\xff\ny.wav"


def test_a_name_in_bytes_and_its_escape_are_not_taken_for_one(tmp_path):
    make(tmp_path, r"Sad/\xff.wav", "Sad/\udcff.wav")
    found, notices = list_folders("mine", tmp_path)
    assert len(found) == 1
    assert "1 audio file(s) left out, same recording" in notices[1]


@pytest.mark.parametrize("kind", fuzz.CASES)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_whatever_comes_ends_in_a_reading_or_a_message(kind, seed):
    assert fuzz.attempt(kind, seed) in ("read", "refused")


@pytest.mark.parametrize("kind", fuzz.CASES)
def test_the_fuzzer_reaches_readings_and_refusals(kind):
    assert {fuzz.attempt(kind, seed) for seed in range(15)} == {"read", "refused"}
