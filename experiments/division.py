"""Divides the data for a run: what it trains, selects and is tested on."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from damldg_jax.corpora.scenarios import Split
from damldg_jax.dataset import Dataset
from damldg_jax.splits import split_speakers
from experiments.config import Config


class Division(NamedTuple):
    """Which utterances a run trains, selects and tests on.

    Attributes:
      train: of each source corpus, indices [n].
      validation: by name, of each source corpus that keeps speakers, indices [n].
      test: of the target, indices [n].
      speakers: those kept for validation, of each source corpus.
      notices: what the user should know.
    """

    train: tuple[np.ndarray, ...]
    validation: Mapping[str, np.ndarray]
    test: np.ndarray
    speakers: Mapping[str, tuple[str, ...]]
    notices: tuple[str, ...]


def divide(dataset: Dataset, split: Split, config: Config) -> Division:
    """Divides the data for a run; the target is only ever tested on.

    Args:
      dataset: that has all corpora of the split.
      split: sources and target.
      config: how many speakers to keep.

    Returns:
      The division.
    """
    train, validation, speakers, notices = [], {}, {}, []
    for name in split.sources:
        corpus = dataset.corpora[name]
        kept = split_speakers(
            name, corpus.speakers, config.validation_fraction, config.split_seed
        )
        train.append(corpus.indices[kept.train])
        speakers[name] = kept.speakers
        if len(kept.validation):
            validation[name] = corpus.indices[kept.validation]
        if kept.notice:
            notices.append(kept.notice)
    for emotion in dataset.emotions:
        if not any(dataset.corpora[name].counts[emotion] for name in split.sources):
            notices.append(
                f"No source of {', '.join(split.sources)} has an utterance of "
                f"{emotion}: it cannot be learnt."
            )
    return Division(
        tuple(train),
        validation,
        dataset.corpora[split.target].indices,
        speakers,
        tuple(notices),
    )
