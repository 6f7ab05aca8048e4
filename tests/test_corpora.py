import math
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.corpora import CORPORA, list_utterances
from damldg_jax.corpora.scenarios import PAPER_CORPORA
from damldg_jax.emotions import EMOTIONS, PAPER_EMOTIONS, UNLABELLED
from tests.real_corpora import corpora_dir
from tests.trees import make

# corpus, path, emotion, speaker, sex (- is unknown), language and sentence
RECORDINGS = [
    ("emodb", "wav/03a01Wa.wav", "anger 03 male German a01"),
    ("emodb", "08b10Fd.flac", "happiness 08 female German b10"),
    ("emodb", "EmoDB/wav/16a05Lb.WAV", "boredom 16 female German a05"),
    ("ravdess", "Actor_12/03-01-06-01-02-01-12.wav", "fear 12 female English 02"),
    ("ravdess", "03-01-02-02-01-02-01.flac", "calm 01 male English 01"),
    (
        "ravdess",
        "speech/Actor_02/03-01-08-01-01-01-02.wav",
        "surprise 02 female English 01",
    ),
    ("savee", "AudioData/DC/a01.wav", "anger DC male English a01"),
    ("savee", "KL/sa15.wav", "sadness KL male English sa15"),
    ("savee", "JE_su07.flac", "surprise JE male English su07"),
    ("savee", "ALL/JK_n30.wav", "neutral JK male English n30"),
    ("emovo", "f1/rab-f1-b1.wav", "anger f1 female Italian b1"),
    ("emovo", "EMOVO/m3/gio-m3-n5.wav", "happiness m3 male Italian n5"),
    ("emovo", "tri-m2-d2.flac", "sadness m2 male Italian d2"),
    ("nemo", "samples/EB0_anger_1.wav", "anger EB0 female Polish 1"),
    ("nemo", "WR0_surprised_90.flac", "surprise WR0 male Polish 90"),
    ("turev", "Sound Source/Angry/1157_kz_acik.wav", "anger 1157 - Turkish acik"),
    ("turev", "Calm/6783_sk_algi.flac", "calm 6783 - Turkish algi"),
    ("turev", "7895_hl_zeytin.wav", "sadness 7895 - Turkish zeytin"),
    ("crema_d", "AudioWAV/1001_DFA_ANG_XX.wav", "anger 1001 male English DFA"),
    ("crema_d", "1091_IEO_FEA_HI.flac", "fear 1091 female English IEO"),
    ("crema_d", "AudioWAV/1040_ITH_SAD_X.wav", "sadness 1040 male English ITH"),
    ("crema_d", "1040_ITH_SAD_XX.wav", "sadness 1040 male English ITH"),
    ("tess", "OAF_angry/OAF_back_angry.wav", "anger OAF female English back"),
    (
        "tess",
        "TESS Toronto emotional speech set data/YAF_pleasant_surprised/YAF_keg_ps.wav",
        "surprise YAF female English keg",
    ),
    ("tess", "OAF_neutral/OA_bite_neutral.wav", "neutral OAF female English bite"),
    ("tess", "MANIFEST/OAF_youth_fear.wav", "fear OAF female English youth"),
    ("aesdd", "anger/a01 (1).wav", "anger 1 - Greek 01"),
    ("aesdd", "disgust/d03 (01).wav", "disgust 1 - Greek 03"),
    ("aesdd", "Acted Emotional/fear/f18 (5)b.wav", "fear 5 - Greek 18"),
    ("aesdd", "s19(6).wav", "sadness 6 - Greek 19"),
    ("cafe", "Colère/Fort/01-C-2-1.wav", "anger 01 male French 1"),
    ("cafe", "Neutre/12-N-6.wav", "neutral 12 female French 6"),
    ("cafe", "CaFE_48k/Dégoût/Faible/10-D-1-3.wav", "disgust 10 female French 3"),
    ("cafe", "07-S-1-4.flac", "surprise 07 male French 4"),
    ("shemo", "female/F01A01.wav", "anger F01 female Persian -"),
    ("shemo", "shemo/M56W03.wav", "surprise M56 male Persian -"),
    ("shemo", "male/M03N118.flac", "neutral M03 male Persian -"),
    ("urdu", "Angry/SM1_F1_A01.wav", "anger SM1 male Urdu -"),
    (
        "urdu",
        "URDU-Dataset-master/Happy/SF6_F14_H038.wav",
        "happiness SF6 female Urdu -",
    ),
    ("urdu", "Sad/SM6_F4_S0100.wav", "sadness SM6 male Urdu -"),
    ("urdu", "SM5_F72_N100.wav", "neutral SM5 male Urdu -"),
]


