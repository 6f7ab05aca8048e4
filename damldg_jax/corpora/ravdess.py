"""RAVDESS, the Ryerson Audio-Visual Database of Emotional Speech and Song.

S. R. Livingstone and F. A. Russo, "The Ryerson Audio-Visual Database of Emotional
Speech and Song (RAVDESS)" (PLoS ONE 13(5), 2018). Songs are not used.
"""

from collections.abc import Iterator
from itertools import product

from damldg_jax.corpora.declaration import Corpus

_EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
_ACTORS = tuple(f"{actor:02}" for actor in range(1, 25))


def _names() -> Iterator[str]:
    for emotion in _EMOTIONS:
        # There is no strong neutral.
        for intensity in ("01",) if emotion == "01" else ("01", "02"):
            for rest in product(("01", "02"), ("01", "02"), _ACTORS):
                yield "-".join(("03", "01", emotion, intensity, *rest))


RAVDESS = Corpus(
    name="ravdess",
    title="RAVDESS (Ryerson Audio-Visual Database of Emotional Speech and Song)",
    language="English",
    licence="CC BY-NC-SA 4.0",
    layout="Actor_12/03-01-05-01-02-01-12.wav (modality, channel, emotion, intensity, "
    "statement, repetition, actor), in any folder",
    pattern=r"03-01-(?P<emotion>0[1-8])-(?P<intensity>0[12])-(?P<sentence>0[12])"
    r"-(?P<repetition>0[12])-(?P<speaker>0[1-9]|1[0-9]|2[0-4])",
    emotions=_EMOTIONS,
    # Odd actors are male, even ones female.
    sex={actor: ("female", "male")[int(actor) % 2] for actor in _ACTORS},
    # They are equal sample by sample.
    remarks={"03-01-03-01-02-0[12]-07": "one sound under two names"},
    ignored={
        r"0[1-3]-02(?:-[0-9]{2}){5}": "song instead of speech",
        r"0[12]-01(?:-[0-9]{2}){5}": "sound of videos, which repeats the recordings",
    },
    folders={f"Actor_{actor}": {"speaker": actor} for actor in _ACTORS},
    published={**dict.fromkeys(_EMOTIONS.values(), 192), "neutral": 96},
    num_speakers=24,
    stem="03-01-{emotion}-{intensity}-{sentence}-{repetition}-{speaker}",
    complete=_names,
)
