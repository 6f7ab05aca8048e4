"""CREMA-D, the Crowd-Sourced Emotional Multimodal Actors Dataset.

H. Cao and others, "CREMA-D: Crowd-Sourced Emotional Multimodal Actors Dataset" (IEEE
Trans. Affective Computing 5(4), 2014). Names, speakers and their sex are those of
`SentenceFilenames.csv` and `VideoDemographics.csv`, which are part of the corpus.
"""

from collections.abc import Iterator

from damldg_jax.corpora.declaration import Corpus

_ACTORS = tuple(str(actor) for actor in range(1001, 1092))
_SENTENCES = "DFA|IEO|IOM|ITH|ITS|IWL|IWW|MTI|TAI|TIE|TSI|WSI"
_EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
_WOMEN = """
    1002 1003 1004 1006 1007 1008 1009 1010 1012 1013 1018 1020 1021 1024 1025 1028
    1029 1030 1037 1043 1046 1047 1049 1052 1053 1054 1055 1056 1058 1060 1061 1063
    1072 1073 1074 1075 1076 1078 1079 1082 1084 1089 1091
"""

# Of these no recording was published: single ones, and sentences of an actor.
_UNPUBLISHED = ("1002_TIE_NEU_XX", "1076_ITS_NEU_XX")
_UNPUBLISHED_SENTENCES = ("1008_WSI", "1009_MTI", "1019_ITH")


def _names() -> Iterator[str]:
    for actor in _ACTORS:
        for sentence in _SENTENCES.split("|"):
            for emotion in _EMOTIONS:
                # One sentence was spoken at three levels, but for neutral.
                graded = sentence == "IEO" and emotion != "NEU"
                for level in ("LO", "MD", "HI") if graded else ("XX",):
                    name = f"{actor}_{sentence}_{emotion}_{level}"
                    if name[:8] in _UNPUBLISHED_SENTENCES or name in _UNPUBLISHED:
                        continue
                    yield name


CREMA_D = Corpus(
    name="crema_d",
    title="CREMA-D (Crowd-Sourced Emotional Multimodal Actors Dataset)",
    language="English",
    licence="Open Database License 1.0, contents Database Contents License 1.0",
    layout="AudioWAV/1001_DFA_ANG_XX.wav (actor, sentence, emotion, level), "
    "in any folder",
    pattern=rf"(?P<speaker>{'|'.join(_ACTORS)})_(?P<sentence>{_SENTENCES})"
    rf"_(?P<emotion>{'|'.join(_EMOTIONS)})_(?P<level>XX?|LO|MD|HI)",
    emotions=_EMOTIONS,
    sex={actor: "female" if actor in _WOMEN.split() else "male" for actor in _ACTORS},
    # `1040_ITH_SAD_X.wav` is so named in most copies.
    spellings={"X": "XX"},
    remarks={
        "1076_MTI_SAD_XX": "silence",
        "1006_TIE_(NEU|HAP)_XX|1013_WSI_(DIS|SAD)_XX|1017_IWW_(ANG|FEA)_XX": "one "
        "sound under two emotions",
    },
    published={**dict.fromkeys(_EMOTIONS.values(), 1271), "neutral": 1087},
    num_speakers=91,
    stem="{speaker}_{sentence}_{emotion}_{level}",
    complete=_names,
)
