"""What examples hold, in short: counts, durations and hashes."""

import dataclasses
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.dataset import Example, Rejected, RejectedRecordings
from damldg_jax.errors import InputError
from damldg_jax.records.provenance import Summary

# A piece of a corpus; called, it gives its examples, the same ones each time.
Chunk = Callable[[], Sequence[Example | Rejected]]


class Content(NamedTuple):
    """What a piece of a corpus holds, as plain JSON has it.

    Attributes:
      skipped: recordings that cannot be used, with the reason of each.
      counts: utterances of each emotion.
      seconds: duration of each utterance.
      digests: hash of each utterance.
      num_bytes: size of each utterance.
    """

    skipped: Mapping[str, str]
    counts: Mapping[str, int]
    seconds: Sequence[float]
    digests: Sequence[str]
    num_bytes: Sequence[int]

    @property
    def num_recordings(self) -> int:
        """All recordings of the piece, usable or not."""
        return len(self.skipped) + len(self.digests)


def survey(chunk: Chunk) -> Content:
    """Looks at every recording of a piece once.

    Args:
      chunk: the piece.

    Returns:
      What it holds.
    """
    everything = chunk()
    usable = [example for example in everything if isinstance(example, Example)]
    return Content(
        {e.utterance: e.reason for e in everything if isinstance(e, Rejected)},
        Counter(example.emotion for example in usable),
        [example.seconds for example in usable],
        [digest(example) for example in usable],
        [example.features.nbytes + example.fingerprint.nbytes for example in usable],
    )


def summarize(
    corpus: str, contents: Sequence[Content], skip_rejected: bool = False
) -> Summary:
    """Joins what the pieces of a corpus hold.

    Args:
      corpus: its name.
      contents: of its pieces.
      skip_rejected: go on if some recordings are rejected.

    Returns:
      What will be stored.

    Raises:
      RejectedRecordings: some cannot be used and are not to be skipped, or none can.
      InputError: there are no recordings at all.
    """
    skipped = {k: v for content in contents for k, v in content.skipped.items()}
    digests = [digest for content in contents for digest in content.digests]
    if skipped and (not digests or not skip_rejected):
        raise RejectedRecordings(skipped, any_usable=bool(digests))
    if not digests:
        raise InputError(
            f"'{corpus}' has no recordings. Look into its folder or manifest."
        )
    counts = sum((Counter(content.counts) for content in contents), Counter())
    seconds = math.fsum(s for content in contents for s in content.seconds)
    return Summary(
        skipped, dict(sorted(counts.items())), seconds, content_hash(digests)
    )


def digest(example: Example) -> str:
    """A hash of everything in an example that is stored."""
    result = hashlib.sha256()
    for field in dataclasses.fields(Example):
        value = getattr(example, field.name)
        if isinstance(value, np.ndarray):
            value = hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
        elif not isinstance(value, str):
            value = repr(float(np.float32(value)))
        result.update(f"{field.name}={value};".encode())
    return result.hexdigest()


def content_hash(digests: Iterable[str]) -> str:
    """A hash of many examples; their order does not count."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
