"""Checks of what is there of a corpus: recordings, emotions, speakers."""

from collections.abc import Callable, Iterator

from damldg_jax.audit.corpus import CorpusAudit, names_of
from damldg_jax.audit.finding import NOTE, WARNING, Finding
from damldg_jax.corpora.files import first_few, printable
from damldg_jax.emotions import UNLABELLED

# Below this, none are kept for validation.
_FEW_SPEAKERS = 3


def _unusable(audit: CorpusAudit) -> Iterator[Finding]:
    if bad := audit.unusable:
        reasons = [f"{printable(str(r.utterance.path))}: {r.problem}" for r in bad]
        yield Finding(
            WARNING,
            (audit.name,),
            f"{audit.name}: {len(bad)} of {len(audit.recordings)} recordings cannot be "
            f"used: {first_few(reasons)}. Mend or remove them, or go on without "
            "them: --skip_unreadable.",
            tuple(names_of(bad)),
        )


def _completeness(audit: CorpusAudit) -> Iterator[Finding]:
    differing = (*audit.completeness.missing, *audit.completeness.surplus)
    for text in audit.completeness.warnings:
        yield Finding(WARNING, (audit.name,), text, differing)


def _notices(audit: CorpusAudit) -> Iterator[Finding]:
    for text in audit.notices:
        yield Finding(NOTE, (audit.name,), text)


def _few_speakers(audit: CorpusAudit) -> Iterator[Finding]:
    count = len(audit.speakers)
    if count == 1:
        consequence = "what is learnt from it may be this voice"
    else:
        consequence = "what is learnt from it may be these voices"
    if count < _FEW_SPEAKERS:
        yield Finding(
            WARNING,
            (audit.name,),
            f"{audit.name}: all of it is by {count} speaker(s): none can be kept for "
            f"validation, and {consequence}. If there are more, tell them by a "
            f"manifest, --corpora={audit.name}=path/to/manifest.csv; otherwise use it "
            "beside corpora of more speakers.",
            audit.speakers,
        )


def _single_emotion(audit: CorpusAudit) -> Iterator[Finding]:
    if set(audit.counts()) == {UNLABELLED}:
        yield Finding(
            NOTE,
            (audit.name,),
            f"{audit.name}: nothing is known of emotions: its speakers are something "
            "to pre-train on, by python -m experiments.pretrain, and nothing else.",
        )
        return
    if len(audit.counts()) < 2:
        yield Finding(
            WARNING,
            (audit.name,),
            f"{audit.name}: all of it is of one emotion, {min(audit.counts())}: a "
            "network can tell it by the corpus alone. Check the labels, or leave the "
            "corpus out.",
        )
        return
    table = audit.table()
    alone = [name for name, counts in table.items() if len(counts) == 1]
    if alone:
        shown = [f"{name} ({', '.join(table[name])})" for name in alone]
        yield Finding(
            WARNING,
            (audit.name,),
            f"{audit.name}: {len(alone)} of {len(table)} speakers have one emotion "
            f"only: {first_few(shown)}. A network can tell the emotion by the voice. "
            "Check how speakers are named, or leave these speakers out by a manifest.",
            tuple(alone),
        )


def _single_speaker(audit: CorpusAudit) -> Iterator[Finding]:
    if len(audit.speakers) < 2:
        return
    heard: dict[str, set[str]] = {}
    for speaker, counts in audit.table().items():
        for emotion in counts:
            heard.setdefault(emotion, set()).add(speaker)
    alone = {e: min(s) for e, s in sorted(heard.items()) if len(s) == 1}
    if alone and len(audit.counts()) > 1:
        shown = ", ".join(f"{emotion} ({name})" for emotion, name in alone.items())
        yield Finding(
            WARNING,
            (audit.name,),
            f"{audit.name}: only one speaker has {shown}. An emotion of one speaker is "
            "trained on or validated, never both. Leave it out by --emotions, or add "
            "speakers.",
        )


CHECKS: tuple[Callable[[CorpusAudit], Iterator[Finding]], ...] = (
    _unusable,
    _completeness,
    _few_speakers,
    _single_emotion,
    _single_speaker,
    _notices,
)
