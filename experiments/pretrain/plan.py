"""Whose speakers are told apart, and which of their utterances are held out."""

from collections.abc import Sequence

import numpy as np

from damldg_jax.corpora.scenarios import PRETRAINING, SPEAKERS, Split
from damldg_jax.corpora.sources import parse_entries, resolve
from damldg_jax.dataset import Dataset
from damldg_jax.duplicates import Duplicate
from damldg_jax.errors import InputError
from damldg_jax.leakage import further_copies
from damldg_jax.source_domains import whole_corpora
from damldg_jax.splits import split_utterances
from experiments.config import Config
from experiments.division import Division, account_of_sides
from experiments.plan import Plan, check_features


def make_plan(config: Config) -> Plan:
    """Finds the corpora whose speakers are told apart.

    Args:
      config: names them by ``sources``, or by ``corpora`` without ``target``.

    Returns:
      The plan, of one split.

    Raises:
      InputError: a name is unknown, or none is left.
    """
    named = parse_entries(config.corpora, config.corpora_dir)
    nowhere = config.target and not config.sources and config.target not in named
    if config.scenario or nowhere:
        given = "--scenario" if config.scenario else f"--target={config.target}"
        raise InputError(
            f"{given}: a network is pre-trained once for each target. Name all corpora "
            "by --corpora and by --target the one of them that is left out."
        )
    names = config.sources or tuple(name for name in named if name != config.target)
    if not names:
        raise InputError(
            "Name the corpora whose speakers are to be told apart, "
            "--corpora=voxceleb or --corpora=emodb,ravdess; --target names one to "
            "leave out."
        )
    if config.target in names:
        raise InputError(
            f"The target '{config.target}' is among the sources {', '.join(names)}: it "
            "would not be unseen. Take it out of --sources."
        )
    sources = {
        name: named.get(name) or resolve(name, config.corpora_dir, tuple(named))
        for name in sorted(set(names))
    }
    check_features(config, sources)
    split = Split(PRETRAINING, tuple(sources), SPEAKERS)
    return Plan(sources, (split,), divide_utterances)


def divide_utterances(
    dataset: Dataset,
    split: Split,
    config: Config,
    duplicates: Sequence[Duplicate] = (),
) -> Division:
    """Divides the utterances of each speaker; of copies the first one counts.

    Args:
      dataset: labelled with speakers.
      split: the corpora.
      config: how much to hold out.
      duplicates: pairs of utterances that are the same recording.

    Returns:
      The division; the test is of all corpora.
    """
    copies = further_copies(dataset, duplicates)
    train, validation, test = [], {}, []
    for name in split.sources:
        members = np.setdiff1d(dataset.corpora[name].indices, copies)
        sides = split_utterances(
            name,
            [dataset.speakers[index] for index in members],
            config.validation_fraction,
            config.test_fraction,
            config.split_seed,
        )
        train.append(members[sides.train])
        validation[name] = members[sides.validation]
        test.append(members[sides.test])
    tested = np.concatenate(test)
    sides = {
        "train": np.concatenate(train),
        "validation": np.concatenate([*validation.values()]),
        "test": tested,
    }
    return Division(
        train=tuple(train),
        validation={name: part for name, part in validation.items() if len(part)},
        test=tested,
        speakers=dict.fromkeys(split.sources, ()),
        left_out=copies,
        account=account_of_sides(dataset, sides),
        notices=_notices(dataset, copies),
        domains=whole_corpora(dataset, dict(zip(split.sources, train, strict=True))),
    )


def _notices(dataset: Dataset, copies: np.ndarray) -> tuple[str, ...]:
    if not len(copies):
        return ()
    return (
        f"{len(copies)} copies of recordings are left out, such as "
        f"{dataset.name_of(copies[0])}.",
    )
