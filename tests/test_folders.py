"""Corpora that have a folder for each emotion."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.corpora.folders import UNKNOWN_SPEAKER, list_folders
from damldg_jax.errors import InputError
from tests.trees import make


def listed(folder, *names):
    found, notices = list_folders("mine", make(folder, *names))
    return {u.name: (u.emotion, u.speaker) for u in found}, notices


UNTOLD = (
    "mine: its folders tell no speakers apart. All of it counts as one speaker, "
    "'unknown', and no speaker can be kept for validation. A manifest can tell the "
    "speakers: --corpora=mine=path/to/manifest.csv."
)


def test_folders_are_emotions_in_any_case_and_wording(tmp_path):
    found, notices = listed(
        tmp_path, "Angry/a.wav", "HAPPY/b.WAV", "Neutral/c.flac", "sadness/d e.wav"
    )
    assert found == {
        "Angry/a": ("anger", "unknown"),
        "HAPPY/b": ("happiness", "unknown"),
        "Neutral/c": ("neutral", "unknown"),
        "sadness/d e": ("sadness", "unknown"),
    }
    assert notices == (UNTOLD,)


@pytest.mark.parametrize(
    "names",
    [
        ("Sad/speaker3/x.wav", "Angry/speaker3/x.wav", "Sad/Speaker1/x.wav"),
        ("speaker3/Sad/x.wav", "speaker3/Angry/x.wav", "Speaker1/Sad/x.wav"),
        ("d/speaker3/Sad/x.wav", "d/speaker3/Angry/x.wav", "e/Speaker1/Sad/x.wav"),
        ("d/Sad/speaker3/1/x.wav", "d/Angry/speaker3/1/x.wav", "d/Sad/Speaker1/x.wav"),
        ("train/Sad/speaker3/x.wav", "test/Angry/speaker3/x.wav", "Sad/Speaker1/x.wav"),
        ("speaker3/Sad/w/x.wav", "speaker3/Angry/w/x.wav", "Speaker1/Sad/w/x.wav"),
        ("Sad/speaker3/x.wav", "speaker3/Angry/x.wav", "Speaker1/Sad/x.wav"),
        ("Sad/sad/speaker3/x.wav", "Angry/SPEAKER3/x.wav", "Sad/Speaker1/x.wav"),
    ],
)
def test_speakers_are_the_folders_beside_the_emotions(tmp_path, names):
    found, notices = listed(tmp_path, *names)
    assert {name.split("/")[-1] for name in found} == {"x"}
    spelled = {speaker.lower() for _, speaker in found.values()}
    assert spelled == {"speaker1", "speaker3"}
    assert len({speaker for _, speaker in found.values()}) == 2
    assert len(notices) == 1
    assert notices[0].startswith("mine: its 2 speakers are taken to be the folders ")
    assert "Speaker1" in notices[0]
    assert "--corpora=mine=path/to/manifest.csv" in notices[0]


def test_one_speaker_in_two_forms_of_unicode_is_one(tmp_path):
    composed, decomposed = "Jos\u00e9", "Jose\u0301"
    found, _ = listed(
        tmp_path, f"Sad/{composed}/a.wav", f"Angry/{decomposed}/a.wav", "Sad/Eva/a.wav"
    )
    assert len({speaker for _, speaker in found.values()}) == 2


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("Urdu/Sad/a.wav", "Urdu/Angry/b.wav"), "its folders tell no speakers apart"),
        (("train/Sad/a.wav", "test/Sad/b.wav"), "its folders tell no speakers apart"),
        (
            ("Sad/s1/a.wav", "Sad/s2/a.wav", "Sad/b.wav"),
            "only some recordings lie in a folder of a speaker (s1, s2), 1 do not",
        ),
        (
            ("s1/Sad/x/a.wav", "s2/Sad/y/a.wav"),
            "the folders right above the emotions' (s1, s2) and right below them "
            "(x, y) may both be of speakers",
        ),
        (
            ("p1/A/Sad/a.wav", "p2/A/Sad/a.wav", "p1/B/Sad/a.wav"),
            "folders of one name lie in several folders (a) and may be of several "
            "speakers, or of none",
        ),
        (
            ("female/s1/Sad/a.wav", "male/s1/Sad/a.wav", "male/s2/Sad/a.wav"),
            "folders of one name lie in several folders (s1) and may be of several "
            "speakers, or of none",
        ),
        (
            ("Sad/A/p1/a.wav", "Sad/A/p2/a.wav", "Sad/B/p1/a.wav"),
            "folders of one name lie in several speakers' (p1) and may be the speakers "
            "themselves",
        ),
        (("Sad/high/a.wav", "Sad/low/a.wav"), "its folders tell no speakers apart"),
        (("strong/Sad/a.wav", "weak/Sad/a.wav"), "its folders tell no speakers apart"),
        (("male/Sad/a.wav", "female/Sad/a.wav"), "its folders tell no speakers apart"),
        (
            ("Sad/Session1/a.wav", "Sad/Session2/a.wav"),
            "its folders tell no speakers apart",
        ),
    ],
)
def test_speakers_that_are_not_sure_are_told_and_count_as_one(tmp_path, names, problem):
    found, notices = listed(tmp_path, *names)
    assert {speaker for _, speaker in found.values()} == {UNKNOWN_SPEAKER}
    assert len(found) == len(names)
    assert notices[0].startswith(f"mine: {problem}. All of it counts as one speaker")


@pytest.mark.parametrize(
    "names",
    [
        ("p1/Session1/Sad/a.wav", "p2/Session1/Sad/a.wav", "p1/Session2/Sad/a.wav"),
        ("Session1/p1/Sad/a.wav", "Session2/p1/Sad/a.wav", "Session1/p2/Sad/a.wav"),
        ("p1/Sad/loud/a.wav", "p2/Angry/low/a.wav"),
        ("Sad/strong/p1/a.wav", "Sad/weak/p1/a.wav", "Sad/weak/P2/a.wav"),
        ("train/p1/Sad/a.wav", "test/p1/Sad/a.wav", "test/p2/Sad/a.wav"),
        ("p1/wav/Sad/a.wav", "p2/wav/Sad/a.wav"),
        ("m/p1/Sad/a.wav", "f/p2/Sad/a.wav"),
    ],
)
def test_folders_of_sessions_manners_and_splits_are_passed_over(tmp_path, names):
    found, notices = listed(tmp_path, *names)
    assert {speaker.lower() for _, speaker in found.values()} == {"p1", "p2"}
    assert all(f"{s.lower()}/" in name.lower() for name, (_, s) in found.items())
    assert len(notices) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("Female", "MALE"), ("f", "m"), ("Women", "man")]
)
@pytest.mark.parametrize("layout", ["{}/s{}/Sad/a.wav", "Sad/{}/s{}/a.wav"])
def test_folders_of_a_sex_tell_it(tmp_path, layout, one, other):
    folder = make(tmp_path, layout.format(one, 1), layout.format(other, 2))
    found, _ = list_folders("mine", folder)
    assert {u.speaker: u.sex for u in found} == {"s1": "female", "s2": "male"}


def test_speakers_of_one_letter_have_no_sex(tmp_path):
    found, _ = list_folders("mine", make(tmp_path, *(f"{s}/Sad/a.wav" for s in "fma")))
    assert {u.speaker: u.sex for u in found} == {"f": "", "m": "", "a": ""}


def test_what_is_left_out_is_told_by_name(tmp_path):
    (tmp_path / "Sad").mkdir()
    (tmp_path / "Sad" / "gone.wav").symlink_to(tmp_path / "nothing.wav")
    found, notices = listed(
        tmp_path / "m",
        *("Sad/a.wav", "Sad/a.flac", "loose.wav", "Hapy/b.wav", "anger_1/c.wav"),
        *("Sad/Angry/d.wav", "Neutral/s/Calm/e.wav", "Other/f.wav", "Sad/notes.txt"),
    )
    assert list(found) == ["Sad/a"]
    assert notices[1:] == (
        "mine: 2 audio file(s) left out, in folders of contradictory emotions: "
        "Neutral/s/Calm/e.wav, Sad/Angry/d.wav.",
        "mine: 4 audio file(s) left out, in no folder named after an emotion: "
        "Hapy/b.wav, Other/f.wav, anger_1/c.wav and 1 more.",
        "mine: 1 audio file(s) left out, same recording as one that is listed: "
        "Sad/a.wav.",
    )


def test_links_are_told(tmp_path):
    outside = make(tmp_path / "outside", "x.wav")
    folder = make(tmp_path / "m", "Sad/a.wav")
    (folder / "Sad" / "b.wav").symlink_to(folder / "missing.wav")
    (folder / "Sad" / "c.wav").symlink_to(outside / "x.wav")
    (folder / "Sad" / "inside.wav").symlink_to(folder / "Sad" / "a.wav")
    (tmp_path / "link").symlink_to(folder)
    found, notices = list_folders("mine", tmp_path / "link")
    assert [u.name for u in found] == ["Sad/a", "Sad/inside"]
    assert "link that leads out of the folder" in notices[1]
    assert notices[1].endswith(": Sad/c.wav.")
    assert notices[2].endswith("link to no file: Sad/b.wav.")


@pytest.mark.parametrize("names", [(), ("a.wav",), ("Sad/Angry/a.wav",)])
def test_nothing_found_is_told_with_layout_and_remedy(tmp_path, names):
    with pytest.raises(InputError) as raised:
        list_folders("mine", make(tmp_path, *names))
    message = str(raised.value)
    assert f"{tmp_path} holds no recording." in message
    assert ("left out" in message) == bool(names)
    assert "one folder for each emotion, such as Sad/x.wav, Sad/speaker3/x" in message
    assert "anger, happiness, sadness, disgust, fear, neutral" in message
    assert "--corpora=mine=path/to/manifest.csv" in message


@pytest.mark.parametrize("name", ["nowhere", "file", "nul\0", "y" * 4000])
def test_a_folder_that_is_none(tmp_path, name):
    make(tmp_path, "file")
    with pytest.raises(InputError, match="There is no folder"):
        list_folders("mine", tmp_path / name)


PART = st.sampled_from(["Sad", "angry", "FEAR", "s1", "S1", "s2", "train"]) | st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=6,
).filter(lambda part: not part.startswith("."))


@settings(max_examples=60)
@given(paths=st.lists(st.lists(PART, max_size=4), min_size=1, max_size=6))
def test_every_recording_is_listed_or_told(tmp_path_factory, paths):
    folder = tmp_path_factory.mktemp("mine")
    names = {os.path.join("w", *parts, f"{i}.wav") for i, parts in enumerate(paths)}
    make(folder, *names)
    try:
        found, notices = list_folders("mine", folder)
    except InputError as error:
        found, notices = (), (str(error),)
    told = re.findall(r"(\d+) audio file\(s\) left out", "".join(notices))
    assert len(found) + sum(map(int, told)) == len(names)
    assert {u.path.relative_to(folder).as_posix() for u in found} <= {
        Path(name).as_posix() for name in names
    }
    assert all(u.speaker for u in found)
    assert len({u.speaker == UNKNOWN_SPEAKER for u in found}) <= 1
    assert all("\n" not in notice for notice in notices)
