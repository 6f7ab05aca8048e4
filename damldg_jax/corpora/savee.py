"""SAVEE, Surrey Audio-Visual Expressed Emotion.

S. Haq and P. J. B. Jackson, "Multimodal Emotion Recognition" (in Machine Audition, IGI
Global, 2010): four men say 15 sentences in each of six emotions, and 30 neutrally.
"""

from collections.abc import Iterator

from damldg_jax.corpora.declaration import Corpus

_EMOTIONS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
_SPEAKERS = ("DC", "JE", "JK", "KL")


def _names() -> Iterator[str]:
    for speaker in _SPEAKERS:
        for emotion in _EMOTIONS:
            for number in range(1, 31 if emotion == "n" else 16):
                yield f"{speaker}_{emotion}{number:02}"


SAVEE = Corpus(
    name="savee",
    title="SAVEE (Surrey Audio-Visual Expressed Emotion)",
    language="English",
    licence="for research alone, on registration; no redistribution",
    layout="AudioData/DC/a01.wav or DC_a01.wav (speaker, emotion, sentence), "
    "in any folder",
    # The number alone is no code of the text: most texts differ by emotion.
    pattern=r"(?P<speaker>DC|JE|JK|KL)[/_]"
    r"(?P<sentence>(?P<emotion>a|d|f|h|n|sa|su)[0-9]{2})",
    emotions=_EMOTIONS,
    sex=dict.fromkeys(_SPEAKERS, "male"),
    folders={speaker: {"speaker": speaker} for speaker in _SPEAKERS},
    published={**dict.fromkeys(_EMOTIONS.values(), 60), "neutral": 120},
    num_speakers=4,
    stem="{speaker}_{sentence}",
    complete=_names,
)
