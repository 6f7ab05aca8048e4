"""Pairs of recordings that are copies of one recording, found by their fingerprints.

As J. Haitsma and T. Kalker (ISMIR 2002) do it: a word that two fingerprints have in
common gives an alignment, and the part of the signs that differ there decides. Random
signs differ in a half; in a copy at most `MAX_ERROR_RATE` of them do.

Measured on six corpora of acted speech, 4 013 recordings of 0.5 to 14 s. Of all pairs,
same speakers and sentences among them, two differ in less than 0.2 of their signs, and
both are copies (one sample by sample, one that correlates by 0.98); the next have 0.24
with 30 words in common, and 0.28 with 40 or more. In 40 130 recordings, these and nine
versions of them at other speeds, the same two pairs were found in each version and none
besides, in 8 s and 0.5 GB.

Of 400 of them, changed, so many were found (%); of the 354 of whole sentences alone:

    resampled to 8; 22.05; 44.1 kHz and back         100; 100; 100    100; 100; 100
    20 dB quieter                                              100    100
    MP3; Ogg Vorbis; Opus                          100; 99.8; 99.8    100; 100; 100
    mu-law at 16 kHz; at 8 kHz                          99.8; 99.8    100; 100
    0.1; 0.2; 0.3 s cut from both ends             100; 99.8; 96.0    100; 100; 100
    white noise 30; 25; 20 dB below the voice     99.5; 98.0; 94.8    100; 100; 98.6
    8 bits at full level; at the recorded level         99.8; 79.8    100; 79.9
    faster by 0.1; 0.3; 1 %                         100; 100; 89.0

At the recorded level some recordings are as quiet as the steps of 8 bits. The others of
the 400 are single words of about a second, of which little is left when cut.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.fingerprints import SILENT

# Part of the signs that may differ: fewer where little is compared, because a short
# stretch of one vowel is sooner like another.
MAX_ERROR_RATE = 0.2
MAX_ERROR_RATE_SHORT = 0.12
SHORT_WORDS = 48
# Words that both recordings have there, and their part of those of the shorter one.
MIN_WORDS = 16
# With fewer, if the whole fingerprints are equal: 4 words are 128 signs.
MIN_IDENTICAL_WORDS = 4
MIN_OVERLAP = 0.5

# With how many further recordings that have a word each one is compared.
_NEIGHBOURS = 32
# Words to either side of a common one that are looked at first.
_REACH = 32
_MAX_NEARBY = 0.35
# Words compared at once: bounds the memory.
_CHUNK = 2**20


class Duplicate(NamedTuple):
    """Two recordings of the same sound.

    Attributes:
      first: index of one of them.
      second: index of the other, which is larger.
      error_rate: part of the signs that differ, from 0 to `MAX_ERROR_RATE`.
    """

    first: int
    second: int
    error_rate: float


class _Words(NamedTuple):
    """All fingerprints in one array; recording i is words[starts[i]:starts[i + 1]]."""

    words: np.ndarray
    starts: np.ndarray
    spoken: np.ndarray  # How many words of each recording have a say.


class _Places(NamedTuple):
    """Words by their places in `_Words.words`, and the recordings that they are of."""

    places: np.ndarray
    recordings: np.ndarray

    def of(self, chosen: np.ndarray | slice) -> "_Places":
        return _Places(self.places[chosen], self.recordings[chosen])


def find_duplicates(fingerprints: Sequence[np.ndarray]) -> list[Duplicate]:
    """Finds the pairs of recordings that are copies of one recording.

    Time and memory grow with the number of words alone, however often a word or a
    recording recurs. Of more than 32 copies of one recording not all pairs are told,
    but each copy is in some.

    Args:
      fingerprints: of each recording, uint32 [words], by
        `damldg_jax.fingerprints.fingerprint`.

    Returns:
      The pairs in ascending order of their indices, each once.
    """
    everything = _join(fingerprints)
    best = dict.fromkeys(_identical(fingerprints), 0.0)
    for first, second, shift in _alignments(everything):
        rate = _error_rate(everything, first, second, shift)
        if rate is not None and rate < best.get((first, second), 1.0):
            best[first, second] = rate
    return [Duplicate(*pair, rate) for pair, rate in sorted(best.items())]


def _identical(fingerprints: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    """Neighbouring pairs of fingerprints that are equal word by word.

    So copies of recordings are found that are too short for all else.
    """
    latest: dict[bytes, int] = {}
    for number, words in enumerate(fingerprints):
        if np.count_nonzero(words != SILENT) >= MIN_IDENTICAL_WORDS:
            key = np.ascontiguousarray(words).tobytes()
            if key in latest:
                yield latest[key], number
            latest[key] = number


def _join(fingerprints: Sequence[np.ndarray]) -> _Words:
    starts = np.concatenate([[0], np.cumsum([len(words) for words in fingerprints])])
    words = np.concatenate([np.zeros(0, np.uint32), *fingerprints]).astype(np.uint32)
    say = np.concatenate([[0], np.cumsum(words != SILENT)])
    return _Words(words, starts.astype(np.int64), np.diff(say[starts.astype(np.int64)]))


def _alignments(everything: _Words) -> Iterator[tuple[int, int, int]]:
    """Yields pairs of recordings with a shift at which they are alike somewhere."""
    index = _index(everything)
    seen = everything.words[index.places]
    starts = everything.starts
    for step in range(1, _NEIGHBOURS + 1):
        same = np.flatnonzero(seen[step:] == seen[:-step])
        same = same[_alike(everything, index.of(same), index.of(same + step))]
        first, second = index.of(same), index.of(same + step)
        shift = second.places - starts[second.recordings]
        shift -= first.places - starts[first.recordings]
        found = np.stack([first.recordings, second.recordings, shift], axis=1)
        yield from map(tuple, np.unique(found, axis=0).tolist())


def _index(everything: _Words) -> _Places:
    """Sorts by word, then by recording, keeping a word's first place in each."""
    places = np.flatnonzero(everything.words != SILENT)
    recordings = np.searchsorted(everything.starts, places, side="right") - 1
    order = np.argsort(everything.words[places], kind="stable")
    index = _Places(places, recordings).of(order)
    words = everything.words[index.places]
    fresh = np.ones(len(places), bool)
    fresh[1:] = (words[1:] != words[:-1]) | (np.diff(index.recordings) != 0)
    return index.of(fresh)


