"""From listed recordings to examples with features, on all cores."""

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from damldg_jax.audio import RecordingError, read_waveform
from damldg_jax.corpora.declaration import Utterance
from damldg_jax.dataset import Example, Rejected

# Bounds the memory that waiting results take.
_CHUNK = 64


def fingerprint(utterances: Sequence[Utterance]) -> str:
    """A hash of what is listed and of the files' sizes and dates.

    Args:
      utterances: of a corpus.

    Returns:
      Text that changes when a recording is added, removed, relabelled or rewritten.
    """
    digest = hashlib.sha256()
    for utterance in utterances:
        try:
            status = os.stat(utterance.path)
            state = (status.st_size, status.st_mtime_ns)
        except OSError:
            state = ()
        labels = (utterance.name, *_labels(utterance).values(), *state)
        digest.update("\0".join(map(str, labels)).encode())
    return digest.hexdigest()


def extract(
    utterances: Sequence[Utterance],
    features: Callable[[np.ndarray], np.ndarray],
    sample_rate: int,
) -> Iterator[Example | Rejected]:
    """Computes the features of recordings, in order, several at a time.

    Threads suffice: reading, Fourier transforms and products run outside of Python.

    Args:
      utterances: to read.
      features: maps a waveform [samples] to [frames, features] float32.
      sample_rate: that ``features`` expects, in Hz.

    Yields:
      For each utterance its example, or the reason why there is none.
    """

    def one(utterance: Utterance) -> Example | Rejected:
        try:
            waveform = read_waveform(utterance.path, sample_rate)
        except RecordingError as error:
            return Rejected(utterance.name, f"{utterance.path}: {error}")
        return Example(
            utterance=utterance.name,
            features=features(waveform),
            seconds=len(waveform) / sample_rate,
            **_labels(utterance),
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        iterator = iter(utterances)
        while chunk := list(itertools.islice(iterator, _CHUNK)):
            yield from pool.map(one, chunk)


def _labels(utterance: Utterance) -> dict[str, str | float]:
    return {
        "emotion": utterance.emotion,
        "speaker": utterance.speaker,
        "sex": utterance.sex,
        "language": utterance.language,
        "sentence": utterance.sentence,
        "arousal": utterance.arousal,
        "valence": utterance.valence,
        "dominance": utterance.dominance,
    }
