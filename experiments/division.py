"""Divides the data for a run: what it trains, selects and is tested on."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.corpora.scenarios import Split
from damldg_jax.dataset import Dataset
from damldg_jax.duplicates import Duplicate
from damldg_jax.errors import InputError
from damldg_jax.leakage import (
    check_sides,
    leaks_to_leave_out,
    sentence_overlap,
    split_hash,
    training_hash,
)
from damldg_jax.source_domains import DOMAINS, SourceDomain, account_of_domains
from damldg_jax.splits import split_off_test, split_speakers
from experiments.config import Config


@dataclasses.dataclass(frozen=True)
class Division:
    """Which utterances a run trains, selects and tests on.

    Attributes:
      train: of each source corpus, indices [n].
      validation: by name, of each source corpus that keeps speakers, indices [n].
      test: of the target, indices [n].
      speakers: those kept for validation, of each source corpus.
      left_out: recordings that are on the other side under another name, with all
        else of their speakers, indices [n].
      account: what results tell of the split: its hash and that of what training
        looks at, the size of each side, how many sentences are known from training,
        and whose speakers are a domain together.
      notices: what the user should know.
      domains: of the training, with the altered copies of their utterances.
    """

    train: tuple[np.ndarray, ...]
    validation: Mapping[str, np.ndarray]
    test: np.ndarray
    speakers: Mapping[str, tuple[str, ...]]
    left_out: np.ndarray
    account: Mapping[str, Any]
    notices: tuple[str, ...]
    domains: tuple[SourceDomain, ...]


def divide(
    dataset: Dataset,
    split: Split,
    config: Config,
    duplicates: Sequence[Duplicate] = (),
) -> Division:
    """Divides the data for a run; the target is only ever tested on.

    Args:
      dataset: that has all corpora of the split.
      split: sources and target; a corpus that is both is divided by speaker.
      config: how many speakers to keep, and what is a domain.
      duplicates: pairs of utterances that are the same recording.

    Returns:
      The division.

    Raises:
      InputError: the sides share a speaker or a recording, one of them is empty, or
        speakers cannot be dealt into domains.
    """
    allotted = _allot(dataset, split, config)
    out = _leaks(dataset, allotted.sides, duplicates, config)
    train = _without(allotted.train, out)
    validation = _without(allotted.validation, out)
    for name, members in train.items():
        if not len(members):
            raise InputError(
                f"Nothing of '{name}' is left to train on: all its speakers are also "
                "tested or validated on. Take it out of --sources."
            )
    remaining = allotted._replace(train=train, validation=validation)
    check_sides(dataset, remaining.sides, duplicates)
    deal = DOMAINS[config.domains].deal
    domains = deal(dataset, train, config.domains_per_corpus, config.split_seed)
    account = account_of_sides(dataset, remaining.sides) | account_of_domains(domains)
    return Division(
        train=tuple(train.values()),
        validation={name: part for name, part in validation.items() if len(part)},
        test=allotted.test,
        speakers=allotted.speakers,
        left_out=out,
        account=account,
        notices=(
            *allotted.notices,
            *_notices(dataset, split.target, train, out, account),
        ),
        domains=domains,
    )


class _Allotted(NamedTuple):
    """Sides by corpus, before leaks are left out."""

    train: Mapping[str, np.ndarray]
    validation: Mapping[str, np.ndarray]
    test: np.ndarray
    speakers: Mapping[str, tuple[str, ...]]
    notices: tuple[str, ...]

    @property
    def sides(self) -> dict[str, np.ndarray]:
        empty = np.zeros(0, int)
        return {
            "train": np.concatenate([empty, *self.train.values()]),
            "validation": np.concatenate([empty, *self.validation.values()]),
            "test": self.test,
        }


def _allot(dataset: Dataset, split: Split, config: Config) -> _Allotted:
    train, validation, speakers, notices = {}, {}, {}, []
    test = dataset.corpora[split.target].indices
    for name in split.sources:
        members = dataset.corpora[name].indices
        if name == split.target:
            rest, tested = split_off_test(
                name,
                [dataset.speakers[index] for index in members],
                config.test_fraction,
                config.split_seed,
            )
            members, test = members[rest], members[tested]
        kept = split_speakers(
            name,
            [dataset.speakers[index] for index in members],
            config.validation_fraction,
            config.split_seed,
        )
        train[name], validation[name] = members[kept.train], members[kept.validation]
        speakers[name] = kept.speakers
        notices += [kept.notice] if kept.notice else []
    return _Allotted(train, validation, test, speakers, tuple(notices))


def _leaks(
    dataset: Dataset,
    sides: Mapping[str, np.ndarray],
    duplicates: Sequence[Duplicate],
    config: Config,
) -> np.ndarray:
    if not config.skip_duplicates:
        return np.zeros(0, int)
    return leaks_to_leave_out(dataset, sides, duplicates)


def _without(parts: Mapping[str, np.ndarray], out: np.ndarray) -> dict[str, np.ndarray]:
    return {name: part[~np.isin(part, out)] for name, part in parts.items()}


def account_of_sides(
    dataset: Dataset, sides: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """What results tell of a split.

    Args:
      dataset: that has all corpora of the split.
      sides: indices of the utterances that are trained, validated and tested on.

    Returns:
      The attribute of that name of a ``Division``.
    """
    return {
        "hash": split_hash(dataset, sides),
        "training_hash": training_hash(dataset, sides),
        **{side: len(members) for side, members in sides.items()},
        "sentences_known_from_training": sentence_overlap(dataset, sides),
    }


def _notices(
    dataset: Dataset,
    target: str,
    train: Mapping[str, np.ndarray],
    out: np.ndarray,
    account: Mapping[str, Any],
) -> list[str]:
    notices = []
    if known := account["sentences_known_from_training"]["test"]:
        notices.append(
            f"{target}: {known:.0%} of the utterances tested on speak a sentence that "
            "is also trained on, by other speakers."
        )
    if len(out):
        speakers = sorted({dataset.speaker_of(index) for index in out})
        notices.append(
            f"{len(out)} recording(s) of {', '.join(speakers)} are left out of "
            f"training or validation, since {target} or the validation speakers have "
            "copies of some of them under other names."
        )
    for number, phrase in enumerate(dataset.target.phrases):
        labels = (dataset.store.labels[members] for members in train.values())
        if not any((of_corpus == number).any() for of_corpus in labels):
            notices.append(
                f"No source of {', '.join(train)} has an utterance of {phrase} to "
                "train on: it cannot be learnt."
            )
    return notices
