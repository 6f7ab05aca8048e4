"""Normalises inputs by the mean and deviation of some set of utterances.

Each feature is shifted and scaled on its way from the store to the network, so that the
stored frames stay as they are and every choice runs the same compiled step. By which
utterances, the table says:

* ``training``: all that the run trains on, of all sources together. Nothing of the
  validation speakers or of the target enters.
* ``utterance``: each by its own frames alone.
* ``corpus``: all of its corpus. **Transductive**: the target's own unlabelled
  utterances take part.
* ``speaker``: all of its speaker in its corpus. Transductive likewise.

Transductive rules see no label, but they see recordings of the unseen corpus together;
a single recording that comes alone could not be treated so. Results tell of it.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.batches import Store
from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError

# Below this a feature does not vary: it is shifted and not scaled.
_MIN_DEVIATION = 1e-6


class Normalization(NamedTuple):
    """A row of the table.

    Attributes:
      group: ``(dataset, training) -> [utterances] int``: of each utterance the set
        that it is normalised by; -1 for none of its own, but that of set 0.
      transductive: whether utterances of the target are normalised by each other.
      meaning: completes "inputs are normalised by the mean and deviation of".
    """

    group: Callable[[Dataset, np.ndarray], np.ndarray]
    transductive: bool
    meaning: str


def _by_training(dataset: Dataset, training: np.ndarray) -> np.ndarray:
    groups = np.full(len(dataset.utterances), -1)
    groups[training] = 0
    return groups


def _by_utterance(dataset: Dataset, training: np.ndarray) -> np.ndarray:
    del training
    return np.arange(len(dataset.utterances))


def _by_corpus(dataset: Dataset, training: np.ndarray) -> np.ndarray:
    del training
    return _number(dataset.corpus_of_each)


def _by_speaker(dataset: Dataset, training: np.ndarray) -> np.ndarray:
    del training
    return _number(list(zip(dataset.corpus_of_each, dataset.speakers, strict=True)))


def _number(keys: Sequence[object]) -> np.ndarray:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys])


NORMALIZATIONS: dict[str, Normalization | None] = {
    "none": None,
    "training": Normalization(_by_training, False, "the training utterances"),
    "utterance": Normalization(_by_utterance, False, "each utterance alone"),
    "corpus": Normalization(
        _by_corpus, True, "all utterances of their corpus, the target's too"
    ),
    "speaker": Normalization(
        _by_speaker, True, "all utterances of their speaker, the target's too"
    ),
}


def normalize(
    dataset: Dataset, normalization: Normalization | None, training: np.ndarray
) -> Store:
    """Gives the store of a data set its shifts and scales.

    Args:
      dataset: all corpora of a command.
      normalization: a row of ``NORMALIZATIONS``.
      training: [n] indices of the utterances that the run trains on.

    Returns:
      The store; without a normalisation as it was.

    Raises:
      InputError: an utterance of one frame would be normalised by that frame alone.
    """
    store = dataset.store
    if normalization is None:
        return store
    groups = normalization.group(dataset, training)
    mean, deviation, frames = _moments(store, groups)
    if (frames == 1).any():
        alone = dataset.utterances[int(np.flatnonzero(groups == frames.argmin())[0])]
        raise InputError(
            f"The utterance '{alone}' is one frame long and would be normalised by "
            f"that frame alone ({normalization.meaning}): nothing would be left of it. "
            "Choose another --normalization."
        )
    chosen = np.maximum(groups, 0)
    scale = 1 / np.where(deviation > _MIN_DEVIATION, deviation, 1)
    return store._replace(
        shift=mean[chosen].astype(np.float32), scale=scale[chosen].astype(np.float32)
    )


def _moments(
    store: Store, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and deviation [groups, features], and frames [groups], of each group."""
    members = np.flatnonzero(groups >= 0)
    groups, lengths = groups[members], store.lengths[members].astype(np.float64)
    means, squares = zip(*map(functools.partial(_centre, store), members), strict=True)
    means = np.stack(means)
    frames = np.bincount(groups, lengths)
    mean = _sum_by(groups, lengths[:, None] * means) / frames[:, None]
    # Around the means of utterances first: a difference of large squares loses digits.
    between = lengths[:, None] * (means - mean[groups]) ** 2
    total = _sum_by(groups, np.stack(squares) + between)
    return mean, np.sqrt(total / frames[:, None]), frames


def _centre(store: Store, utterance: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of an utterance's frames, and the sum of squares around it, in float64."""
    first = store.offsets[utterance]
    frames = store.frames[first : first + store.lengths[utterance]].astype(np.float64)
    mean = frames.mean(axis=0)
    return mean, ((frames - mean) ** 2).sum(axis=0)


def _sum_by(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums of the rows of each group."""
    total = np.zeros((groups.max() + 1, values.shape[1]))
    np.add.at(total, groups, values)
    return total
