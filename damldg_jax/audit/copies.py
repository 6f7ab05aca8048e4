"""Recordings that are there twice, in one corpus or in two."""

from collections.abc import Sequence
from typing import NamedTuple

from damldg_jax.audit.corpus import CorpusAudit
from damldg_jax.audit.recording import Measured
from damldg_jax.duplicates import find_duplicates


class Copy(NamedTuple):
    """Two recordings of the same sound.

    Attributes:
      first: one of them.
      first_corpus: whose it is.
      second: the other one.
      second_corpus: whose it is.
      identical: whether all samples are the same.
      error_rate: how far their fingerprints differ, 0 if they are identical.
    """

    first: Measured
    first_corpus: str
    second: Measured
    second_corpus: str
    identical: bool
    error_rate: float

    @property
    def contradictions(self) -> tuple[str, ...]:
        """In which of their labels the two differ: emotion, speaker, sentence.

        Codes of speakers and sentences are a corpus's own.
        """
        names = ["emotion"]
        if self.first_corpus == self.second_corpus:
            names += ["speaker", "sentence"]
        pair = self.first.utterance, self.second.utterance
        return tuple(n for n in names if len({getattr(u, n) for u in pair}) > 1)

    def __str__(self) -> str:
        """Such as ``emodb/03a01Fa = mine/x``."""
        first = f"{self.first_corpus}/{self.first.utterance.name}"
        return f"{first} = {self.second_corpus}/{self.second.utterance.name}"


def find_copies(audits: Sequence[CorpusAudit]) -> list[Copy]:
    """Finds the recordings that are there more than once.

    Args:
      audits: all corpora.

    Returns:
      The pairs, in the order of the recordings. Of several identical recordings,
      each is paired with the first.
    """
    owners = [(r, audit.name) for audit in audits for r in audit.recordings]
    first: dict[str, int] = {}
    identical = set()
    for index, (recording, _) in enumerate(owners):
        if recording.content and first.setdefault(recording.content, index) != index:
            identical.add((first[recording.content], index))
    similar = {
        (pair.first, pair.second): pair.error_rate
        for pair in find_duplicates([recording.fingerprint for recording, _ in owners])
        if owners[pair.first][0].content != owners[pair.second][0].content
    }
    rates = {**dict.fromkeys(identical, 0.0), **similar}
    return [
        Copy(*owners[a], *owners[b], (a, b) in identical, rate)
        for (a, b), rate in sorted(rates.items())
    ]
