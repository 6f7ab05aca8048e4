"""Variants of a corpus that circulate: folders, spellings, copies, known defects."""

import unicodedata

import pytest

from damldg_jax.corpora import CORPORA, list_utterances
from tests.trees import make

MISPLACED = (
    "{}: 1 audio file(s) lie in a folder that contradicts their names (the name "
    "counts; if the folder is right, rename them): {}."
)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_of_folders_have_two_forms(tmp_path, form):
    folders = [unicodedata.normalize(form, word) for word in ("Colère", "Dégoût")]
    right = [f"{folders[0]}/Fort/01-C-2-1.wav", f"{folders[1]}/Faible/02-D-1-1.wav"]
    wrong = f"{folders[1]}/Fort/03-C-2-1.wav"
    found, notices = list_utterances(CORPORA["cafe"], make(tmp_path, *right, wrong))
    assert sorted(u.emotion for u in found) == ["anger", "anger", "disgust"]
    assert notices == (MISPLACED.format("cafe", wrong),)


@pytest.mark.parametrize("layout", ["{0}/{1}/{2}", "{1}/{2}", "{2}", "{3}/{1}/{2}"])
def test_folders_need_not_matter(tmp_path, layout):
    names = ("Colère", "Fort", "01-C-2-1.wav", "Colere")
    found, notices = list_utterances(
        CORPORA["cafe"], make(tmp_path, layout.format(*names))
    )
    assert [(u.emotion, u.speaker) for u in found] == [("anger", "01")]
    assert notices == ()


CONTRADICTIONS = [
    ("cafe", "Joie/Fort/01-C-2-1.wav", "anger"),
    ("cafe", "COLERE/Faible/01-C-2-1.wav", "anger"),
    ("tess", "OAF_angry/OAF_back_sad.wav", "sadness"),
    ("tess", "OAF_angry/YAF_back_angry.wav", "anger"),
    ("tess", "YAF_Pleasant_Surprise/YAF_back_happy.wav", "happiness"),
    ("turev", "Sad/1157_kz_acik.wav", "anger"),
    ("ravdess", "Actor_13/03-01-05-01-02-01-12.wav", "anger"),
    ("emovo", "f2/rab-f1-b1.wav", "anger"),
    ("savee", "DC/KL_a01.wav", "anger"),
    ("shemo", "male/F01A01.wav", "anger"),
    ("aesdd", "fear/a01 (1).wav", "anger"),
    ("urdu", "Happy/SM1_F1_A01.wav", "anger"),
]


@pytest.mark.parametrize(("corpus", "path", "emotion"), CONTRADICTIONS)
def test_the_name_wins_over_its_folder_and_that_is_told(
    tmp_path, corpus, path, emotion
):
    (found,), notices = list_utterances(CORPORA[corpus], make(tmp_path, path))
    assert found.emotion == emotion
    assert notices == (MISPLACED.format(corpus, path),)


def test_every_folder_of_a_whole_corpus_agrees_with_its_names(tmp_path):
    names = list(CORPORA["tess"].complete())[::37]
    folders = {"ps": "Pleasant_surprise", "sad": "Sad", "fear": "Fear"}
    paths = []
    for name in names:
        speaker, _, code = name.split("_")
        paths.append(f"{speaker}_{folders.get(code, code)}/{name}.wav")
    found, notices = list_utterances(CORPORA["tess"], make(tmp_path, *paths))
    assert len(found) == len(names)
    assert notices == ()


@pytest.mark.parametrize(
    ("corpus", "kept", "repeated"),
    [
        ("tess", "OAF_neutral/OAF_bite_neutral.wav", "OAF_neutral/OA_bite_neutral.wav"),
        ("tess", "OAF_sad/OAF_back_sad.wav", "TESS data/OAF_sad/OAF_back_sad.wav"),
        ("crema_d", "1040_ITH_SAD_X.wav", "1040_ITH_SAD_XX.wav"),
        ("aesdd", "disgust/d03 (01).wav", "disgust/d03 (1).wav"),
        ("cafe", "01-C-2-1.wav", "Colère/Fort/01-C-2-1.wav"),
        ("urdu", "Angry/SM1_F1_A01.wav", "Angry/SM1_F1_A1.wav"),
    ],
)
def test_spellings_of_a_name_are_one_recording(tmp_path, corpus, kept, repeated):
    kept, repeated = sorted((kept, repeated))
    found, notices = list_utterances(CORPORA[corpus], make(tmp_path, kept, repeated))
    assert [u.name + ".wav" for u in found] == [kept]
    assert notices == (
        f"{corpus}: 1 audio file(s) left out, same recording as one that is listed: "
        f"{repeated}.",
    )


def test_two_takes_are_two_recordings(tmp_path):
    make(tmp_path, "anger/a06 (5).wav", "anger/a06 (5)b.wav", "anger/a20 (5).wav")
    found, notices = list_utterances(CORPORA["aesdd"], tmp_path)
    assert [u.sentence for u in found] == ["06", "06", ""]
    assert notices == ()


def test_known_defects_are_told(tmp_path):
    names = ("1076_MTI_SAD_XX", "1006_TIE_HAP_XX", "1006_TIE_NEU_XX", "1001_DFA_ANG_XX")
    make(tmp_path, *(f"AudioWAV/{name}.wav" for name in names))
    found, notices = list_utterances(CORPORA["crema_d"], tmp_path)
    assert len(found) == 4
    known = "have a known defect (listed all the same; delete what you do not want)"
    assert notices == (
        f"crema_d: 2 audio file(s) {known}, one sound under two emotions: "
        "AudioWAV/1006_TIE_HAP_XX.wav, AudioWAV/1006_TIE_NEU_XX.wav.",
        f"crema_d: 1 audio file(s) {known}, silence: AudioWAV/1076_MTI_SAD_XX.wav.",
    )


@pytest.mark.parametrize("name", ["s05 (3)", "s05(3)", "s05 (03)"])
def test_the_file_of_aesdd_without_samples_is_told(tmp_path, name):
    make(tmp_path, f"sadness/{name}.wav", "sadness/s05 (4).wav")
    found, (notice,) = list_utterances(CORPORA["aesdd"], tmp_path)
    assert len(found) == 2
    assert "no samples in the copies that circulate" in notice
    assert notice.endswith(f": sadness/{name}.wav.")
