"""What measurements mean, in words, and what to do about it.

A check is a function from a corpus to its findings. To add one, write it in
`label_checks.py` or `sound_checks.py` and give it a place in the table there; those of
several corpora are here.
"""

from collections.abc import Iterable, Iterator, Sequence

from damldg_jax.audit import label_checks, sound_checks
from damldg_jax.audit.copies import Copy
from damldg_jax.audit.corpus import CorpusAudit
from damldg_jax.audit.finding import NOTE, WARNING, Finding
from damldg_jax.corpora.files import first_few

__all__ = ["NOTE", "WARNING", "Finding", "findings"]

_CHECKS = (*label_checks.CHECKS, *sound_checks.CHECKS)

# Corpora whose middle levels are as far apart as a whisper and a raised voice.
_LEVELS_APART_DB = 12.0


def findings(audits: Sequence[CorpusAudit], copies: Sequence[Copy]) -> list[Finding]:
    """Says what is to be known of corpora.

    Args:
      audits: the corpora.
      copies: recordings that are there twice.

    Returns:
      Warnings first, then notes; each in the order of the corpora.
    """
    everything = [f for audit in audits for check in _CHECKS for f in check(audit)]
    everything += _copies(copies)
    everything += _levels(audits)
    return sorted(everything, key=lambda finding: finding.severity != WARNING)


def _copies(copies: Sequence[Copy]) -> Iterator[Finding]:
    groups: dict[tuple[str, str, bool, bool], list[Copy]] = {}
    for copy in copies:
        key = (copy.first_corpus, copy.second_corpus, copy.identical)
        groups.setdefault((*key, bool(copy.contradictions)), []).append(copy)
    for (first, second, identical, contradictory), pairs in groups.items():
        how = "sample by sample" if identical else "but for level, coding or cut"
        where = "" if first == second else f"of {first} and {second} "
        text = (
            f"{len(pairs)} pair(s) of recordings {where}are the same {how}: "
            f"{first_few([_describe(pair) for pair in pairs])}."
        )
        if contradictory:
            text += (
                " What is said of them differs, so one of each is wrong: listen, and "
                "delete it."
            )
        else:
            text += (
                " Delete one of each, or let training leave them, and all else of "
                "their speakers, out where they would be on two sides of a split: "
                "--skip_duplicates."
            )
        names = [str(pair) for pair in pairs]
        yield Finding(WARNING, _unique((first, second)), text, tuple(names))


def _describe(copy: Copy) -> str:
    """The pair, and what is said of the two that differs."""
    labels = [
        f"{name} '{getattr(copy.first.utterance, name)}' or "
        f"'{getattr(copy.second.utterance, name)}'"
        for name in copy.contradictions
    ]
    return f"{copy} ({', '.join(labels)})" if labels else str(copy)


def _levels(audits: Sequence[CorpusAudit]) -> Iterator[Finding]:
    levels = {a.name: s.median for a in audits if (s := a.spread("rms_db"))}
    if len(levels) < 2:
        return
    quiet, loud = min(levels, key=levels.get), max(levels, key=levels.get)
    if levels[loud] - levels[quiet] >= _LEVELS_APART_DB:
        yield Finding(
            NOTE,
            (quiet, loud),
            f"Half of {loud} is louder than {levels[loud]:.0f} dBFS, half of {quiet} "
            f"quieter than {levels[quiet]:.0f} dBFS: a network can tell corpora apart "
            "by their level. Compare with --normalization=utterance, which takes the "
            "level out, before you trust a comparison of methods.",
        )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
