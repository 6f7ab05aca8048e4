"""Refuses a split whose sides share a speaker or a recording.

A network that has heard a speaker, or the very recording, is not tested on something
unseen, and its figures are too good by nobody knows how much. The sides are the
utterances that a run is trained on, those by which its best step is chosen, and those
that it is tested on.

Speakers are told apart by corpus and name. Recordings are compared by their
fingerprints (`damldg_jax.fingerprints`), so that a copy is found under another name, in
another corpus, at another level or sampling rate.

The same *sentence* on both sides is no leak, as most acted corpora have every speaker
say the same few, but it is counted: words known from training are easier.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from damldg_jax.dataset import Dataset
from damldg_jax.duplicates import Duplicate
from damldg_jax.errors import InputError

# From the side that gives way to the one that must stay as it is.
SIDES = ("train", "validation", "test")
_SHOWN = 5

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
      InputError: an utterance, a speaker or a recording is on two sides; it names
        them and the remedy.
    """
    speakers = [set(speakers_of(dataset, sides[side])) for side in SIDES]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        where = f"both for {_PURPOSE[SIDES[first]]} and for {_PURPOSE[SIDES[second]]}"
        if shared := sorted(speakers[first] & speakers[second]):
            raise InputError(
                f"{len(shared)} speaker(s) are used {where}: {_some(shared)}. Every "
                "speaker must be on one side; correct the speakers in the manifest."
            )
    if crossing := copies_across(sides, duplicates):
        names = [" = ".join(map(dataset.name_of, group)) for group in crossing]
        raise InputError(
            f"{len(crossing)} recording(s) are on two sides of the split (training, "
            f"validation, test) under two names: {_some(names)}. Remove one of each, "
            "or have the copy left out of training or validation: --skip_duplicates."
        )


def copies_across(sides: Sides, duplicates: Sequence[Duplicate]) -> list[np.ndarray]:
    """The recordings that lie on more than one side.

    Copies of copies are copies: pairs are joined into groups first.

    Args:
      sides: indices of the utterances of each of ``SIDES``.
      duplicates: pairs of utterances that are the same recording.

    Returns:
      Of each such recording the indices of its copies on all sides, ascending.
    """
    rank = _rank(sides)
    groups = (
        np.array([index for index in group if index in rank])
        for group in _groups(duplicates)
    )
    return [group for group in groups if len({rank[index] for index in group}) > 1]


def copies_to_leave_out(sides: Sides, duplicates: Sequence[Duplicate]) -> np.ndarray:
    """Copies without which no recording is on two sides; the test side stays whole.

    Args:
      sides: indices of the utterances of each of ``SIDES``.
      duplicates: pairs of utterances that are the same recording.

    Returns:
      Indices, ascending: of a recording on several sides all copies but those on the
      side that is nearest to the test.
    """
    rank = _rank(sides)
    out: list[int] = []
    for group in copies_across(sides, duplicates):
        nearest = max(rank[index] for index in group)
        out += [index for index in group if rank[index] < nearest]
    return np.array(sorted(out), int)


def _groups(duplicates: Sequence[Duplicate]) -> list[list[int]]:
    """Joins pairs that share a member, [copies] each, ascending."""
    members = sorted({index for pair in duplicates for index in pair[:2]})
    place = {index: number for number, index in enumerate(members)}
    first = [place[pair.first] for pair in duplicates]
    second = [place[pair.second] for pair in duplicates]
    links = coo_array((np.ones(len(first)), (first, second)), (len(place), len(place)))
    groups: dict[int, list[int]] = {}
    for index, label in zip(members, connected_components(links)[1], strict=True):
        groups.setdefault(int(label), []).append(index)
    return list(groups.values())


def split_hash(dataset: Dataset, sides: Sides) -> str:
    """A hash of who is on which side, the same wherever the same recordings lie.

    Args:
      dataset: all utterances.
      sides: indices of the utterances of each of ``SIDES``.

    Returns:
      64 hexadecimal digits, of the sorted lines ``side, corpus, speaker, utterance,
      label``.
    """
    corpora = dataset.corpus_of_each
    lines = sorted(
        "\t".join(
            (
                side,
                corpora[index],
                dataset.speakers[index],
                dataset.utterances[index],
                str(dataset.store.labels[index]),
            )
        )
        for side in SIDES
        for index in sides[side]
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def sentence_overlap(dataset: Dataset, sides: Sides) -> dict[str, float | None]:
    """How many sentences of a side are known from training, within each corpus.

    Codes of sentences mean something in their own corpus only.

    Args:
      dataset: all utterances.
      sides: indices of the utterances of each of ``SIDES``.

    Returns:
      For validation and test the part of their utterances whose sentence is also
      trained on, of those whose sentence is known; None where none is.
    """
    corpora = dataset.corpus_of_each

    def spoken(side: str) -> list[tuple[str, str]]:
        codes = ((corpora[i], dataset.sentences[i]) for i in sides[side])
        return [code for code in codes if code[1]]

    trained = set(spoken("train"))
    overlap: dict[str, float | None] = {}
    for side in SIDES[1:]:
        known = [code in trained for code in spoken(side)]
        overlap[side] = float(np.mean(known)) if known else None
    return overlap


def speakers_of(dataset: Dataset, utterances: np.ndarray) -> list[tuple[str, str]]:
    """Corpus and name of the speaker of each utterance."""
    names = dataset.corpus_of_each
    return [(names[index], dataset.speakers[index]) for index in utterances]


_PURPOSE = {
    "train": "training",
    "validation": "validation",
    "test": "the test",
}


def _rank(sides: Sides) -> dict[int, int]:
    return {
        int(index): rank for rank, side in enumerate(SIDES) for index in sides[side]
    }


def _some(items: Sequence[object]) -> str:
    texts = [item if isinstance(item, str) else " ".join(item) for item in items]
    rest = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
