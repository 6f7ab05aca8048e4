"""URDU, emotional utterances from talk shows.

S. Latif and others, "Cross Lingual Speech Emotion Recognition: Urdu vs. Western
Languages" (Frontiers of Information Technology, 2018). The paper counts 38 speakers;
the names of the 400 published files tell 29 of them apart.
"""

from collections.abc import Iterator

from damldg_jax.corpora.declaration import Corpus

# By emotion the speakers in the order of the files, and how many each of them has.
_SPEAKERS = {
    "A": {"SM1": 22, "SM2": 28, "SM3": 2, "SM4": 48},
    "H": {"SF1": 12, "SF2": 2, "SF3": 2, "SF4": 4, "SF5": 4, "SF6": 14, "SF7": 6}
    | {"SF8": 2, "SM17": 2, "SM18": 2, "SM19": 2, "SM3": 2, "SM5": 8, "SM6": 10}
    | {"SM7": 28},
    "N": {"SF9": 4, "SM20": 10, "SM21": 4, "SM22": 2, "SM3": 8, "SM5": 72},
    "S": {"SF10": 2, "SF11": 4, "SM23": 6, "SM24": 38, "SM25": 40, "SM26": 2}
    | {"SM27": 4, "SM6": 4},
}
_EMOTIONS = {"A": "anger", "H": "happiness", "N": "neutral", "S": "sadness"}
_FOLDERS = {"Angry": "A", "Happy": "H", "Neutral": "N", "Sad": "S"}


def _names() -> Iterator[str]:
    for emotion, speakers in _SPEAKERS.items():
        number = 0
        for speaker, count in speakers.items():
            for take in range(1, count + 1):
                number += 1
                yield f"{speaker}_F{take}_{emotion}0{number}"


URDU = Corpus(
    name="urdu",
    title="URDU",
    language="Urdu",
    licence="for research alone",
    layout="Angry/SM1_F1_A01.wav (speaker, file, emotion, number), in any folder",
    pattern=r"(?P<speaker>S[FM][1-9][0-9]?)_F(?P<file>[1-9][0-9]?)"
    r"_(?P<emotion>[AHNS])0?(?P<number>[1-9][0-9]{0,2})",
    emotions=_EMOTIONS,
    sex={
        f"S{letter}{number}": sex
        for letter, sex in (("F", "female"), ("M", "male"))
        for number in range(1, 100)
    },
    folders={folder: {"emotion": code} for folder, code in _FOLDERS.items()},
    published=dict.fromkeys(_EMOTIONS.values(), 100),
    num_speakers=29,
    stem="{speaker}_F{file}_{emotion}0{number}",
    complete=_names,
)
