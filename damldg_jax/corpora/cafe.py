"""CaFE, Canadian French Emotional speech.

P. Gournay, O. Lahaie and R. Lefebvre, "A Canadian French Emotional Speech Dataset" (ACM
Multimedia Systems Conference, 2018), and the `Readme.txt` of the corpus.
"""

from collections.abc import Iterator

from damldg_jax.corpora.declaration import Corpus

_EMOTIONS = {
    "C": "anger",
    "D": "disgust",
    "J": "happiness",
    "N": "neutral",
    "P": "fear",
    "S": "surprise",
    "T": "sadness",
}
_FOLDERS = {
    "Colère": "C",
    "Dégoût": "D",
    "Joie": "J",
    "Neutre": "N",
    "Peur": "P",
    "Surprise": "S",
    "Tristesse": "T",
}


def _names() -> Iterator[str]:
    for actor in range(1, 13):
        for emotion in _EMOTIONS:
            for intensity in ("",) if emotion == "N" else ("-1", "-2"):
                for sentence in range(1, 7):
                    yield f"{actor:02}-{emotion}{intensity}-{sentence}"


CAFE = Corpus(
    name="cafe",
    title="CaFE (Canadian French Emotional speech)",
    language="French",
    licence="CC BY-NC-SA 4.0",
    layout="Colère/Fort/01-C-2-1.wav (actor, emotion, intensity, sentence) and "
    "Neutre/01-N-1.wav (no intensity), in any folder",
    pattern=r"(?P<speaker>0[1-9]|1[0-2])-(?P<emotion>[CDJPST](?=-[12]-)|N(?!-[12]-))"
    r"(?P<intensity>-[12](?=-))?-(?P<sentence>[1-6])",
    emotions=_EMOTIONS,
    # Odd actors are male, even ones female.
    sex={f"{actor:02}": ("female", "male")[actor % 2] for actor in range(1, 13)},
    folders={
        **{folder: {"emotion": code} for folder, code in _FOLDERS.items()},
        "Faible": {"intensity": "-1"},
        "Fort": {"intensity": "-2"},
    },
    published={**dict.fromkeys(_EMOTIONS.values(), 144), "neutral": 72},
    num_speakers=12,
    stem="{speaker}-{emotion}{intensity}-{sentence}",
    complete=_names,
)