@pytest.mark.parametrize(("corpus", "path", "expected"), RECORDINGS)
def test_every_layout_is_read(tmp_path, corpus, path, expected):
    (found,), notices = list_utterances(CORPORA[corpus], make(tmp_path, path))
    emotion, speaker, sex, language, sentence = expected.split()
    assert (found.name, found.path) == (path.rsplit(".", 1)[0], tmp_path / path)
    assert (found.emotion, found.speaker) == (emotion, speaker)
    told = (found.sex or "-", found.language, found.sentence or "-")
    assert told == (sex, language, sentence)
    assert all(map(math.isnan, (found.arousal, found.valence, found.dominance)))
    assert notices == ()


FOREIGN = [
    ("emodb", "x03a01Wa 03a01W 03a01Wab 04a01Wa 03a01Xa 03c01Wa 03a1Wa 03a01Wa/x"),
    ("emodb", "03a01Wa.bak \u0660\u0663a01Wa 103a01Wa 03a01wa"),
    ("ravdess", "03-01-09-01-01-01-01 03-01-05-01-01-01-25 03-01-05-01-01-01-00"),
    ("ravdess", "03-01-05-01-01-01 103-01-05-01-01-01-01 03-01-05-01-01-01-01-01"),
    ("savee", "DC/s01 DC/sb01 MDC_a01 DC-a01 a01 DC/x/a01 DC/a1 DC/a001 XX/a01"),
    ("emovo", "rab-f4-b1 rab-x1-b1 rab-f1-b4 rab-f1-l5 crab-f1-b1 rab_f1_b1 tri-f1-d3"),
    ("nemo", "EB0_joy_1 XX0_anger_1 EB0_anger_01 EB0_anger_100 REB0_anger_1"),
    ("turev", "1157_xx_acik 1111_kz_acik 1157_kz_acik_2 11157_kz_acik 1157_kz_"),
    ("crema_d", "1000_DFA_ANG_XX 1092_DFA_ANG_XX 1001_XXX_ANG_XX 1001_DFA_SUR_XX"),
    ("crema_d", "1001_DFA_ANG 1001_DFA_ANG_YY 1001_DFA_ANG_XXX 11001_DFA_ANG_XX"),
    ("tess", "OBF_back_angry OAF_back_pain OAF_back OAF_BACK_angry OAF-back-angry"),
    ("tess", "YA_back_angry OAF_back_angry_2 XOAF_back_angry OAF__angry"),
    ("aesdd", "a00_(1) a21_(1) b01_(1) a01 a01_() a01_(0) a1_(1) a01_(1)bb xa01_(1)"),
    ("cafe", "00-C-2-1 13-C-2-1 01-C-3-1 01-C-2-7 01-C-1 01-N-1-1 01-X-1-1 1-C-1-1"),
    ("shemo", "F1A01 X01A01 F01B01 F01A1 FF01A01 F01A01b F01A0001 f01a01"),
    ("urdu", "SX1_F1_A1 SM1_F1_B1 SM0_F1_A1 SM1_F0_A1 SM1_F1_A0 SM1_A1 SM1_F1_A1b"),
]


