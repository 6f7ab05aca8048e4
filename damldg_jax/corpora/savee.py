"""SAVEE, Surrey Audio-Visual Expressed Emotion."""

from damldg_jax.corpora.declaration import Corpus

SAVEE = Corpus(
    name="savee",
    title="SAVEE (Surrey Audio-Visual Expressed Emotion)",
    language="English",
    layout="AudioData/DC/a01.wav or DC_a01.wav (speaker, emotion, sentence), "
    "in any folder",
    # The number alone is no code of the text: most texts differ by emotion.
    pattern=r"(?P<speaker>DC|JE|JK|KL)[/_]"
    r"(?P<sentence>(?P<emotion>a|d|f|h|n|sa|su)[0-9]{2})",
    emotions={
        "a": "anger",
        "d": "disgust",
        "f": "fear",
        "h": "happiness",
        "n": "neutral",
        "sa": "sadness",
        "su": "surprise",
    },
    sex=dict.fromkeys(("DC", "JE", "JK", "KL"), "male"),
)
