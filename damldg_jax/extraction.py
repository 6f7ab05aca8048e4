"""From a listed recording to an example with features."""

import hashlib
import os
from collections.abc import Sequence

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
      features: reads a file and maps it to [frames, features] float32.
      corpus: that the utterance belongs to.

    Returns:
      Its example, or the reason why there is none.
    """
    try:
        signal = features.read(utterance.path)
        frames = features(signal.values, f"{corpus}/{utterance.name}")
    except RecordingError as error:
        # Where the corpus lies is no part of what is stored.
        return Rejected(utterance.name, str(error))
    return Example(
        utterance=utterance.name,
        features=frames,
        seconds=signal.seconds,
        fingerprint=signal.fingerprint,
        **_labels(utterance),
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
