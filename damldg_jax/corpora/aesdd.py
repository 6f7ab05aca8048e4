"""AESDD, the Acted Emotional Speech Dynamic Database.

N. Vryzas and others, "Speech Emotion Recognition for Performance Interaction" (J. Audio
Engineering Society 66(6), 2018), and the `readme.txt` of the corpus. The corpus grows
"by definition", so there is no published number to compare with, and it does not say
which speakers are women.
"""

from damldg_jax.corpora.declaration import Corpus

_EMOTIONS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "s": "sadness",
}

AESDD = Corpus(
    name="aesdd",
    title="AESDD (Acted Emotional Speech Dynamic Database)",
    language="Greek",
    licence="none stated; published for research",
    layout="anger/a01 (1).wav (emotion, utterance, speaker), in any folder",
    # Nineteen texts are the same for all; the twentieth each speaker made up. Some
    # texts have a second take, `a06 (5)b.wav`; some speakers a zero, `d03 (01).wav`.
    pattern=r"(?P<emotion>[adfhs])(?P<utterance>(?P<sentence>0[1-9]|1[0-9])|20)"
    r" ?\(0?(?P<speaker>[1-9][0-9]?)\)(?P<take>[a-z]?)",
    emotions=_EMOTIONS,
    folders={word: {"emotion": code} for code, word in _EMOTIONS.items()},
    remarks={r"s05 ?\(0?3\)": "no samples in the copies that circulate"},
    stem="{emotion}{utterance} ({speaker}){take}",
)
