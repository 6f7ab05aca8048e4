"""TurEV-DB, Turkish emotional words.

S. F. Canpolat, Z. Ormanoglu and D. Zeyrek, "Turkish Emotion Voice Database (TurEV-DB)"
(SLTU and CCURL, 2020). The paper gives no counts by emotion.
"""

from damldg_jax.corpora.declaration import Corpus

# The corpus does not state the sex of its speakers.
TUREV = Corpus(
    name="turev",
    title="TurEV-DB",
    language="Turkish",
    licence="CC BY-NC-ND 4.0",
    layout="Sound Source/Angry/1157_kz_acik.wav (speaker, emotion, word), "
    "in any folder",
    pattern=r"(?P<speaker>1157|1234|1358|1984|6783|7895)_(?P<emotion>kz|sk|mt|hl)"
    r"_(?P<sentence>[a-z]+)",
    emotions={"kz": "anger", "sk": "calm", "mt": "happiness", "hl": "sadness"},
    folders={
        "Angry": {"emotion": "kz"},
        "Calm": {"emotion": "sk"},
        "Happy": {"emotion": "mt"},
        "Sad": {"emotion": "hl"},
    },
    num_speakers=6,
)
