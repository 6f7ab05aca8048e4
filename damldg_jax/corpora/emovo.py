"""EMOVO, Italian emotional speech."""

from damldg_jax.corpora.declaration import Corpus

EMOVO = Corpus(
    name="emovo",
    title="EMOVO",
    language="Italian",
    layout="f1/rab-f1-b1.wav (emotion, speaker, sentence), in any folder",
    pattern=r"(?P<emotion>dis|gio|neu|pau|rab|sor|tri)-(?P<speaker>[fm][1-3])"
    r"-(?P<sentence>b[1-3]|l[1-4]|n[1-5]|d[12])",
    emotions={
        "dis": "disgust",
        "gio": "happiness",
        "neu": "neutral",
        "pau": "fear",
        "rab": "anger",
        "sor": "surprise",
        "tri": "sadness",
    },
    sex={
        **dict.fromkeys(("f1", "f2", "f3"), "female"),
        **dict.fromkeys(("m1", "m2", "m3"), "male"),
    },
)
