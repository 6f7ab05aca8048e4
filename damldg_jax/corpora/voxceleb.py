"""VoxCeleb1, recordings of celebrities from videos, with speakers and without emotions.

A. Nagrani, J. S. Chung and A. Zisserman, "VoxCeleb: a large-scale speaker
identification dataset" (Interspeech 2017). Which language is spoken it does not tell.
"""

from damldg_jax.corpora.declaration import Corpus
from damldg_jax.emotions import UNLABELLED

VOXCELEB = Corpus(
    name="voxceleb",
    title="VoxCeleb1",
    language="Various",
    layout="wav/id10001/1zcIwhmdeo4/00001.wav (speaker, video, number)",
    # No part of a name is of an emotion.
    pattern=r"(?P<speaker>id1[01][0-9]{3})/(?P<video>[A-Za-z0-9_-]{11})"
    r"/(?P<number>[0-9]{5})(?P<emotion>)",
    emotions={"": UNLABELLED},
    published={UNLABELLED: 153_516},
    num_speakers=1251,
    licence="CC BY 4.0 (the annotations; the videos are of others)",
)
