"""Refuses a split whose sides share a speaker or a recording.

A network that has heard a speaker, or the very recording, is not tested on something
unseen, and its figures are too good by nobody knows how much. The sides are the
utterances that a run is trained on, those by which its best step is chosen, and those
that it is tested on.

Recordings are compared by their fingerprints (`damldg_jax.fingerprints`), so that a
copy is found under another name, in another corpus, at another level or sampling rate.
Speakers are told apart by corpus and name; but where two corpora have a recording of
theirs in common, they are one person.

The same *sentence* on both sides is no leak, as most acted corpora have every speaker
say the same few, but it is counted: words known from training are easier.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from damldg_jax.corpora.files import first_few
from damldg_jax.corpora.folders import UNKNOWN_SPEAKER
from damldg_jax.dataset import Dataset
from damldg_jax.duplicates import Duplicate
from damldg_jax.errors import InputError

# From the side that gives way to the one that must stay as it is.
SIDES = ("train", "validation", "test")

Sides = Mapping[str, np.ndarray]


def check_sides(
    dataset: Dataset, sides: Sides, duplicates: Sequence[Duplicate]
) -> None:
    """Refuses sides that share something.

    Args:
      dataset: all utterances.
      sides: indices of the utterances of each of ``SIDES``.
      duplicates: pairs of utterances that are the same recording.

    Raises:
      InputError: a recording or a speaker is on two sides; it names them and the
        remedy.
    """
    if len(_rank(sides)) < sum(len(sides[side]) for side in SIDES):
        raise ValueError("An utterance is given to two sides, or twice to one.")
    if crossing := _crossing(sides, _recordings(dataset, duplicates)):
        names = [" = ".join(map(dataset.name_of, group)) for group in crossing]
        raise InputError(
            f"{len(crossing)} recording(s) are on two sides of the split (training, "
            f"validation, test) under two names: {first_few(names)}. Remove one of "
            "each; or have them, and all else of their speakers, left out of training "
            "or validation: --skip_duplicates."
        )
    if crossing := _crossing(sides, _people(dataset, duplicates)):
        names = [
            " = ".join(sorted({dataset.speaker_of(index) for index in group}))
            for group in crossing
        ]
        raise InputError(
            f"{len(crossing)} speaker(s) are on two sides of the split (training, "
            f"validation, test): {first_few(names)}. Correct the speakers in a "
            "manifest, so that each is one and the same wherever they speak; or, where "
            "copies of recordings tell that two are one, have them left out of "
            "training or validation: --skip_duplicates."
        )


def leaks_to_leave_out(
    dataset: Dataset, sides: Sides, duplicates: Sequence[Duplicate]
) -> np.ndarray:
    """Utterances without which the sides share nothing; the test side stays whole.

    Args:
      dataset: all utterances.
      sides: indices of the utterances of each of ``SIDES``.
      duplicates: pairs of utterances that are the same recording.

    Returns:
      Indices, ascending: of recordings and speakers that are on several sides, all
      but those on the side that is nearest to the test.
    """
    rank = _rank(sides)
    out: set[int] = set()
    for identities in (_recordings(dataset, duplicates), _people(dataset, duplicates)):
        for group in _crossing(sides, identities):
            nearest = max(rank[index] for index in group)
            out |= {index for index in group if rank[index] < nearest}
    return np.array(sorted(out), int)


def further_copies(dataset: Dataset, duplicates: Sequence[Duplicate]) -> np.ndarray:
    """Utterances without which each recording is there once.

    Args:
      dataset: all utterances.
      duplicates: pairs of utterances that are the same recording.

    Returns:
      Indices, ascending: of each recording that is there several times, all but the
      first.
    """
    _, first = np.unique(_recordings(dataset, duplicates), return_index=True)
    return np.setdiff1d(np.arange(len(dataset.utterances)), first)


def _recordings(dataset: Dataset, duplicates: Sequence[Duplicate]) -> np.ndarray:
    """Numbers recordings, [utterances]: copies, and copies of copies, are one."""
    return _components(len(dataset.utterances), [pair[:2] for pair in duplicates])


def _people(dataset: Dataset, duplicates: Sequence[Duplicate]) -> np.ndarray:
    """Numbers people, [utterances].

    Speakers of two corpora who have a recording in common are one person. Of a corpus
    that does not tell its speakers nothing can be said but by recordings.
    """
    first: dict[tuple[str, str], int] = {}
    speakers = zip(dataset.corpus_of_each, dataset.speakers, strict=True)
    links = [
        (first.setdefault(speaker, index), index)
        for index, speaker in enumerate(speakers)
    ]
    links += [
        (pair.first, pair.second)
        for pair in duplicates
        if UNKNOWN_SPEAKER
        not in (dataset.speakers[pair.first], dataset.speakers[pair.second])
    ]
    return _components(len(dataset.utterances), links)


def _components(count: int, links: Sequence[tuple[int, int]]) -> np.ndarray:
    """Numbers what is linked, directly or by others, alike."""
    # By hand: SciPy's graphs take longer to load than this takes for any corpora.
    leader = list(range(count))

    def lead(index: int) -> int:
        while leader[index] != index:
            leader[index] = index = leader[leader[index]]
        return index

    for first, second in links:
        leader[lead(second)] = lead(first)
    return np.array([lead(index) for index in range(count)], int)


def _crossing(sides: Sides, identities: np.ndarray) -> list[list[int]]:
    """The utterances of each identity that is on several sides, ascending."""
    rank = _rank(sides)
    groups: dict[int, list[int]] = {}
    for index in sorted(rank):
        groups.setdefault(int(identities[index]), []).append(index)
    return [g for g in groups.values() if len({rank[index] for index in g}) > 1]


def split_hash(dataset: Dataset, sides: Sides) -> str:
    """A hash of who is on which side, the same wherever the same recordings lie.

    Args:
      dataset: all utterances.
      sides: indices of the utterances of each of ``SIDES``.

    Returns:
      64 hexadecimal digits, of the sorted lines ``side, corpus, speaker, utterance``.
    """
    corpora = dataset.corpus_of_each
    lines = sorted(
        "\t".join(
            (
                side,
                corpora[index],
                dataset.speakers[index],
                dataset.utterances[index],
            )
        )
        for side in SIDES
        for index in sides[side]
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def training_hash(dataset: Dataset, sides: Sides) -> str:
    """The hash of a split without its test side: of all that training looks at.

    Runs on different targets that have it in common are trained alike.

    Args:
      dataset: all utterances.
      sides: indices of the utterances of each of ``SIDES``.

    Returns:
      64 hexadecimal digits, as ``split_hash``.
    """
    return split_hash(dataset, {**sides, "test": np.zeros(0, int)})


def sentence_overlap(dataset: Dataset, sides: Sides) -> dict[str, float | None]:
    """How many sentences of a side are known from training, within each corpus.

    Codes of sentences mean something in their own corpus only.

    Args:
      dataset: all utterances.
      sides: indices of the utterances of each of ``SIDES``.

    Returns:
      For validation and test the part of their utterances whose sentence is also
      trained on, of those whose sentence is known and of whose corpus something is
      trained on; None where there are none.
    """
    corpora = dataset.corpus_of_each
    sources = {corpora[index] for index in sides["train"]}

    def spoken(side: str) -> list[tuple[str, str]]:
        codes = ((corpora[i], dataset.sentences[i]) for i in sides[side])
        return [code for code in codes if code[0] in sources and code[1]]

    trained = set(spoken("train"))
    overlap: dict[str, float | None] = {}
    for side in SIDES[1:]:
        known = [code in trained for code in spoken(side)]
        overlap[side] = float(np.mean(known)) if known else None
    return overlap


def _rank(sides: Sides) -> dict[int, int]:
    return {
        int(index): rank for rank, side in enumerate(SIDES) for index in sides[side]
    }
