"""nEMO, Polish emotional speech.

I. Christop, "nEMO: Dataset of Emotional Speech in Polish" (LREC-COLING, 2024).
"""

from damldg_jax.corpora.declaration import Corpus

NEMO = Corpus(
    name="nemo",
    title="nEMO",
    language="Polish",
    licence="CC BY-NC-SA 4.0",
    layout="samples/EB0_anger_1.wav (speaker, emotion, sentence), in any folder",
    pattern=r"(?P<speaker>(?:EB|IC|KD|KS|MK|MP|SM|TP|WR)0)"
    r"_(?P<emotion>anger|fear|happiness|neutral|sadness|surprised)"
    r"_(?P<sentence>[1-9][0-9]?)",
    emotions={
        "anger": "anger",
        "fear": "fear",
        "happiness": "happiness",
        "neutral": "neutral",
        "sadness": "sadness",
        "surprised": "surprise",
    },
    sex={
        **dict.fromkeys(("EB0", "IC0", "KD0", "MK0"), "female"),
        **dict.fromkeys(("KS0", "MP0", "SM0", "TP0", "WR0"), "male"),
    },
    published={
        "anger": 749,
        "fear": 736,
        "happiness": 749,
        "neutral": 809,
        "sadness": 769,
        "surprise": 669,
    },
    num_speakers=9,
)
