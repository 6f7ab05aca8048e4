"""Which utterances go into which file."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence

from damldg_jax.dataset import Example
from damldg_jax.errors import InputError
from damldg_jax.records.content import Chunk, Content, digest

# As tensorflow-datasets has it.
SHARD_BYTES = 64 * 2**20


@dataclasses.dataclass(frozen=True)
class Shard:
    """The utterances of one file.

    Attributes:
      pieces: chunks, and from which to which of their usable examples.
      digests: hash of each utterance.
    """

    pieces: tuple[tuple[Chunk, int, int], ...]
    digests: tuple[str, ...]

    def examples(self) -> Iterator[Example]:
        """Gives the utterances in order, holding one chunk at a time.

        Raises:
          InputError: they are not those that were counted.
        """
        digests = iter(self.digests)
        for chunk, start, stop in self.pieces:
            usable = [e for e in chunk() if isinstance(e, Example)][start:stop]
            expected = itertools.islice(digests, stop - start)
            if [digest(example) for example in usable] != list(expected):
                raise InputError(
                    "Recordings were changed while their corpus was prepared, near "
                    f"{usable[0].utterance if usable else 'one that is gone'}. Give "
                    "the command again."
                )
            yield from usable


def plan(chunks: Sequence[Chunk], contents: Sequence[Content]) -> list[Shard]:
    """Shares the usable examples out among files of about the same length.

    Args:
      chunks: of a corpus, in order.
      contents: of each chunk; there is an utterance in at least one.

    Returns:
      What goes into each file.
    """
    places = [
        (number, position, digest)
        for number, content in enumerate(contents)
        for position, digest in enumerate(content.digests)
    ]
    size = sum(sum(content.num_bytes) for content in contents)
    count = min(max(1, math.ceil(size / SHARD_BYTES)), len(places))
    ends = [len(places) * i // count for i in range(count + 1)]
    shards = []
    for start, end in itertools.pairwise(ends):
        pieces = []
        for number, group in itertools.groupby(places[start:end], lambda p: p[0]):
            positions = [position for _, position, _ in group]
            pieces.append((chunks[number], positions[0], positions[-1] + 1))
        digests = tuple(digest for _, _, digest in places[start:end])
        shards.append(Shard(tuple(pieces), digests))
    return shards
