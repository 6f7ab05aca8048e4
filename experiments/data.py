"""Reads prepared records into one data set and divides it for a run."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from damldg_jax import records
from damldg_jax.corpora.scenarios import Split
from damldg_jax.dataset import Dataset, build_dataset
from damldg_jax.emotions import parse_emotions
from damldg_jax.features import FEATURES
from damldg_jax.provenance import read_description
from damldg_jax.splits import split_speakers
from experiments.config import Config
from experiments.console import progress


class Prepared(NamedTuple):
    """The data of a command.

    Attributes:
      dataset: all its corpora.
      synthetic: names of the corpora that are generated.
      skipped: recordings left out of each corpus, with the reason of each.
      hashes: of each corpus, of the content of its records.
      notices: what the user should know.
    """

    dataset: Dataset
    synthetic: tuple[str, ...]
    skipped: Mapping[str, Mapping[str, str]]
    hashes: Mapping[str, str]
    notices: tuple[str, ...]


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


def load(corpora: Iterable[str], config: Config) -> Prepared:
    """Reads the records of corpora.

    Args:
      corpora: their names; all must be prepared.
      config: where the records lie and which emotions are classes.

    Returns:
      The data.

    Raises:
      InputError: records are damaged or of other features, or a corpus has none of
        the emotions.
    """
    described = {name: read_description(config.data_dir, name) for name in corpora}
    # Sorted, so that the order of names on the command line changes nothing.
    bar = progress(sorted(described), "Reading records", "corpus")
    settings = dataclasses.asdict(FEATURES[config.features])
    examples = {name: records.read(config.data_dir, name, settings) for name in bar}
    dataset = build_dataset(examples, parse_emotions(config.emotions))
    stored = {name: value for name, value in described.items() if value}
    notices = [notice for origin, _ in stored.values() for notice in origin.notices]
    return Prepared(
        dataset=dataset,
        synthetic=tuple(n for n, (origin, _) in stored.items() if origin.synthetic),
        skipped={n: s.skipped for n, (_, s) in stored.items() if s.skipped},
        hashes={n: s.content_hash for n, (_, s) in stored.items()},
        notices=(*notices, *dataset.notices),
    )


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


def data_hash(hashes: Mapping[str, str]) -> str:
    """One hash for the data of several corpora."""
    text = "".join(f"{name}:{hashes[name]};" for name in sorted(hashes))
    return hashlib.sha256(text.encode()).hexdigest()
