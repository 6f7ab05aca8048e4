"""What the recordings of a corpus have in common, and what not."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from damldg_jax.audit.recording import Measured, Sound
from damldg_jax.corpora.completeness import Completeness
from damldg_jax.emotions import EMOTIONS, UNLABELLED


class Spread(NamedTuple):
    """Smallest, middle and largest value, and their sum."""

    smallest: float
    median: float
    largest: float
    total: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """Sums values up; None if there are none."""
        if not values:
            return None
        return cls(min(values), statistics.median(values), max(values), sum(values))


@dataclass(frozen=True)
class CorpusAudit:
    """A corpus with all that was measured.

    Attributes:
      name: of the corpus.
      location: where it lies, as text.
      synthetic: whether it is generated.
      recordings: all that are listed, in the order of the listing.
      notices: what the listing has to say, such as files that it left out.
      completeness: how it compares with what was published.
    """

    name: str
    location: str
    synthetic: bool
    recordings: tuple[Measured, ...]
    notices: tuple[str, ...]
    completeness: Completeness

    @cached_property
    def sounds(self) -> tuple[Sound, ...]:
        """The figures of the recordings that can be used."""
        return tuple(r.sound for r in self.recordings if r.sound is not None)

    @property
    def unusable(self) -> tuple[Measured, ...]:
        """The recordings that cannot be used."""
        return tuple(r for r in self.recordings if r.sound is None)

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions that there are or should be, in the canonical order."""
        there = {*self.counts(), *self.completeness.expected}
        return tuple(word for word in (*EMOTIONS, UNLABELLED) if word in there)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers, sorted."""
        return tuple(sorted({r.utterance.speaker for r in self.recordings}))

    def counts(self) -> Counter[str]:
        """Recordings of each emotion."""
        return Counter(r.utterance.emotion for r in self.recordings)

    def table(self) -> dict[str, Counter[str]]:
        """Recordings of each emotion, for each speaker in order."""
        counts: dict[str, Counter[str]] = {name: Counter() for name in self.speakers}
        for recording in self.recordings:
            utterance = recording.utterance
            counts[utterance.speaker][utterance.emotion] += 1
        return counts

    def spread(self, name: str) -> Spread | None:
        """The spread of one figure of the recordings that can be used."""
        return Spread.of([getattr(sound, name) for sound in self.sounds])

    def kinds(self, name: str) -> Counter:
        """How many recordings have each value of a figure, the commonest first."""
        counts = Counter(getattr(sound, name) for sound in self.sounds)
        return Counter(dict(counts.most_common()))


def names_of(recordings: Iterable[Measured]) -> list[str]:
    """Names of recordings."""
    return [recording.utterance.name for recording in recordings]
