import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.corpora import CORPORA, list_utterances
from damldg_jax.corpora.files import audio_files
from damldg_jax.errors import InputError
from tests.trees import make

EMODB, RAVDESS = CORPORA["emodb"], CORPORA["ravdess"]


def test_listing_is_sorted_by_name(tmp_path):
    make(tmp_path, "b/08a01Fa.wav", "a/03a01Wa.wav", "a.d/03a02Wa.wav", "16a01Na.wav")
    names = [
        utterance.name for utterance in list_utterances(EMODB, tmp_path).utterances
    ]
    assert names == ["16a01Na", "a.d/03a02Wa", "a/03a01Wa", "b/08a01Fa"]


def test_what_is_left_out_is_told(tmp_path):
    make(tmp_path, *(f"notes {i}.wav" for i in range(5)), "03a01Wa.wav", "readme.txt")
    assert list_utterances(EMODB, tmp_path).notices == (
        "emodb: 5 audio file(s) left out, name not recognised: "
        "notes 0.wav, notes 1.wav, notes 2.wav and 2 more.",
    )


@pytest.mark.parametrize(
    ("corpus", "kept", "repeated"),
    [
        ("emodb", "03a01Wa.flac", "wav/03a01Wa.wav"),
        ("emodb", "03a01Wa.flac", "03a01Wa.wav"),
        ("savee", "AudioData/DC/a01.wav", "DC_a01.flac"),
        ("ravdess", "Actor_01/03-01-05-01-02-01-01.wav", "x/03-01-05-01-02-01-01.wav"),
        ("turev", "Angry/1157_kz_acik.wav", "Sound Source/Angry/1157_kz_acik.wav"),
    ],
)
def test_a_recording_listed_twice_is_kept_once(tmp_path, corpus, kept, repeated):
    found, notices = list_utterances(CORPORA[corpus], make(tmp_path, repeated, kept))
    assert [utterance.path for utterance in found] == [tmp_path / kept]
    assert notices == (
        f"{corpus}: 1 audio file(s) left out, same recording as one that is listed: "
        f"{repeated}.",
    )


@pytest.mark.parametrize("suffix", [".aiff", ".AIF", ".ogg", ".opus"])
def test_native_layouts_read_what_manifests_read(tmp_path, suffix):
    (found,), notices = list_utterances(
        CORPORA["cafe"], make(tmp_path, f"01-C-2-1{suffix}")
    )
    assert found.emotion == "anger"
    assert notices == ()


def test_of_two_copies_that_without_loss_is_listed(tmp_path):
    make(tmp_path, "a/03a01Wa.ogg", "a/08a01Wa.opus", "wav/03a01Wa.aif")
    found, notices = list_utterances(EMODB, tmp_path)
    assert [u.name for u in found] == ["a/08a01Wa", "wav/03a01Wa"]
    assert notices == (
        "emodb: 1 audio file(s) left out, same recording as one that is listed: "
        "a/03a01Wa.ogg.",
    )


def test_recordings_in_formats_that_are_not_read_are_told(tmp_path):
    make(tmp_path, "03a01Wa.wave", "03a02Wa.mp3", "03a04Wa", "03a05Wa.AU", "x.mp3")
    make(tmp_path, "labels/03a07Wa.txt", "readme", "08a01Wa.wav", "mp3/08a01Wa.mp3")
    (found,), notices = list_utterances(EMODB, tmp_path)
    assert found.name == "08a01Wa"
    assert notices == (
        "emodb: 4 audio file(s) left out, in a format that is not read (convert to "
        "WAV or FLAC): 03a01Wa.wave, 03a02Wa.mp3, 03a04Wa and 1 more.",
    )


def test_the_other_formats_of_crema_d_make_no_noise(tmp_path):
    name = "1001_DFA_ANG_XX"
    make(tmp_path, f"AudioWAV/{name}.wav", f"AudioMP3/{name}.mp3")
    make(tmp_path, f"VideoFlash/{name}.flv")
    found, notices = list_utterances(CORPORA["crema_d"], tmp_path)
    assert [u.name for u in found] == [f"AudioWAV/{name}"]
    assert notices == ()


def test_another_recording_of_the_same_name_is_told_as_such(tmp_path):
    for folder, content in (("f2", "1"), ("f3", "2"), ("x", "1")):
        make(tmp_path / folder, "rab-f2-b1.wav")
        (tmp_path / folder / "rab-f2-b1.wav").write_text(content)
    (found,), notices = list_utterances(CORPORA["emovo"], tmp_path)
    assert found.name == "f2/rab-f2-b1"
    assert len(notices) == 3
    assert notices[0].endswith(
        "left out, same name as one that is listed, but another recording (listen to "
        "both; rename or delete one): f3/rab-f2-b1.wav (listed: f2/rab-f2-b1.wav)."
    )
    assert notices[1].endswith("same recording as one that is listed: x/rab-f2-b1.wav.")
    assert notices[2].endswith(
        "if the folder is right, rename them): f3/rab-f2-b1.wav."
    )


def test_of_one_name_that_in_its_own_folder_is_listed(tmp_path):
    for folder in ("f1", "f2"):
        make(tmp_path / folder, "rab-f2-b1.wav")
        (tmp_path / folder / "rab-f2-b1.wav").write_text(folder)
    (found,), notices = list_utterances(CORPORA["emovo"], tmp_path)
    assert found.name == "f2/rab-f2-b1"
    assert len(notices) == 2


