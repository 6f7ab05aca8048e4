"""Whether a corpus is there as it was published: no recording less, none more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from damldg_jax.corpora.declaration import Corpus, Utterance
from damldg_jax.corpora.files import first_few
from damldg_jax.corpora.names import read_codes


class Completeness(NamedTuple):
    """What was published of a corpus, and how the recordings at hand differ.

    Attributes:
      expected: published utterances of each canonical emotion; empty if unknown.
      expected_speakers: published number of speakers, or None.
      missing: names of recordings that are published and not at hand, where the
        names of all are known.
      surplus: names of recordings that are at hand and not published.
      warnings: sentences for the user, each with a remedy; empty if all is as
        published, or nothing is known.
    """

    expected: Mapping[str, int]
    expected_speakers: int | None
    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    warnings: tuple[str, ...]


def compare(corpus: Corpus | None, utterances: Sequence[Utterance]) -> Completeness:
    """Compares the recordings of a corpus with what was published.

    Args:
      corpus: its declaration, or None where nothing is declared: a manifest.
      utterances: what was listed.

    Returns:
      What differs. It is told once for the corpus: by the names of recordings
      where they are known, and by the counts otherwise.
    """
    if corpus is None:
        return Completeness({}, None, (), (), ())
    published = set(corpus.complete()) if corpus.complete else None
    missing: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    if published:
        names = {_stem(corpus, utterance.name) for utterance in utterances}
        missing = tuple(sorted(published - names))
        surplus = tuple(sorted(names - published))
        warnings = _by_name(corpus, len(utterances), missing, surplus)
    else:
        warnings = _by_count(corpus, utterances)
    return Completeness(
        dict(corpus.published), corpus.num_speakers, missing, surplus, warnings
    )


def _stem(corpus: Corpus, name: str) -> str:
    codes = read_codes(corpus, name)
    return corpus.stem.format(**codes) if codes else name.rpartition("/")[2]


def _by_name(
    corpus: Corpus, count: int, missing: Sequence[str], surplus: Sequence[str]
) -> tuple[str, ...]:
    warnings = []
    if missing:
        total = sum(corpus.published.values())
        warnings.append(
            f"{corpus.name}: {len(missing)} of the {total} published recordings are "
            f"missing: {first_few(missing)}. {_COPY_ANEW}"
        )
    if surplus:
        warnings.append(
            f"{corpus.name}: {len(surplus)} recording(s) of {count} are not among the "
            f"published ones: {first_few(surplus)}. {_TAKE_AWAY}"
        )
    return tuple(warnings)


def _by_count(corpus: Corpus, utterances: Sequence[Utterance]) -> tuple[str, ...]:
    counts = Counter(utterance.emotion for utterance in utterances)
    differing = [
        f"{emotion} {counts[emotion]} of {corpus.published.get(emotion, 0)}"
        for emotion in sorted(counts.keys() | corpus.published.keys())
        if corpus.published and counts[emotion] != corpus.published.get(emotion, 0)
    ]
    speakers = len({utterance.speaker for utterance in utterances})
    if corpus.num_speakers not in (None, speakers):
        differing.append(f"speakers {speakers} of {corpus.num_speakers}")
    if not differing:
        return ()
    total = sum(corpus.published.values())
    remedy = _TAKE_AWAY if total and len(utterances) > total else _COPY_ANEW
    return (
        f"{corpus.name}: {len(utterances)} recordings, which is not what was published"
        f" ({_published(corpus)}): {', '.join(differing)}. {remedy}",
    )


def _published(corpus: Corpus) -> str:
    total = sum(corpus.published.values())
    parts = [f"{total} recordings"] if total else []
    if corpus.num_speakers is not None:
        parts.append(f"{corpus.num_speakers} speakers")
    return " of ".join(parts)


_COPY_ANEW = (
    "Copy the corpus anew, or say wherever you report results that a part was used."
)
_TAKE_AWAY = "Take away what does not belong to the corpus."
