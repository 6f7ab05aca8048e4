"""RAVDESS, the Ryerson Audio-Visual Database of Emotional Speech and Song."""

from damldg_jax.corpora.declaration import Corpus

RAVDESS = Corpus(
    name="ravdess",
    title="RAVDESS (Ryerson Audio-Visual Database of Emotional Speech and Song)",
    language="English",
    layout="Actor_12/03-01-05-01-02-01-12.wav (modality, channel, emotion, intensity, "
    "statement, repetition, actor), in any folder",
    pattern=r"03-01-(?P<emotion>0[1-8])-(?P<intensity>0[12])-(?P<sentence>0[12])"
    r"-(?P<repetition>0[12])-(?P<speaker>0[1-9]|1[0-9]|2[0-4])",
    emotions={
        "01": "neutral",
        "02": "calm",
        "03": "happiness",
        "04": "sadness",
        "05": "anger",
        "06": "fear",
        "07": "disgust",
        "08": "surprise",
    },
    # Odd actors are male, even ones female.
    sex={f"{actor:02}": ("female", "male")[actor % 2] for actor in range(1, 25)},
    ignored={
        r"0[1-3]-02(?:-[0-9]{2}){5}": "song instead of speech",
        r"0[12]-01(?:-[0-9]{2}){5}": "sound of videos, which repeats the recordings",
    },
)
