"""What the domains of a run are: its source corpora, or groups of their speakers.

A step draws as many utterances of each domain as of any other. Domains are what MLDG
and DA-MLDG hold out, what Group DRO weighs, and what CORAL, Mixup and the like compare.
By the table:

* ``corpora``: each source corpus is a domain, as in the paper.
* ``speakers``: the speakers of each corpus that are trained on are dealt into a number
  of groups, each a domain, or are one each where no number is given.

**Groups, as many of every corpus.** A step has ``batch_size / domains`` utterances of
each domain, and corpora have from four to hundreds of speakers: one domain a speaker
would leave one or two, by which no risk, covariance or margin is known. Of ``N`` groups
a corpus, each has ``1 / N`` of its corpus's share of a step, so every corpus has the
share that it has by ``corpora``, and a method that weighs nothing, such as Deep-All,
minimises the same mean up to what a group's size makes of it. Therefore a corpus of
fewer speakers than groups is refused rather than dealt into fewer. **One a speaker**
is for corpora that have about as many: one of more speakers has a larger share of a
step, counts for more in the mean over domains, and is held out more often.

**About equal in utterances**, not in speakers: drawn alike, an utterance of a small
group comes more often than one of a large group. Speakers are taken in the order of
their utterances, those of most first, and each is given to the group that has the
fewest so far; the seed decides among speakers of as many. What one speaker said is in
one domain, and which corpora are beside makes no difference.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.corpora.folder_speakers import UNKNOWN_SPEAKER
from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError

# Speakers that a name of a domain tells.
_TOLD = 4


class SourceDomain(NamedTuple):
    """What a step has as many utterances of as of any other.

    Attributes:
      name: tells it to the user: that of its corpus, or such as ``"emodb/03+08"``.
      corpus: that it belongs to.
      speakers: of the group, sorted; empty where the domain is a whole corpus.
      members: [n] int, indices of its utterances that are trained on.
      altered: [m] int, those of their altered copies.
    """

    name: str
    corpus: str
    speakers: tuple[str, ...]
    members: np.ndarray
    altered: np.ndarray


class Dealing(NamedTuple):
    """A row of the table.

    Attributes:
      deal: ``(dataset, train, groups, seed) -> domains`` with the indices of each
        corpus that are trained on, and the groups that are asked for of each, or None.
      per_corpus: from what is asked for, how many domains a corpus has; None where the
        data decide.
    """

    deal: Callable[
        [Dataset, Mapping[str, np.ndarray], int | None, int], tuple[SourceDomain, ...]
    ]
    per_corpus: Callable[[int | None], int | None]


def whole_corpora(
    dataset: Dataset,
    train: Mapping[str, np.ndarray],
    groups: int | None = None,
    seed: int = 0,
) -> tuple[SourceDomain, ...]:
    """Makes each corpus a domain.

    Args:
      dataset: that has the corpora.
      train: of each, indices [n] of the utterances that are trained on.
      groups: counts for nothing here.
      seed: likewise.

    Returns:
      The domains, in the order of the corpora.
    """
    del groups, seed
    return tuple(
        SourceDomain(name, name, (), members, _copies(dataset, name, [members])[0])
        for name, members in train.items()
    )


def speaker_groups(
    dataset: Dataset,
    train: Mapping[str, np.ndarray],
    groups: int | None,
    seed: int,
) -> tuple[SourceDomain, ...]:
    """Makes groups of the speakers of each corpus domains.

    Args:
      dataset: that has the corpora.
      train: of each, indices [n] of the utterances that are trained on.
      groups: of each corpus; None for one a speaker.
      seed: of the draw among speakers of as many utterances.

    Returns:
      The domains, those of a corpus one after the other.

    Raises:
      InputError: it is not known who speaks in a corpus, or there are too few speakers.
    """
    speakers = {
        name: np.array([dataset.speakers[index] for index in members])
        for name, members in train.items()
    }
    _check_speakers(speakers, groups)
    return tuple(
        domain
        for name, members in train.items()
        for domain in _domains_of(dataset, name, members, speakers[name], groups, seed)
    )


DOMAINS = {
    "corpora": Dealing(whole_corpora, lambda groups: 1),
    "speakers": Dealing(speaker_groups, lambda groups: groups),
}


def deal_speakers(
    corpus: str, speakers: Sequence[str], groups: int | None, seed: int
) -> tuple[tuple[str, ...], ...]:
    """Deals the speakers of a corpus into groups of about as many utterances.

    The largest group has more than the smallest by no more than its least speaker has.

    Args:
      corpus: its name, for the draw.
      speakers: speaker of each utterance.
      groups: how many, at most as many as there are speakers; None for one a speaker.
      seed: of the draw among speakers of as many utterances.

    Returns:
      The names in each group, sorted; groups in the order of their first names.

    Examples:
      >>> deal_speakers("mine", ["a"] * 5 + ["b"] * 2 + ["c"] * 2, groups=2, seed=0)
      (('a',), ('b', 'c'))
    """
    names, counts = np.unique(np.asarray(speakers), return_counts=True)
    # Keyed by the name, so that a corpus is dealt alike whatever it is joined with; and
    # another draw than those of the speakers to validate and test on.
    order = np.random.default_rng([seed, *corpus.encode(), 1]).permutation(len(names))
    order = order[np.argsort(-counts[order], kind="stable")]
    dealt: list[list[str]] = [[] for _ in range(groups or len(names))]
    sizes = [0] * len(dealt)
    for place in order:
        least = min(range(len(dealt)), key=sizes.__getitem__)
        dealt[least].append(str(names[place]))
        sizes[least] += int(counts[place])
    return tuple(sorted(tuple(sorted(group)) for group in dealt))


def account_of_domains(domains: Sequence[SourceDomain]) -> dict[str, Any]:
    """What accounts tell of domains; nothing of whole corpora, which they name anyway.

    Args:
      domains: of a run.

    Returns:
      ``training_domains``: of each its name, its speakers and how many utterances it
      has; as JSON has them.
    """
    if not any(domain.speakers for domain in domains):
        return {}
    return {
        "training_domains": [
            {
                "name": domain.name,
                "speakers": list(domain.speakers),
                "utterances": len(domain.members),
            }
            for domain in domains
        ]
    }


def _domains_of(
    dataset: Dataset,
    corpus: str,
    members: np.ndarray,
    speakers: np.ndarray,
    groups: int | None,
    seed: int,
) -> list[SourceDomain]:
    dealt = deal_speakers(corpus, speakers, groups, seed)
    parts = [members[np.isin(speakers, group)] for group in dealt]
    copies = _copies(dataset, corpus, parts)
    return [
        SourceDomain(_name(corpus, group), corpus, group, part, altered)
        for group, part, altered in zip(dealt, parts, copies, strict=True)
    ]


def _name(corpus: str, speakers: tuple[str, ...]) -> str:
    """Such as ``"emodb/03+08"``; of many speakers the first ones, whom no other has."""
    told = speakers
    if len(speakers) > _TOLD:
        told = (*speakers[: _TOLD - 1], f"{len(speakers) - _TOLD + 1} more")
    return f"{corpus}/{'+'.join(told)}"


def _copies(
    dataset: Dataset, corpus: str, parts: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The altered copies of the utterances in each of some parts of a corpus."""
    part_of = {
        dataset.utterances[index]: number
        for number, part in enumerate(parts)
        for index in part
    }
    found: list[list[int]] = [[] for _ in parts]
    for index in dataset.variants.get(corpus, ()):
        if (number := part_of.get(dataset.utterances[index])) is not None:
            found[number].append(index)
    return [np.array(of_part, int) for of_part in found]


def _check_speakers(speakers: Mapping[str, np.ndarray], groups: int | None) -> None:
    """Refuses corpora whose speakers cannot be dealt."""
    number = {name: len({*its.tolist()}) for name, its in speakers.items()}
    for name, its in speakers.items():
        if {*its.tolist()} == {UNKNOWN_SPEAKER}:
            raise InputError(
                f"--domains=speakers: of '{name}' it is not known who speaks. Give it "
                "a manifest with the column speaker (docs/howto/own_corpus.md), take "
                "it out of the sources, or choose --domains=corpora."
            )
        if number[name] < 2:
            raise InputError(
                f"--domains=speakers: '{name}' has one speaker to train on, "
                f"'{its[0]}', and no groups can be made of one. Take it out of the "
                "sources, or choose --domains=corpora."
            )
    fewest = min(number, key=number.__getitem__)
    if groups and number[fewest] < groups:
        raise InputError(
            f"--domains_per_corpus={groups}: '{fewest}' has {number[fewest]} speakers "
            "to train on, and corpora have as many groups each. Make it "
            f"{number[fewest]} or less, keep fewer speakers by --validation_fraction, "
            "or leave it out, which makes each speaker a domain."
        )
