"""The tables of the report, the same in text and on the page."""

from collections.abc import Sequence
from typing import NamedTuple

from damldg_jax.audit import CorpusAudit, Spread
from damldg_jax.corpora.files import first_few, printable

_NONE = "-"


class Table(NamedTuple):
    """A table of text.

    Attributes:
      title: what it shows.
      header: of the columns; the first one names the rows.
      rows: as many cells as columns.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(audits: Sequence[CorpusAudit]) -> list[Table]:
    """Makes the tables of several corpora.

    Args:
      audits: the corpora.

    Returns:
      What there is, how long and loud it is, how it is stored, and the recordings of
      each emotion and of each speaker.
    """
    return [
        Table("What is there", _THERE, tuple(map(_there, audits))),
        Table("Seconds", _SECONDS, tuple(map(_seconds, audits))),
        Table("Level in dBFS", _LEVEL, tuple(map(_level, audits))),
        Table("How it is stored", _STORED, tuple(map(_stored, audits))),
        _emotions(audits),
        *map(speakers, audits),
    ]


_THERE = (
    *("corpus", "recordings", "published", "unusable"),
    *("speakers", "published speakers"),
)
_SECONDS = ("corpus", "shortest", "median", "longest", "minutes in all", "silent ends")
_LEVEL = ("corpus", "quietest", "median", "loudest", "highest peak", "clipped")
_STORED = ("corpus", "sampling rate (Hz)", "channels", "encoding")


def _there(audit: CorpusAudit) -> tuple[str, ...]:
    published = sum(audit.completeness.expected.values())
    return (
        audit.name,
        str(len(audit.recordings)),
        str(published or _NONE),
        str(len(audit.unusable)),
        str(len(audit.speakers)),
        str(audit.completeness.expected_speakers or _NONE),
    )


def _seconds(audit: CorpusAudit) -> tuple[str, ...]:
    spread = audit.spread("seconds")
    ends = Spread.of([sound.leading + sound.trailing for sound in audit.sounds])
    return (
        audit.name,
        *_three(spread, 2),
        f"{spread.total / 60:.1f}" if spread else _NONE,
        f"{ends.median:.2f}" if ends else _NONE,
    )


def _level(audit: CorpusAudit) -> tuple[str, ...]:
    peak = audit.spread("peak_db")
    clipped = sum(sound.clipped_runs > 0 for sound in audit.sounds)
    return (
        audit.name,
        *_three(audit.spread("rms_db"), 1),
        _number(peak.largest, 1) if peak else _NONE,
        str(clipped),
    )


def _stored(audit: CorpusAudit) -> tuple[str, ...]:
    return (
        audit.name,
        *(_kinds(audit, name) for name in ("sample_rate", "channels", "encoding")),
    )


def _kinds(audit: CorpusAudit, name: str) -> str:
    kinds = audit.kinds(name)
    if len(kinds) < 2:
        return next(map(str, kinds), _NONE)
    return first_few([f"{kind} ({count})" for kind, count in kinds.items()])


def _three(spread: Spread | None, digits: int) -> tuple[str, ...]:
    if spread is None:
        return (_NONE,) * 3
    return tuple(_number(value, digits) for value in spread[:3])


def _number(value: float, digits: int) -> str:
    # Rounded first, and zero added, so that nothing is written -0.0.
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _emotions(audits: Sequence[CorpusAudit]) -> Table:
    """Recordings of each emotion, and how many were published where they differ."""
    rows: dict[str, list[str]] = {}
    for audit in audits:
        for emotion in audit.emotions:
            rows.setdefault(emotion, [""] * len(audits))
    for column, audit in enumerate(audits):
        counts, expected = audit.counts(), audit.completeness.expected
        for emotion in rows:
            found, published = counts[emotion], expected.get(emotion, 0)
            differs = expected and found != published
            both = f"{found} of {published}" if differs else str(found)
            rows[emotion][column] = both if found or differs else _NONE
    return Table(
        "Recordings of each emotion",
        ("emotion", *(audit.name for audit in audits)),
        tuple((emotion, *cells) for emotion, cells in rows.items()),
    )


def speakers(audit: CorpusAudit) -> Table:
    """The recordings of each speaker by emotion; speakers of equal counts together.

    Args:
      audit: of a corpus.

    Returns:
      A row for all speakers who have the same number of each emotion.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    for speaker, counts in audit.table().items():
        row = tuple(counts[emotion] for emotion in audit.emotions)
        groups.setdefault(row, []).append(printable(speaker))
    return Table(
        f"Recordings of each speaker of {audit.name}",
        ("speaker", *audit.emotions, "all"),
        tuple(
            (_who(names), *(str(n or _NONE) for n in row), str(sum(row)))
            for row, names in groups.items()
        ),
    )


def _who(names: list[str]) -> str:
    return first_few(names) if len(names) == 1 else f"each of {first_few(names)}"