def test_song_and_video_of_ravdess_are_ignored_with_the_reason(tmp_path):
    make(tmp_path, "03-01-05-01-02-01-12.wav", "03-02-05-01-02-01-12.wav")
    make(tmp_path, "01-01-05-01-02-01-12.wav", "02-02-05-01-02-01-12.wav")
    found, notices = list_utterances(RAVDESS, tmp_path)
    assert [utterance.name for utterance in found] == ["03-01-05-01-02-01-12"]
    assert notices == (
        "ravdess: 2 audio file(s) left out, song instead of speech: "
        "02-02-05-01-02-01-12.wav, 03-02-05-01-02-01-12.wav.",
        "ravdess: 1 audio file(s) left out, sound of videos, which repeats the "
        "recordings: 01-01-05-01-02-01-12.wav.",
    )


def test_hidden_files_and_folders_are_skipped(tmp_path):
    make(
        tmp_path,
        "03a01Wa.wav",
        "._03a01Wa.wav",
        ".cache/03a02Wa.wav",
        "._x/03a04Wa.wav",
    )
    found, notices = list_utterances(EMODB, tmp_path)
    assert [utterance.name for utterance in found] == ["03a01Wa"]
    assert notices == ()


def test_links_inside_are_followed_but_never_in_a_circle(tmp_path):
    folder = make(tmp_path / "emodb", "wav/03a01Wa.wav", "x/deep/03a04Wa.wav")
    (folder / "wav" / "up").symlink_to(folder)
    (folder / "wav" / "above").symlink_to(tmp_path)
    (folder / "linked").symlink_to(folder / "x" / "deep")
    (folder / "03a02Wa.wav").symlink_to(folder / "wav" / "03a01Wa.wav")
    (folder / "03a05Wa.wav").symlink_to(folder / "missing.wav")
    (folder / "03a07Wa.wav").symlink_to(folder / "03a07Wa.wav")
    (tmp_path / "link").symlink_to(folder)
    for root in (folder, tmp_path / "link"):
        found, notices = list_utterances(EMODB, root)
        names = [utterance.name for utterance in found]
        assert names == ["03a02Wa", "linked/03a04Wa", "wav/03a01Wa"]
        assert notices == (
            "emodb: 2 audio file(s) left out, link to no file: 03a05Wa.wav, "
            "03a07Wa.wav.",
        )


def test_links_that_lead_out_of_the_folder_are_told_and_not_followed(tmp_path):
    folder = make(tmp_path / "emodb", "03a01Wa.wav")
    make(tmp_path, "elsewhere/03a02Wa.wav", "emodb2/03a04Wa.wav")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "beside").symlink_to("../emodb2")
    (folder / "03a04Wa.wav").symlink_to("../emodb2/03a04Wa.wav")
    found, notices = list_utterances(EMODB, folder)
    assert [utterance.name for utterance in found] == ["03a01Wa"]
    assert notices == (
        "emodb: 3 audio file(s) left out, link that leads out of the folder of the "
        "corpus (copy what it leads to, or describe the recordings by a manifest that "
        "lies above them): 03a04Wa.wav, beside, linked.",
    )


def test_missing_folder_names_folder_layout_and_remedies(tmp_path):
    with pytest.raises(InputError) as raised:
        list_utterances(EMODB, tmp_path / "nowhere")
    message = str(raised.value)
    assert f"no folder {tmp_path / 'nowhere'}" in message
    assert "wav/03a01Wa.wav" in message
    assert "--corpora_dir" in message
    assert "--corpora=emodb=path/to/manifest.csv" in message


@pytest.mark.parametrize("names", [(), ("song.wav",), ("wav/a.txt", "b.wav")])
def test_folder_without_recordings_is_refused(tmp_path, names):
    with pytest.raises(InputError) as raised:
        list_utterances(EMODB, make(tmp_path, *names))
    assert f"{tmp_path} holds no recording." in str(raised.value)
    assert ("left out" in str(raised.value)) == any(n.endswith(".wav") for n in names)
    assert "Copy or unpack the recordings to there" in str(raised.value)
    assert "--corpora=emodb=path/to/folder" in str(raised.value)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((), "holds no recording. It is empty. EmoDB"),
        (("emodb.zip", ".x"), "holds no recording. It holds emodb.zip. EmoDB"),
        (("a/x", "b", "c", "d"), "It holds a, b, c and 1 more. EmoDB"),
    ],
)
def test_a_folder_without_recordings_says_what_it_holds(tmp_path, names, told):
    with pytest.raises(InputError, match=re.escape(told)):
        list_utterances(EMODB, make(tmp_path, *names))


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        list_utterances(EMODB, make(tmp_path, "emodb") / "emodb")


def test_unreadable_folder_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        InputError, match=f"{re.escape(str(tmp_path))}: Permission .*Check"
    ):
        list_utterances(EMODB, tmp_path)


def test_names_that_are_not_text_do_not_crash(tmp_path):
    make(tmp_path, "03a01Wa.wav")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")).touch()
    (notice,) = list_utterances(EMODB, tmp_path).notices
    assert notice.encode().endswith(rb"name not recognised: \xff.wav.")


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=40
)


@settings(deadline=None)  # It waits for files.
@given(names=st.lists(NAMES, max_size=4))
def test_any_file_name_is_either_listed_or_told(tmp_path_factory, names):
    root = make(
        tmp_path_factory.mktemp("emodb"), "03a01Wa.wav", *(f"x{n}.wav" for n in names)
    )
    found, notices = list_utterances(EMODB, root)
    assert len(found) == 1
    assert len(notices) == bool(names)
    assert len(audio_files(root)) == 1 + len(set(names))
