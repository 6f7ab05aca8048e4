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
* ``stream``: those of its speaker that came before it, as if they were recorded one
  after the other, in an order that their names decide by chance. Transductive likewise,
  but nothing is known of what is still to come.

Transductive rules see no label, but they see recordings of the unseen corpus together.
Results tell of it. Of a group of which little has been seen, a **prior** is believed:
what the groups of the training are like on average, as if so many utterances of it had
been heard already. With it even the first utterance of a speaker can be treated.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

import numpy as np

from damldg_jax.batches import Store
from damldg_jax.dataset import Dataset
from damldg_jax.moments import Gathered, Moments, typical


class Recording(NamedTuple):
    """What decides by which utterances one is normalised.

    Attributes:
      corpus: that it belongs to.
      speaker: likewise.
      number: tells it from all others.
      trained: whether the run trains on it.
      name: of it in its corpus; decides the order of a stream.
    """

    corpus: str
    speaker: str
    number: int
    trained: bool
    name: str = ""

    @property
    def turn(self) -> bytes:
        """By this recordings are in an order that tells nothing of their emotions."""
        return hashlib.sha256(f"{self.corpus}/{self.name}".encode()).digest()


class Normalization(NamedTuple):
    """A row of the table.

    Attributes:
      group: names the set by which a recording is normalised.
      counts: whether it is itself of that set.
      transductive: whether utterances of the target are normalised by each other.
      meaning: completes "inputs are normalised by the mean and deviation of".
      learnt: whether they come of the training alone, so that a model keeps them.
      past_only: whether only those count that came before.
      of_speakers: whether it must be known who speaks.
    """

    group: Callable[[Recording], Hashable]
    counts: Callable[[Recording], bool]
    transductive: bool
    meaning: str
    learnt: bool = False
    past_only: bool = False
    of_speakers: bool = False


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
        of_speakers=True,
    ),
    "stream": Normalization(
        lambda recording: (recording.corpus, recording.speaker),
        _always,
        True,
        "the past utterances of their speaker, the target's too",
        past_only=True,
        of_speakers=True,
    ),
}


def normalize(
    dataset: Dataset,
    normalization: Normalization | None,
    training: np.ndarray,
    prior_utterances: float = 0.0,
) -> Store:
    """Gives the store of a data set its shifts and scales.

    Args:
      dataset: all corpora of a command.
      normalization: a row of ``NORMALIZATIONS``.
      training: [n] indices of the utterances that the run trains on.
      prior_utterances: that the prior of a transductive rule weighs.

    Returns:
      The store; without a normalisation as it was.
    """
    if normalization is None:
        return dataset.store
    gathered = Gathered(prior_of(dataset, normalization, training, prior_utterances))
    counted = [
        (recording, frames)
        for recording, frames in recordings(dataset, training)
        if normalization.counts(recording)
    ]
    if normalization.past_only:
        counted.sort(key=lambda one: one[0].turn)
    before = {}
    for recording, frames in counted:
        group = normalization.group(recording)
        before[recording.number] = gathered.known(group)
        gathered.add(group, frames)
    moments = [
        before[recording.number]
        if normalization.past_only
        else gathered.known(normalization.group(recording))
        for recording in labelled(dataset, training)
    ]
    return dataset.store._replace(
        shift=np.stack([of.shift for of in moments]),
        scale=np.stack([of.scale for of in moments]),
    )


def prior_of(
    dataset: Dataset,
    normalization: Normalization | None,
    training: np.ndarray,
    prior_utterances: float,
) -> Moments | None:
    """What is believed of a group before anything of it has been heard.

    Args:
      dataset: all corpora of a command.
      normalization: a row of ``NORMALIZATIONS``.
      training: [n] indices of the utterances that the run trains on.
      prior_utterances: what the belief weighs.

    Returns:
      The mean of the means of the training's groups, and of their variances; None of a
      rule that is not transductive, or where it weighs nothing.
    """
    if not normalization or not normalization.transductive or not prior_utterances:
        return None
    gathered = Gathered()
    trained = [r for r in labelled(dataset, training) if r.trained]
    for recording in trained:
        frames = dataset.features[recording.number]
        gathered.add(normalization.group(recording), frames)
    groups = gathered.groups
    each = sum(of.frames for of in groups) / len(trained)
    return typical(groups, prior_utterances * each)


def labelled(dataset: Dataset, training: np.ndarray) -> list[Recording]:
    """What decides by which utterances each of a data set is normalised.

    Args:
      dataset: all corpora of a command.
      training: [n] indices of the utterances that the run trains on.

    Returns:
      Of each utterance, in their order.
    """
    trained = np.zeros(len(dataset.utterances), bool)
    trained[training] = True
    return [
        Recording(corpus, speaker, number, bool(trained[number]), name)
        for number, (corpus, speaker, name) in enumerate(
            zip(
                dataset.corpus_of_each,
                dataset.speakers,
                dataset.utterances,
                strict=True,
            )
        )
    ]


def recordings(
    dataset: Dataset, training: np.ndarray
) -> Iterator[tuple[Recording, np.ndarray]]:
    """All recordings with their frames, also those that the target gives no label.

    To choose by emotion whose statistics count would be to look at the labels.

    Args:
      dataset: all corpora of a command.
      training: [n] indices of the utterances that the run trains on.

    Yields:
      Each recording, and its frames [frames, features].
    """
    for recording in labelled(dataset, training):
        yield recording, dataset.features[recording.number]
    number = len(dataset.utterances)
    for corpus, examples in dataset.others.items():
        for example in examples:
            named = example.speaker, number, False, example.utterance
            yield Recording(corpus, *named), example.features
            number += 1
