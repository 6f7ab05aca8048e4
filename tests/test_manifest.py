import math
import os

import pytest

from damldg_jax.corpora import Utterance, list_manifest
from damldg_jax.errors import InputError
from tests.trees import HEADER, recordings, refusal, write


@pytest.fixture
def folder(tmp_path):
    return recordings(tmp_path)


def test_all_columns_are_read(folder):
    path = write(
        folder,
        "speaker,path,emotion,sex,language,sentence,arousal,valence,dominance\n"
        "s1,sub/c d.WAV,Angry,Female,Greek,t7,0.5,-1,3e0\n",
    )
    assert list_manifest("mine", path) == (
        (
            Utterance(
                name="sub/c d",
                path=folder / "sub/c d.WAV",
                emotion="anger",
                speaker="s1",
                sex="female",
                language="Greek",
                sentence="t7",
                arousal=0.5,
                valence=-1.0,
                dominance=3.0,
            ),
        ),
        (),
    )


def test_what_is_not_said_is_unknown(folder):
    path = write(folder, "path,emotion,speaker,sex,arousal\na.wav,joy,1,,\n")
    ((found,), _) = list_manifest("mine", path)
    assert (found.emotion, found.speaker) == ("happiness", "1")
    assert (found.sex, found.language, found.sentence) == ("", "", "")
    assert all(map(math.isnan, (found.arousal, found.valence, found.dominance)))


def test_language_of_the_corpus_fills_the_gaps(folder):
    path = write(
        folder, "path,emotion,speaker,language\na.wav,sad,1,\nb.flac,sad,1,Thai"
    )
    languages = [u.language for u in list_manifest("mine", path, "German").utterances]
    assert languages == ["German", "Thai"]


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfpath,emotion,speaker\r\nb.flac,fear,1\r\na.wav,fear,2\r\n",
        b"path,emotion,speaker\n\n ./b.flac , fear , 1 \n,,\na.wav,fear,2",
        b'Path,"EMOTION",Speaker\n"b.flac","fear","1"\n"a.wav","fear","2"\n\n',
    ],
)
def test_spellings_of_csv(folder, text):
    found, notices = list_manifest("mine", write(folder, text))
    assert [(u.name, u.speaker) for u in found] == [("a", "2"), ("b", "1")]
    assert notices == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_marks_and_line_ends_of_all_spreadsheets(folder, mark, end, quote):
    rows = [
        ["path", "emotion", "speaker", "sentence"],
        ["b.flac", "fear", "1", "x"],
        ["a.wav", "joy", "2", "m,n;o" if quote else "m,n;o".replace(mark, "")],
    ]
    lines = [mark.join(f"{quote}{cell}{quote}" for cell in row) for row in rows]
    path = write(folder, end.join(lines))
    found, notices = list_manifest("mine", path)
    assert [(u.name, u.emotion, u.sentence) for u in found] == [
        ("a", "happiness", rows[2][3]),
        ("b", "fear", "x"),
    ]
    assert notices == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "first", ["sep=;", '"sep=;"', "\ufeffSEP=;", "sep=;;;", "sep=,"]
)
def test_the_line_by_which_excel_knows_the_mark_is_skipped(folder, first, end):
    lines = (first, "path;emotion;speaker", "a.wav;fear;1,5", "b.flac;joy;2")
    found, notices = list_manifest("mine", write(folder, end.join(lines)))
    assert [(u.name, u.speaker) for u in found] == [("a", "1,5"), ("b", "2")]
    assert notices == ()


def test_that_line_may_name_any_mark(folder):
    text = "sep=|\npath|emotion|speaker\na.wav|fear|1\n"
    ((found,), _) = list_manifest("mine", write(folder, text))
    assert found.speaker == "1"


def test_a_column_without_a_name_is_told(folder):
    path = write(folder, "path,emotion,speaker,,r\x1bx\na.wav,fear,1,,\n")
    assert list_manifest("mine", path).notices == (
        f"mine: columns of {path} that are not used: one without a name, r\\x1bx.",
    )


def test_quotes_hold_commas(folder):
    ((found,), _) = list_manifest(
        "mine", write(folder, HEADER + '"x,y.wav",calm,"A, B"')
    )
    assert (found.name, found.speaker) == ("x,y", "A, B")


def test_columns_not_used_are_told(folder):
    path = write(folder, "path,emotion,speaker,room,mood\na.wav,fear,1,x,y\n")
    assert list_manifest("mine", path).notices == (
        f"mine: columns of {path} that are not used: room, mood.",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "lacks path, emotion, speaker"),
        ("a.wav,fear,1\n", "'a.wav,fear,1', lacks path, emotion, speaker"),
        ("path|emotion|speaker\n", "with commas between them"),
        ("sep=;\npath;emotion;speaker\n", "is empty"),
        ("sep=|\npath|emotion\n", "'path,emotion', lacks speaker"),
        ("sep=;\npath;emotion;speaker\nx.wav;oy;1", "line 3: "),
        ("sep=;;\n", "lacks path"),
        ('sep=;\n"path";emotion;speaker;"x', "not valid CSV from line 2 on"),
        ("path;emotion;speaker\n", "is empty"),
        ("path,emotion\n", "lacks speaker. It must name the columns path,"),
        ("path,emotion,speaker,sex,sex\n", "repeats sex"),
        (HEADER, "is empty. Give each recording a row"),
        (HEADER + "\n,,\n", "is empty"),
        (HEADER + 'a.wav,"fear,1', "not valid CSV from line 2 on"),
        (HEADER.encode() + b"a.wav,fear,J\xfcrgen\n", "not in UTF-8. Save it as"),
        (HEADER.encode("utf-16"), "not in UTF-8"),
        (HEADER.encode("utf-16-le"), r"'p\x00a\x00t\x00h\x00,\x00e"),
        ("x" * 5000, "'" + "x" * 200 + "...', lacks"),
        ('path\temotion\tspeaker\n"a"b', r"CSV from line 2 on: '\t' expected"),
    ],
)
def test_unusable_manifests_are_refused(folder, text, problem):
    assert problem in refusal(folder, text)


@pytest.mark.parametrize(
    "name", ["nowhere.csv", "folder.wav", "sub", "nul\0.csv", "pipe", "y" * 300]
)
def test_manifest_that_cannot_be_read(folder, name):
    os.mkfifo(folder / "pipe")
    with pytest.raises(
        InputError, match=r"Cannot read the manifest .*manifest\.csv"
    ) as error:
        list_manifest("mine", folder / name)
    assert str(folder / name) in str(error.value)


def test_a_slip_in_the_path_of_a_manifest_is_guessed(folder):
    (folder / "labels.csv").touch()
    with pytest.raises(InputError, match=f"Did you mean '{folder / 'labels.csv'}'"):
        list_manifest("mine", folder / "lables.csv")
    with pytest.raises(InputError, match=r"there are: labels\.csv\. Name"):
        list_manifest("mine", folder / "quite_another.csv")
    with pytest.raises(InputError, match=f"Did you mean '{folder / 'labels.csv'}'"):
        list_manifest("mine", folder.with_name(f"{folder.name}s") / "labels.csv")
