"""What is wrong with corpora, before anything is trained on them.

`recording.py` measures a recording, `corpus.py` sums up a corpus, `copies.py` finds
recordings that are there twice, and `findings.py` says in words what to do.
"""

from damldg_jax.audit.copies import Copy, find_copies
from damldg_jax.audit.corpus import CorpusAudit, Spread
from damldg_jax.audit.findings import NOTE, WARNING, Finding, findings
from damldg_jax.audit.recording import Measured, Sound, measure

__all__ = [
    "NOTE",
    "WARNING",
    "Copy",
    "CorpusAudit",
    "Finding",
    "Measured",
    "Sound",
    "Spread",
    "find_copies",
    "findings",
    "measure",
]
