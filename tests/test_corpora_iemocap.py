"""IEMOCAP, whose labels lie in files of their own."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.corpora import CORPORA, list_utterances
from damldg_jax.errors import InputError
from tests.trees import make, make_iemocap, write_labels

IEMOCAP = CORPORA["iemocap"]
FOLDER = "Session1/dialog/EmoEvaluation"
WAV = "Session1/sentences/wav"
LINE = "[6.2901 - 8.2357]\t{}\t{}\t[2.5000, 3.0000, 4.1250]\n"


def test_turns_have_labels_dimensions_and_speakers(tmp_path):
    make_iemocap(
        tmp_path / "IEMOCAP_full_release",
        Ses01F_impro01_F000="neu 2.5 3 4.125",
        Ses01F_impro01_M001="xxx",
        Ses05M_script01_1b_F012="oth",
        Ses03F_impro05a_MXX0="exc 5 1 5.5",
    )
    found, notices = list_utterances(IEMOCAP, tmp_path)
    assert notices == ()
    release = "IEMOCAP_full_release/Session"
    assert [
        (u.name, u.emotion, u.speaker, u.sex, u.valence, u.arousal, u.dominance)
        for u in found
    ] == [
        (
            f"{release}1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000",
            *("neutral", "Ses01F", "female", 2.5, 3, 4.125),
        ),
        (
            f"{release}1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M001",
            *("undecided", "Ses01M", "male", 2, 3, 3),
        ),
        (
            f"{release}3/sentences/wav/Ses03F_impro05a/Ses03F_impro05a_MXX0",
            *("excitement", "Ses03M", "male", 5, 1, 5.5),
        ),
        (
            f"{release}5/sentences/wav/Ses05M_script01_1b/Ses05M_script01_1b_F012",
            *("other", "Ses05F", "female", 2, 3, 3),
        ),
    ]
    assert {(u.language, u.sentence) for u in found} == {("English", "")}


@pytest.mark.parametrize("code", IEMOCAP.emotions)
def test_every_code_is_read(tmp_path, code):
    make_iemocap(tmp_path, Ses02M_impro03_M004=code)
    (found,), _ = list_utterances(IEMOCAP, tmp_path)
    assert found.emotion == IEMOCAP.emotions[code]


def test_what_lies_beside_is_not_read(tmp_path):
    make_iemocap(tmp_path, Ses01F_impro01_F000="neu")
    for folder in ("Attribute", "Categorical", "Self-evaluation"):
        text = LINE.format("Ses01F_impro01_F000", "ang")
        write_labels(tmp_path, f"{FOLDER}/{folder}/Ses01F_impro01_e2_cat.txt", text)
    write_labels(tmp_path, f"{FOLDER}/._Ses01F_impro01.txt", b"\0\5\x16\7[")
    make(tmp_path, "Session1/dialog/wav/Ses01F_impro01.wav", f"{WAV}/._a.wav")
    make(tmp_path, f"{WAV}/Ses01F_impro01/._Ses01F_impro01_F000.wav")
    (found,), notices = list_utterances(IEMOCAP, tmp_path)
    assert found.emotion == "neutral"
    assert notices == (
        "iemocap: 1 audio file(s) left out, whole dialogue, whose turns lie in "
        "sentences/wav: Session1/dialog/wav/Ses01F_impro01.wav.",
    )


def test_turns_without_labels_and_labels_without_turns_are_told(tmp_path):
    make_iemocap(tmp_path, Ses01F_impro01_F000="neu", Ses01F_impro01_F001="ang")
    (tmp_path / f"{WAV}/Ses01F_impro01/Ses01F_impro01_F001.wav").unlink()
    make(tmp_path, f"{WAV}/Ses01F_impro02/Ses01F_impro02_F000.wav")
    found, notices = list_utterances(IEMOCAP, tmp_path)
    assert [u.emotion for u in found] == ["neutral"]
    assert notices == (
        "iemocap: 1 audio file(s) left out, no label of theirs is found (copy the "
        f"label files anew): {WAV}/Ses01F_impro02/Ses01F_impro02_F000.wav.",
        "iemocap: 1 label(s) without a recording: Ses01F_impro01_F001. Copy the "
        "recordings anew if you need them.",
    )


@pytest.mark.parametrize(
    "line",
    [
        "[6.2901 - 8.2357]\tSes01F_impro01_F001\tang\t[2.5000, 2.50",
        "[6.2901 - 8.2357]\tSes01F_impro01_F001\tanger\t[2.5, 2.5, 2.5]",
        "[6.2901 - 8.2357]\tSes01F_impro01_F001\tang\t[2.5, nan, 2.5]",
        "[6.2901 - 8.2357]\tSes01F_impro01_F001\t[2.5, 2.5, 2.5]",
        "[6.2901 8.2357]\tSes01F_impro01_F001\tang\t[2.5, 2.5, 2.5]",
        "[",
    ],
)
def test_damaged_lines_are_told_by_file_and_line(tmp_path, line):
    make(tmp_path, f"{WAV}/Ses01F_impro01/Ses01F_impro01_F001.wav")
    make_iemocap(tmp_path, Ses01F_impro02_F000="neu")
    write_labels(tmp_path, f"{FOLDER}/Ses01F_impro01.txt", line)
    found, notices = list_utterances(IEMOCAP, tmp_path)
    assert [u.emotion for u in found] == ["neutral"]
    assert "no label of theirs is found" in notices[0]
    assert notices[1:] == (
        f"iemocap: 1 damaged line(s) in label files: {FOLDER}/Ses01F_impro01.txt line "
        "3. Turns without a label are left out; copy dialog/EmoEvaluation anew.",
    )


def test_labels_behind_a_link_are_read(tmp_path):
    make_iemocap(tmp_path, Ses01F_impro01_F000="ang")
    (tmp_path / FOLDER).parent.rename(tmp_path / "labels")
    (tmp_path / FOLDER).parent.symlink_to(tmp_path / "labels")
    (tmp_path / "A link").symlink_to(tmp_path / "labels" / "EmoEvaluation")
    (found,), notices = list_utterances(IEMOCAP, tmp_path)
    assert found.emotion == "anger"
    assert notices == ()


def test_a_label_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    make_iemocap(tmp_path, Ses01F_impro01_F000="ang")
    listed = os.scandir

    def refuse(path):
        if str(path).endswith("EmoEvaluation"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="EmoEvaluation: Permission denied"):
        IEMOCAP.labels(tmp_path)


def test_a_pipe_named_like_labels_is_not_waited_for(tmp_path):
    make_iemocap(tmp_path, Ses01F_impro01_F000="ang")
    os.mkfifo(tmp_path / FOLDER / "pipe.txt")
    with pytest.raises(InputError, match=r"pipe\.txt: it is no ordinary file"):
        list_utterances(IEMOCAP, tmp_path)


def test_an_empty_label_file_is_told(tmp_path):
    make_iemocap(tmp_path, Ses01F_impro02_F000="neu")
    write_labels(tmp_path, f"{FOLDER}/Ses01F_impro01.txt", "")
    (notice,) = list_utterances(IEMOCAP, tmp_path).notices
    assert "1 label file(s) hold no label" in notice
    assert f"{FOLDER}/Ses01F_impro01.txt" in notice


def test_two_labels_are_none_but_copies_do_no_harm(tmp_path):
    make_iemocap(tmp_path, Ses01F_impro01_F000="neu 2.5 3 4.125")
    turn = "Ses01F_impro01_F000"
    write_labels(tmp_path, f"copy/{FOLDER}/a.txt", LINE.format(turn, "neu"))
    assert list_utterances(IEMOCAP, tmp_path).notices == ()
    write_labels(tmp_path, f"copy/{FOLDER}/a.txt", LINE.format(turn, "ang"))
    make_iemocap(tmp_path, Ses02F_impro01_F000="neu")
    found, notices = list_utterances(IEMOCAP, tmp_path)
    assert [u.speaker for u in found] == ["Ses02F"]
    assert f"1 turn(s) have two different labels: {turn}." in notices[1]


def test_without_any_label_the_layout_is_told(tmp_path):
    make(tmp_path, f"{WAV}/Ses01F_impro01/Ses01F_impro01_F001.wav")
    with pytest.raises(InputError) as raised:
        list_utterances(IEMOCAP, tmp_path)
    for told in ("no label of theirs", "dialog/EmoEvaluation", "manifest.csv"):
        assert told in str(raised.value)


def test_a_label_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    make_iemocap(tmp_path, Ses01F_impro01_F000="neu")

    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    with pytest.raises(InputError, match=r"Ses01F_impro01\.txt: Permission denied"):
        list_utterances(IEMOCAP, tmp_path)


NUMBERS = st.integers(0, 50_000).map(lambda number: number / 10_000)


@settings(deadline=None)  # It waits for files.
@given(
    session=st.integers(1, 5),
    letters=st.tuples(*[st.sampled_from("FM")] * 2),
    dialogue=st.sampled_from(["impro01", "impro05b", "script01_1", "script01_1b"]),
    number=st.integers(0, 999),
    code=st.sampled_from(sorted(IEMOCAP.emotions)),
    values=st.tuples(NUMBERS, NUMBERS, NUMBERS),
)
def test_generated_labels_are_read_back(
    tmp_path_factory, session, letters, dialogue, number, code, values
):
    turn = f"Ses0{session}{letters[0]}_{dialogue}_{letters[1]}{number:03}"
    folder = tmp_path_factory.mktemp("iemocap")
    make_iemocap(folder, **{turn: " ".join([code, *map(str, values)])})
    (found,), notices = list_utterances(IEMOCAP, folder)
    assert notices == ()
    assert found.speaker == f"Ses0{session}{letters[1]}"
    assert found.emotion == IEMOCAP.emotions[code]
    assert (found.valence, found.arousal, found.dominance) == values


@settings(deadline=None)  # It waits for files.
@given(text=st.binary(max_size=200))
def test_any_label_file_is_read_or_told(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("iemocap")
    make_iemocap(folder, Ses01F_impro01_F000="neu")
    write_labels(folder, f"{FOLDER}/Ses01F_impro02.txt", text)
    found, notices = list_utterances(IEMOCAP, folder)
    assert [u.emotion for u in found] == ["neutral"]
    assert notices


def test_its_dimensions_run_from_1_to_5():
    assert IEMOCAP.dimension_range == (1, 5)
    others = [c for c in CORPORA.values() if c.name != "iemocap"]
    assert {corpus.dimension_range for corpus in others} == {None}
