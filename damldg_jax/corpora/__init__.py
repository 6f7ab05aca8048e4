"""Speech-emotion corpora: what is known of each, and the listing of recordings.

To add a corpus, declare it in a file of its own, as `emodb.py` does, and add it
to the table below: its `pattern` names the parts of a path, and its `emotions`
translates the codes. A corpus of one's own needs no code but a manifest; see
`damldg_jax.corpora.manifest`. What a user names is found by
`damldg_jax.corpora.sources`.
"""

from damldg_jax.corpora.declaration import Corpus, Listing, Utterance, list_utterances
from damldg_jax.corpora.emodb import EMODB
from damldg_jax.corpora.emovo import EMOVO
from damldg_jax.corpora.manifest import list_manifest
from damldg_jax.corpora.nemo import NEMO
from damldg_jax.corpora.ravdess import RAVDESS
from damldg_jax.corpora.savee import SAVEE
from damldg_jax.corpora.turev import TUREV

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus for corpus in (EMODB, RAVDESS, SAVEE, EMOVO, NEMO, TUREV)
}

__all__ = [
    "CORPORA",
    "Corpus",
    "Listing",
    "Utterance",
    "list_manifest",
    "list_utterances",
]