def _alike(everything: _Words, first: _Places, second: _Places) -> np.ndarray:
    """Which pairs of places have neighbours that are alike, bool [pairs]."""
    chunk = _CHUNK // (2 * _REACH + 1)
    alike = [np.zeros(0, bool)]
    for start in range(0, len(first.places), chunk):
        part = slice(start, start + chunk)
        rates, _ = _rates(
            _nearby(everything, first.of(part)), _nearby(everything, second.of(part))
        )
        alike.append(rates <= _MAX_NEARBY)
    return np.concatenate(alike)


def _nearby(everything: _Words, centres: _Places) -> np.ndarray:
    """The words around places, [places, 65], silent beyond the recording."""
    at = centres.places[:, None] + np.arange(-_REACH, _REACH + 1)
    begin = everything.starts[centres.recordings][:, None]
    end = everything.starts[centres.recordings + 1][:, None]
    words = everything.words[np.clip(at, 0, len(everything.words) - 1)]
    return np.where((at >= begin) & (at < end), words, np.uint32(SILENT))


def _rates(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Error rates along the last axis, and how many words have a say in both."""
    say = (first != SILENT) & (second != SILENT)
    errors = (np.bitwise_count(first ^ second) * say).sum(axis=-1, dtype=np.int64)
    count = say.sum(axis=-1)
    return errors / np.maximum(32 * count, 1), count


def _error_rate(
    everything: _Words, first: int, second: int, shift: int
) -> float | None:
    """The error rate of two recordings at a shift; None if they are no copies."""
    words, starts, spoken = everything
    a = words[starts[first] + max(0, -shift) : starts[first + 1]]
    b = words[starts[second] + max(0, shift) : starts[second + 1]]
    length = min(len(a), len(b))
    rate, count = _rates(a[:length], b[:length])
    needed = max(MIN_WORDS, MIN_OVERLAP * min(spoken[first], spoken[second]))
    allowed = MAX_ERROR_RATE if count >= SHORT_WORDS else MAX_ERROR_RATE_SHORT
    return float(rate) if count >= needed and rate <= allowed else None
