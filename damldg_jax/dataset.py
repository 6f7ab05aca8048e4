"""Utterances with their features, and the data set made of several corpora."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.batches import Store, pack
from damldg_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Example:
    """One utterance with its features.

    Attributes:
      utterance: its name, unique in the corpus.
      features: [frames, features] float32.
      emotion: a word of the canonical vocabulary.
      speaker: as the corpus names them.
      sex: ``female``, ``male`` or empty.
      language: of the utterance.
      sentence: which text is spoken, or empty.
      seconds: duration of the recording.
      arousal: annotated by the corpus, or NaN; so are the next two.
      valence: likewise.
      dominance: likewise.
    """

    utterance: str
    features: np.ndarray
    emotion: str
    speaker: str
    sex: str = ""
    language: str = ""
    sentence: str = ""
    seconds: float = 0.0
    arousal: float = float("nan")
    valence: float = float("nan")
    dominance: float = float("nan")


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A recording that cannot be used, and why."""

    utterance: str
    reason: str


class RejectedRecordings(InputError):
    """Raised after all recordings of a corpus were tried and some were rejected."""

    def __init__(self, rejected: Mapping[str, str], any_usable: bool):
        """Keeps the reason of each recording, and whether others can be used."""
        super().__init__(f"{len(rejected)} recordings cannot be used")
        self.rejected = dict(rejected)
        self.any_usable = any_usable


class CorpusRange(NamedTuple):
    """The utterances of one corpus in a data set.

    Attributes:
      indices: [n] int, ascending.
      speakers: of each.
      counts: utterances of each emotion of the data set.
    """

    indices: np.ndarray
    speakers: tuple[str, ...]
    counts: Mapping[str, int]


class Dataset(NamedTuple):
    """Utterances of several corpora, labelled with the emotions that are classes.

    Attributes:
      store: their spectrograms and classes, packed, in host memory.
      corpora: which utterances belong to which corpus.
      utterances: name of each.
      speakers: of each.
      emotions: name of each class.
      notices: what the user should know, such as emotions that a corpus lacks.
    """

    store: Store
    corpora: Mapping[str, CorpusRange]
    utterances: tuple[str, ...]
    speakers: tuple[str, ...]
    emotions: tuple[str, ...]
    notices: tuple[str, ...]


def build_dataset(
    examples: Mapping[str, Sequence[Example]], emotions: Sequence[str]
) -> Dataset:
    """Joins corpora, keeping the utterances of the chosen emotions.

    Args:
      examples: utterances of each corpus.
      emotions: canonical words; their order is the order of the classes.

    Returns:
      The data set.

    Raises:
      InputError: a corpus has none of the emotions; it names what the corpus has.
    """
    emotions = tuple(emotions)
    kept: list[Example] = []
    corpora, notices = {}, []
    for corpus, everything in examples.items():
        chosen = [example for example in everything if example.emotion in emotions]
        counts = Counter(example.emotion for example in chosen)
        notices += _check_emotions(corpus, everything, counts, emotions)
        corpora[corpus] = CorpusRange(
            indices=np.arange(len(kept), len(kept) + len(chosen)),
            speakers=tuple(example.speaker for example in chosen),
            counts={emotion: counts[emotion] for emotion in emotions},
        )
        kept += chosen
    labels = [emotions.index(example.emotion) for example in kept]
    return Dataset(
        store=pack([example.features for example in kept], labels, len(emotions)),
        corpora=corpora,
        utterances=tuple(example.utterance for example in kept),
        speakers=tuple(example.speaker for example in kept),
        emotions=emotions,
        notices=tuple(notices),
    )


def _check_emotions(
    corpus: str,
    examples: Sequence[Example],
    counts: Mapping[str, int],
    emotions: Sequence[str],
) -> list[str]:
    lacking = [emotion for emotion in emotions if not counts.get(emotion)]
    if len(lacking) == len(emotions):
        present = ", ".join(sorted({example.emotion for example in examples}))
        raise InputError(
            f"The corpus '{corpus}' has none of the emotions {', '.join(emotions)}; "
            f"it has {present}. Leave it out, or choose others by --emotions."
        )
    notices = []
    others = sorted({e.emotion for e in examples} - set(emotions))
    if others:
        notices.append(
            f"{corpus}: {sum(counts.values())} of {len(examples)} utterances are used; "
            f"not asked for: {', '.join(others)}."
        )
    if lacking:
        notices.append(f"{corpus}: has no utterance of {', '.join(lacking)}.")
    return notices
