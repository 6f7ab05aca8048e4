"""Normalises inputs by the mean and deviation of some set of utterances.

Each feature is shifted and scaled on its way from the store to the network, so that the
stored frames stay as they are and every choice runs the same compiled step. By which
utterances, the table says:

* ``training``: all that the run trains on, of all sources together. Nothing of the
  validation speakers or of the target enters.
* ``utterance``: each by its own frames alone.
* ``corpus``: all of its corpus, whatever their emotion. **Transductive**: the target's
  own unlabelled utterances take part.
* ``speaker``: all of its speaker in its corpus. Transductive likewise.

Transductive rules see no label, but they see recordings of the unseen corpus together;
a single recording that comes alone could not be treated so. Results tell of it.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.batches import Store
from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError

# Below this a feature does not vary: it is shifted and not scaled.
MIN_DEVIATION = 1e-6


class Recording(NamedTuple):
    """What decides by which utterances one is normalised.

    Attributes:
      corpus: that it belongs to.
      speaker: likewise.
      number: tells it from all others.
      trained: whether the run trains on it.
    """

    corpus: str
    speaker: str
    number: int
    trained: bool


class Normalization(NamedTuple):
    """A row of the table.

    Attributes:
      group: names the set by which a recording is normalised.
      counts: whether it is itself of that set.
      transductive: whether utterances of the target are normalised by each other.
      meaning: completes "inputs are normalised by the mean and deviation of".
      learnt: whether they come of the training alone, so that a model keeps them.
    """

    group: Callable[[Recording], Hashable]
    counts: Callable[[Recording], bool]
    transductive: bool
    meaning: str
    learnt: bool = False


def _always(recording: Recording) -> bool:
    del recording
    return True


NORMALIZATIONS: dict[str, Normalization | None] = {
    "none": None,
    "training": Normalization(
        lambda recording: "training",
        lambda recording: recording.trained,
        False,
        "the training utterances",
        learnt=True,
    ),
    "utterance": Normalization(
        lambda recording: recording.number, _always, False, "each utterance alone"
    ),
    "corpus": Normalization(
        lambda recording: recording.corpus,
        _always,
        True,
        "all utterances of their corpus, the target's too",
    ),
    "speaker": Normalization(
        lambda recording: (recording.corpus, recording.speaker),
        _always,
        True,
        "all utterances of their speaker, the target's too",
    ),
}


class _Moments(NamedTuple):
    """Of a set of frames: how many, their mean, and the squares around it."""

    frames: int
    mean: np.ndarray
    squares: np.ndarray

    def __add__(self, other: "_Moments") -> "_Moments":
        # By way of the means: a difference of large squares would lose digits.
        frames = self.frames + other.frames
        step = other.mean - self.mean
        return _Moments(
            frames,
            self.mean + step * (other.frames / frames),
            self.squares
            + other.squares
            + step**2 * (self.frames * other.frames / frames),
        )


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
    """
    if normalization is None:
        return dataset.store
    group = normalization.group
    counted = (
        (group(recording), frames)
        for recording, frames in _recordings(dataset, training)
        if normalization.counts(recording)
    )
    groups = [group(recording) for recording in _labelled(dataset, training)]
    shift, scale = shifts_and_scales(groups, counted)
    return dataset.store._replace(shift=shift, scale=scale)


def shifts_and_scales(
    groups: Sequence[Hashable], counted: Iterable[tuple[Hashable, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """What frames are shifted and scaled by, to have mean 0 and deviation 1 in a group.

    Args:
      groups: [n] of the utterances that are asked for.
      counted: groups and frames [frames, features] of all that count; each group that
        is asked for must have some.

    Returns:
      Two arrays [n, features] float32: what to subtract, and then to multiply by.
    """
    moments: dict[Hashable, _Moments] = {}
    for group, frames in counted:
        own = _moments(frames)
        moments[group] = moments[group] + own if group in moments else own
    shift = {group: of.mean.astype(np.float32) for group, of in moments.items()}
    scale = {group: _scale(of) for group, of in moments.items()}
    return (
        np.stack([shift[group] for group in groups]),
        np.stack([scale[group] for group in groups]),
    )


def check_normalization(
    dataset: Dataset,
    normalization: Normalization | None,
    training: np.ndarray,
    pools_inputs: bool,
) -> None:
    """Refuses a normalisation that would leave nothing of an utterance.

    Args:
      dataset: all corpora of a command.
      normalization: a row of ``NORMALIZATIONS``.
      training: [n] indices of the utterances that the run trains on.
      pools_inputs: whether the network sees nothing of an utterance but mean and
        deviation over time.

    Raises:
      InputError: an utterance would be normalised by a single frame, its own; or, where
        statistics are pooled, by itself alone. It names the utterance.
    """
    if normalization is None:
        return
    frames: dict[Hashable, list[int]] = {}
    for recording, of in _recordings(dataset, training):
        if normalization.counts(recording):
            frames.setdefault(normalization.group(recording), []).append(len(of))
    for recording in _labelled(dataset, training):
        lengths = frames[normalization.group(recording)]
        if sum(lengths) == 1 or (pools_inputs and len(lengths) == 1):
            why = (
                "which is one frame long"
                if sum(lengths) == 1
                else "and the network looks at nothing but mean and deviation over time"
            )
            raise InputError(
                f"The utterance '{dataset.name_of(recording.number)}' would be "
                f"normalised by itself alone ({normalization.meaning}), {why}: nothing "
                "of it would be left. Choose another --normalization."
            )


def _labelled(dataset: Dataset, training: np.ndarray) -> list[Recording]:
    """The utterances of the data set, in their order."""
    trained = np.zeros(len(dataset.utterances), bool)
    trained[training] = True
    return [
        Recording(dataset.corpus_of_each[n], dataset.speakers[n], n, bool(trained[n]))
        for n in range(len(trained))
    ]


def _recordings(
    dataset: Dataset, training: np.ndarray
) -> Iterator[tuple[Recording, np.ndarray]]:
    """All recordings with their frames, also those that the target gives no label.

    To choose by emotion whose statistics count would be to look at the labels.
    """
    for recording in _labelled(dataset, training):
        yield recording, dataset.features[recording.number]
    number = len(dataset.utterances)
    for corpus, examples in dataset.others.items():
        for example in examples:
            yield Recording(corpus, example.speaker, number, False), example.features
            number += 1


def _moments(frames: np.ndarray) -> _Moments:
    frames = frames.astype(np.float64)
    mean = frames.mean(axis=0)
    return _Moments(len(frames), mean, ((frames - mean) ** 2).sum(axis=0))


def _scale(moments: _Moments) -> np.ndarray:
    deviation = np.sqrt(moments.squares / moments.frames)
    return (1 / np.where(deviation > MIN_DEVIATION, deviation, 1)).astype(np.float32)
