"""The report as plain data, of each recording too, to be stored as JSON."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from damldg_jax.audit import Copy, CorpusAudit, Finding, Measured

_LABELS = ("name", "emotion", "speaker", "sex", "language", "sentence")
_FIGURES = ("seconds", "rms_db", "peak_db", "leading", "trailing")


def records(
    audits: Sequence[CorpusAudit], copies: Sequence[Copy], found: Sequence[Finding]
) -> dict[str, Any]:
    """Makes a dictionary of everything.

    Args:
      audits: the corpora.
      copies: recordings that are there twice.
      found: what there is to say.

    Returns:
      ``corpora``, ``copies`` and ``findings``, lists of dictionaries.
    """
    return {
        "corpora": [_corpus(audit) for audit in audits],
        "copies": [_copy(copy) for copy in copies],
        "findings": [finding._asdict() for finding in found],
    }


def _corpus(audit: CorpusAudit) -> dict[str, Any]:
    spreads = {name: audit.spread(name) for name in _FIGURES}
    return {
        "name": audit.name,
        "location": audit.location,
        "synthetic": audit.synthetic,
        "counts": {emotion: audit.counts()[emotion] for emotion in audit.emotions},
        "speakers": audit.table(),
        "published": audit.completeness._asdict(),
        "notices": audit.notices,
        **{name: spread and spread._asdict() for name, spread in spreads.items()},
        "recordings": [_recording(recording) for recording in audit.recordings],
    }


def _recording(recording: Measured) -> dict[str, Any]:
    utterance, sound = recording.utterance, recording.sound
    return {
        **{name: getattr(utterance, name) for name in _LABELS},
        "path": str(utterance.path),
        "problem": recording.problem,
        "sha256": recording.content,
        **(dataclasses.asdict(sound) if sound else {}),
    }


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "first": [copy.first_corpus, copy.first.utterance.name],
        "second": [copy.second_corpus, copy.second.utterance.name],
        "identical": copy.identical,
        "error_rate": copy.error_rate,
        "contradictions": copy.contradictions,
    }
