"""ShEMO, the Sharif Emotional Speech Database.

O. Mohamad Nezami, P. Jamshid Lou and M. Karami, "ShEMO: a large-scale validated
database for Persian speech emotion detection" (Language Resources and Evaluation 53,
2019).
"""

from damldg_jax.corpora.declaration import Corpus

SHEMO = Corpus(
    name="shemo",
    title="ShEMO (Sharif Emotional Speech Database)",
    language="Persian",
    licence="none stated; published for research",
    layout="female/F01A01.wav (speaker, emotion, number), in any folder",
    # The number counts utterances of a speaker and is no code of the text.
    pattern=r"(?P<speaker>(?P<sex>[FM])[0-9]{2})(?P<emotion>[AFHNSW])"
    r"(?P<number>[0-9]{2,3})",
    emotions={
        "A": "anger",
        "F": "fear",
        "H": "happiness",
        "N": "neutral",
        "S": "sadness",
        "W": "surprise",
    },
    sex={
        f"{letter}{number:02}": sex
        for letter, sex in (("F", "female"), ("M", "male"))
        for number in range(100)
    },
    folders={"female": {"sex": "F"}, "male": {"sex": "M"}},
    published={
        "anger": 1059,
        "fear": 38,
        "happiness": 201,
        "neutral": 1028,
        "sadness": 449,
        "surprise": 225,
    },
    num_speakers=87,
)
