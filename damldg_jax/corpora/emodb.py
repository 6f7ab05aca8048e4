"""EmoDB, the Berlin Database of Emotional Speech.

F. Burkhardt and others, "A Database of German Emotional Speech" (Interspeech, 2005).
The published recordings are those that listeners recognised: no grid of names.
"""

from damldg_jax.corpora.declaration import Corpus

EMODB = Corpus(
    name="emodb",
    title="EmoDB (Berlin Database of Emotional Speech)",
    language="German",
    licence="none stated; free for research",
    layout="wav/03a01Wa.wav (speaker, text, emotion, version), in any folder",
    pattern=r"(?P<speaker>03|08|09|1[0-6])(?P<sentence>[ab][0-9]{2})"
    r"(?P<emotion>[WLEAFTN])(?P<version>[a-z])",
    # The initials of Wut, Langeweile, Ekel, Angst, Freude, Trauer and neutral.
    emotions={
        "W": "anger",
        "L": "boredom",
        "E": "disgust",
        "A": "fear",
        "F": "happiness",
        "T": "sadness",
        "N": "neutral",
    },
    sex={
        **dict.fromkeys(("03", "10", "11", "12", "15"), "male"),
        **dict.fromkeys(("08", "09", "13", "14", "16"), "female"),
    },
    published={
        "anger": 127,
        "boredom": 81,
        "disgust": 46,
        "fear": 69,
        "happiness": 71,
        "sadness": 62,
        "neutral": 79,
    },
    num_speakers=10,
)
