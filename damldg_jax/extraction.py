"""From a listed recording to an example with features."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from damldg_jax.corpora.declaration import Utterance
from damldg_jax.dataset import Example, Rejected
from damldg_jax.errors import RecordingError
from damldg_jax.features import Features


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
    utterance: Utterance, features: Features, corpus: str
) -> Example | Rejected:
    """Computes the features and the fingerprint of a recording.

    Args:
      utterance: to read.
      features: reads a file and maps it to [frames, features].
      corpus: that the utterance belongs to.

    Returns:
      Its example, or the reason why there is none.
    """
    (example,) = extract_all([utterance], features, corpus)
    return example


def extract_all(
    utterances: Sequence[Utterance], features: Features, corpus: str
) -> list[Example | Rejected]:
    """Does as ``extract`` for several, together where the features gain by that.

    Args:
      utterances: to read.
      features: as for `extract`.
      corpus: that the utterances belong to.

    Returns:
      Their examples or the reasons why there are none, in order.
    """
    # What is left of each that was read, until its frames have come.
    heads: list[Rejected | dict[str, Any]] = []

    def read() -> Iterator[tuple[np.ndarray, str]]:
        for utterance in utterances:
            try:
                signal = features.read(utterance.path)
            except RecordingError as error:
                # Where the corpus lies is no part of what is stored.
                heads.append(Rejected(utterance.name, str(error)))
                continue
            seconds, fingerprint = signal.seconds, signal.fingerprint
            heads.append({"seconds": seconds, "fingerprint": fingerprint})
            yield signal.values, f"{corpus}/{utterance.name}"

    computed = list(features.compute_all(read()))
    frames = iter(computed)
    return [
        head if isinstance(head, Rejected) else _example(utterance, head, next(frames))
        for utterance, head in zip(utterances, heads, strict=True)
    ]


def _example(
    utterance: Utterance, head: dict[str, Any], frames: np.ndarray | RecordingError
) -> Example | Rejected:
    if isinstance(frames, RecordingError):
        return Rejected(utterance.name, str(frames))
    return Example(
        utterance=utterance.name, features=frames, **head, **_labels(utterance)
    )


def find_rejected(
    utterances: Sequence[Utterance], features: Features, corpus: str
) -> dict[str, str]:
    """Tries recordings without keeping anything of them.

    Args:
      utterances: to read.
      features: as for `extract`.
      corpus: that the utterances belong to.

    Returns:
      The reason of each that cannot be used, by name.
    """
    tried = (extract(utterance, features, corpus) for utterance in utterances)
    return {r.utterance: r.reason for r in tried if isinstance(r, Rejected)}


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
