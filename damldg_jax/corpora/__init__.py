"""Speech-emotion corpora: what is known of each, and the listing of recordings.

To add a corpus, declare it in a file of its own, as `emodb.py` does, and add it
to the table below: its `pattern` names the parts of a path, its `emotions`
translates the codes, and what was published of it is compared with what is there
(`damldg_jax.corpora.completeness`). A corpus of one's own needs no code but a
manifest; see `damldg_jax.corpora.manifest`. What a user names is found by
`damldg_jax.corpora.sources`.
"""

from damldg_jax.corpora.aesdd import AESDD
from damldg_jax.corpora.cafe import CAFE
from damldg_jax.corpora.crema_d import CREMA_D
from damldg_jax.corpora.declaration import Corpus, Listing, Utterance
from damldg_jax.corpora.emodb import EMODB
from damldg_jax.corpora.emovo import EMOVO
from damldg_jax.corpora.iemocap import IEMOCAP
from damldg_jax.corpora.listing import list_utterances
from damldg_jax.corpora.manifest import list_manifest
from damldg_jax.corpora.nemo import NEMO
from damldg_jax.corpora.ravdess import RAVDESS
from damldg_jax.corpora.savee import SAVEE
from damldg_jax.corpora.shemo import SHEMO
from damldg_jax.corpora.tess import TESS
from damldg_jax.corpora.turev import TUREV
from damldg_jax.corpora.urdu import URDU
from damldg_jax.corpora.voxceleb import VOXCELEB

# In the order of the paper, which has the first ten. The last one has no emotions.
CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        IEMOCAP,
        CREMA_D,
        SAVEE,
        RAVDESS,
        TESS,
        AESDD,
        CAFE,
        EMOVO,
        SHEMO,
        EMODB,
        NEMO,
        TUREV,
        URDU,
        VOXCELEB,
    )
}

__all__ = [
    "CORPORA",
    "Corpus",
    "Listing",
    "Utterance",
    "list_manifest",
    "list_utterances",
]
