"""Utterances with their features, and the data set made of several corpora."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from damldg_jax.batches import Store, index
from damldg_jax.errors import InputError
from damldg_jax.targets import Target, Wishes, emotion_target


@dataclasses.dataclass(frozen=True)
class Example:
    """One utterance with its features.

    Attributes:
      utterance: its name, unique in the corpus.
      features: [frames, features] float32 or float16.
      emotion: a word of the canonical vocabulary.
      speaker: as the corpus names them.
      sex: ``female``, ``male`` or empty.
      language: of the utterance.
      sentence: which text is spoken, or empty.
      seconds: duration of the recording.
      arousal: annotated by the corpus, or NaN; so are the next two.
      valence: likewise.
      dominance: likewise.
      fingerprint: [n] uint32, of how the recording sounds, by which copies of it are
        found; empty if unknown.
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
    fingerprint: np.ndarray = dataclasses.field(
        default_factory=lambda: np.zeros(0, np.uint32)
    )


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
      counts: utterances of each class; empty without classes.
    """

    indices: np.ndarray
    counts: Mapping[str, int]


class Dataset(NamedTuple):
    """Utterances of several corpora, labelled with what is to be told.

    Attributes:
      store: their lengths and labels, in host memory. Its ``frames`` is None: where
        they go is for the run to decide.
      features: of each utterance, [frames, features] float; may be views of a file,
        not to be written to.
      corpora: which utterances belong to which corpus.
      corpus_of_each: name of the corpus of each utterance.
      utterances: name of each.
      speakers: of each.
      sentences: code of the text of each, in its corpus, or empty.
      fingerprints: of the recording of each, [n] uint32; empty of altered copies.
      emotions: that take part.
      target: what the labels are.
      notices: what the user should know, such as emotions that a corpus lacks.
      frame_rate: frames per second, as measured; 0 if each utterance is one frame.
      others: of each corpus the utterances that the target gives no label. Nothing is
        learnt from them; normalisation may count them.
      synthetic: names of the corpora that are generated.
      variants: of each corpus, indices [n] of the altered copies of its utterances.
        They have the names and speakers of these, but belong to no corpus.
    """

    store: Store
    features: tuple[np.ndarray, ...]
    corpora: Mapping[str, CorpusRange]
    corpus_of_each: tuple[str, ...]
    utterances: tuple[str, ...]
    speakers: tuple[str, ...]
    sentences: tuple[str, ...]
    fingerprints: tuple[np.ndarray, ...]
    emotions: tuple[str, ...]
    target: Target
    notices: tuple[str, ...]
    frame_rate: float = 0.0
    others: Mapping[str, tuple[Example, ...]] = MappingProxyType({})
    synthetic: tuple[str, ...] = ()
    variants: Mapping[str, np.ndarray] = MappingProxyType({})

    def name_of(self, index: int) -> str:
        """Names an utterance to the user, such as ``"emodb/wav/03a01Wa"``."""
        return f"{self.corpus_of_each[index]}/{self.utterances[index]}"

    def speaker_of(self, index: int) -> str:
        """Names the speaker of an utterance to the user, such as ``"emodb 03"``."""
        return f"{self.corpus_of_each[index]} {self.speakers[index]}"


def build_dataset(
    examples: Mapping[str, Sequence[Example]],
    target: Target | Sequence[str],
    altered: Mapping[str, str] = MappingProxyType({}),
) -> Dataset:
    """Joins corpora, keeping the utterances that the target gives a label.

    Args:
      examples: utterances of each corpus, and altered copies of them under other names.
      target: what is to be told from speech; canonical words of emotions are short for
        the target that tells these apart.
      altered: which of these names are of altered copies, and of which corpus.

    Returns:
      The data set.

    Raises:
      InputError: nothing of a corpus has a label; it names what the corpus has. Or an
        altered copy is labelled otherwise than what it is a copy of; it names it.
    """
    for name, corpus in altered.items():
        _check_copies(name, corpus, examples)
    if not isinstance(target, Target):
        target = emotion_target(Wishes(emotions=tuple(target)))
    if target.settle:
        target = target.settle(examples)
    labelled = {
        name: target.label(altered.get(name, name), given)
        for name, given in examples.items()
    }
    kept: list[Example] = []
    fingerprints: list[np.ndarray] = []
    ranges = {}
    for name, its in labelled.items():
        chosen = [examples[name][place] for place in its.places]
        ranges[name] = CorpusRange(
            indices=np.arange(len(kept), len(kept) + len(chosen)),
            counts=its.counts,
        )
        kept += chosen
        # An altered copy is no second recording: whoever has the first, has it.
        hidden = name in altered
        fingerprints += [e.fingerprint[:0] if hidden else e.fingerprint for e in chosen]
    corpora = {name: its for name, its in ranges.items() if name not in altered}
    labels = np.concatenate([its.labels for its in labelled.values()])
    lengths = [len(example.features) for example in kept]
    # What is told of a corpus holds for its altered copies.
    told = [notice for name in corpora for notice in labelled[name].notices]
    plain = itertools.chain.from_iterable(examples[name] for name in corpora)
    return Dataset(
        store=index(lengths, labels, len(target.phrases) or None),
        features=tuple(example.features for example in kept),
        corpora=corpora,
        corpus_of_each=tuple(n for n, its in ranges.items() for _ in its.indices),
        utterances=tuple(example.utterance for example in kept),
        speakers=tuple(example.speaker for example in kept),
        sentences=tuple(example.sentence for example in kept),
        fingerprints=tuple(fingerprints),
        emotions=tuple(target.mapping) or tuple(sorted({e.emotion for e in kept})),
        target=target,
        notices=(*target.notices, *told),
        frame_rate=_frame_rate([*plain]),
        others={n: _without(examples[n], its.places) for n, its in labelled.items()},
        variants=_by_corpus(ranges, altered),
    )


def _check_copies(
    name: str, corpus: str, examples: Mapping[str, Sequence[Example]]
) -> None:
    """Refuses copies of what recordings were once said to be."""
    plain = {example.utterance: _said(example) for example in examples[corpus]}
    for copy in examples[name]:
        of = plain.get(copy.utterance, _said(copy))
        if _said(copy) != of:
            raise InputError(
                f"'{corpus}/{copy.utterance}' is labelled {', '.join(of)}, and its "
                f"copy in the records of {name} {', '.join(_said(copy))}: one of both "
                "is out of date. Prepare the corpus again, with --corpora_dir and "
                "these --variants."
            )


def _said(example: Example) -> tuple[str, ...]:
    """All labels of an utterance; two that lack a number are alike in it."""
    numbers = example.arousal, example.valence, example.dominance
    return example.emotion, example.speaker, *map(str, np.float32(numbers))


def _by_corpus(
    ranges: Mapping[str, CorpusRange], altered: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Indices of the altered copies of each corpus that has any."""
    parts: dict[str, list[np.ndarray]] = {}
    for name, corpus in altered.items():
        parts.setdefault(corpus, []).append(ranges[name].indices)
    return {corpus: np.concatenate(its) for corpus, its in parts.items()}


def _without(examples: Sequence[Example], places: np.ndarray) -> tuple[Example, ...]:
    kept = set(np.asarray(places).tolist())
    return tuple(e for place, e in enumerate(examples) if place not in kept)


def _frame_rate(examples: Sequence[Example]) -> float:
    frames = np.array([len(example.features) for example in examples])
    if (frames == 1).all():
        return 0.0
    seconds = np.array([example.seconds for example in examples])
    # By what longer recordings have more: what a window loses at the ends is no part of
    # the rate. Rounded, so that it does not hang on which corpora were measured.
    variance = np.var(seconds)
    if variance > 0 and (slope := np.cov(frames, seconds, ddof=0)[0, 1] / variance) > 0:
        return float(f"{slope:.2g}")
    return float(frames.sum() / max(seconds.sum(), 1e-3))