@pytest.mark.parametrize(("corpus", "names"), FOREIGN)
def test_similar_names_are_not_taken(tmp_path, corpus, names):
    real = {c: path for c, path, _ in RECORDINGS}[corpus]
    # In AESDD an underscore stands for the space of its names.
    foreign = [f"{name}.wav" for name in names.split()]
    if corpus == "aesdd":
        foreign = [name.replace("_", " ") for name in foreign]
    make(tmp_path, real, *foreign)
    found, notices = list_utterances(CORPORA[corpus], tmp_path)
    assert [utterance.path for utterance in found] == [tmp_path / real]
    count = len(names.split())
    assert [n.split(": ")[1] for n in notices] == [
        f"{count} audio file(s) left out, name not recognised"
    ]


@settings(deadline=None)  # It waits for files.
@given(
    actor=st.integers(1, 24),
    codes=st.tuples(st.integers(1, 8), *[st.integers(1, 2)] * 3),
    folder=st.sampled_from(["", "Actor_01/", "a/b c/"]),
)
def test_generated_names_are_read_back(tmp_path_factory, actor, codes, folder):
    emotion, intensity, statement, repetition = codes
    stem = (
        f"03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}"
    )
    root = make(tmp_path_factory.mktemp("ravdess"), f"{folder}{stem}.wav")
    (found,) = list_utterances(CORPORA["ravdess"], root).utterances
    assert found.name == folder + stem
    assert found.speaker == f"{actor:02}"
    assert found.sex == ("male" if actor % 2 else "female")
    assert found.emotion == CORPORA["ravdess"].emotions[f"{emotion:02}"]
    assert found.sentence == f"{statement:02}"


@pytest.mark.parametrize("name", CORPORA)
def test_declarations_are_consistent(name):
    corpus = CORPORA[name]
    assert corpus.name == name
    assert set(corpus.emotions.values()) <= {*EMOTIONS, UNLABELLED}
    assert set(corpus.published) in (set(), set(corpus.emotions.values()))
    assert set(corpus.sex.values()) <= {"female", "male"}
    groups = re.compile(corpus.pattern).groupindex
    assert corpus.labels or "emotion" in groups
    assert {group for claim in corpus.folders.values() for group in claim} <= set(
        groups
    )
    corpus.speaker.format(**groups)
    corpus.stem.format(**groups)
    assert corpus.stem or not (corpus.complete or corpus.labels)


def test_all_corpora_of_the_paper_are_known():
    assert tuple(CORPORA)[:10] == PAPER_CORPORA


COLUMNS = (*PAPER_EMOTIONS, "neutral", "surprise", "boredom", "calm")
REAL = [
    ("emodb", [127, 71, 62, 46, 69, 79, 0, 81, 0], {"female": 5, "male": 5}),
    ("ravdess", [192, 192, 192, 192, 192, 96, 192, 0, 192], {"female": 12, "male": 12}),
    ("savee", [60, 60, 60, 60, 60, 120, 60, 0, 0], {"male": 4}),
    ("emovo", [84, 84, 84, 84, 84, 84, 84, 0, 0], {"female": 3, "male": 3}),
    ("nemo", [90, 90, 90, 0, 90, 90, 80, 0, 0], {"female": 4, "male": 5}),
    ("turev", [120, 100, 120, 0, 0, 0, 0, 0, 100], {"": 6}),
]


@pytest.mark.parametrize(("name", "counts", "speakers"), REAL)
def test_real_corpora_are_listed_in_full(name, counts, speakers):
    folder = corpora_dir()
    if folder is None:
        pytest.skip("the real corpora are absent; DAMLDG_CORPORA names their folder")
    found, notices = list_utterances(CORPORA[name], folder / name)
    emotions = Counter(utterance.emotion for utterance in found)
    assert [emotions[column] for column in COLUMNS] == counts
    assert len(found) == sum(counts) == len({utterance.name for utterance in found})
    assert Counter(sex for _, sex in {(u.speaker, u.sex) for u in found}) == speakers
    # What is known of the published recordings, and nothing else.
    assert len(notices) == len(CORPORA[name].remarks)
    assert all("known defect" in notice for notice in notices)
