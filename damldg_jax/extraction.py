"""From a listed recording to an example with features."""

import hashlib
import os
from collections.abc import Sequence

from damldg_jax import fingerprints
from damldg_jax.audio import RecordingError, read_waveform
from damldg_jax.corpora.declaration import Utterance
from damldg_jax.dataset import Example, Rejected
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
      features: maps a waveform [samples] to [frames, features] float32.
      corpus: that the utterance belongs to.

    Returns:
      Its example, or the reason why there is none.
    """
    try:
        waveform = read_waveform(utterance.path, features.sample_rate)
        frames = features(waveform, f"{corpus}/{utterance.name}")
    except RecordingError as error:
        return Rejected(utterance.name, f"{utterance.path}: {error}")
    return Example(
        utterance=utterance.name,
        features=frames,
        seconds=len(waveform) / features.sample_rate,
        fingerprint=fingerprints.fingerprint(waveform),
        **_labels(utterance),
    )


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
