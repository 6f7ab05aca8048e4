"""EMOVO, Italian emotional speech.

G. Costantini and others, "EMOVO Corpus: an Italian Emotional Speech Database" (LREC,
2014): six actors say fourteen sentences in seven states.
"""

from itertools import product

from damldg_jax.corpora.declaration import Corpus

_EMOTIONS = {
    "dis": "disgust",
    "gio": "happiness",
    "neu": "neutral",
    "pau": "fear",
    "rab": "anger",
    "sor": "surprise",
    "tri": "sadness",
}
_SPEAKERS = ("f1", "f2", "f3", "m1", "m2", "m3")
# Short, long, nonsense, and questions.
_SENTENCES = "b1|b2|b3|l1|l2|l3|l4|n1|n2|n3|n4|n5|d1|d2"

EMOVO = Corpus(
    name="emovo",
    title="EMOVO",
    language="Italian",
    licence="none stated; free for research",
    layout="f1/rab-f1-b1.wav (emotion, speaker, sentence), in any folder",
    pattern=rf"(?P<emotion>{'|'.join(_EMOTIONS)})-(?P<speaker>{'|'.join(_SPEAKERS)})"
    rf"-(?P<sentence>{_SENTENCES})",
    emotions=_EMOTIONS,
    sex={
        **dict.fromkeys(_SPEAKERS[:3], "female"),
        **dict.fromkeys(_SPEAKERS[3:], "male"),
    },
    # They correlate by 0.98, sample by sample: one of the two sentences is wrong.
    remarks={"tri-f3-n[12]": "one sound under two sentences"},
    folders={speaker: {"speaker": speaker} for speaker in _SPEAKERS},
    published=dict.fromkeys(_EMOTIONS.values(), 84),
    num_speakers=6,
    stem="{emotion}-{speaker}-{sentence}",
    complete=lambda: map(
        "-".join, product(_EMOTIONS, _SPEAKERS, _SENTENCES.split("|"))
    ),
)
