"""The scenarios of the paper (Table I): which corpora teach, which one is unseen."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from damldg_jax.corpora.pictures import DIGITS, PACS
from damldg_jax.errors import InputError


class Split(NamedTuple):
    """One experiment: train on the sources, test on the target."""

    scenario: str
    sources: tuple[str, ...]
    target: str

    @property
    def corpora(self) -> tuple[str, ...]:
        """Names of all corpora that it looks at."""
        target = () if self.scenario == PRETRAINING else (self.target,)
        return tuple(dict.fromkeys((*self.sources, *target)))


# What a target may be beside the name of a corpus: each in turn, or each by itself; or
# each in turn with one more left out, which is what choosing on sources alone takes.
ALL, WITHIN, INNER = "all", "within", "inner"

# The scenario of the last: what a corpus is tested on by models that have not seen
# another one either.
LEAVE_TWO_OUT = "leave_two_out"

# The scenario of the last column of Table I: speakers of one corpus on both sides.
WITHIN_CORPUS = "within_corpus"

# The scenario of tests on further unseen corpora, by models that were trained anyway.
ALSO_TEST = "also_test"

# The scenario in which speakers are told apart, and the word in the target's place:
# what is tested on are other utterances of the sources' speakers.
PRETRAINING, SPEAKERS = "pretraining", "speakers"


@dataclass(frozen=True)
class Scenario:
    """Named experiments over corpora; a corpus in both roles is left out in turn.

    Attributes:
      name: as it appears in flags and reports.
      sources: names of the corpora to train on.
      targets: names of the corpora to test on, one after the other.
      within: whether each target is its own only source, divided by speaker.
      pictures: whether it is of pictures, whose domains take the place of corpora.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    within: bool = False
    pictures: bool = False

    def splits(self) -> tuple[Split, ...]:
        """Lists the experiments; but for ``within`` no target is among its sources.

        Returns:
          One split for each target, in order.
        """
        if self.within:
            return within_each(self.targets)
        return tuple(
            Split(self.name, tuple(s for s in self.sources if s != target), target)
            for target in self.targets
        )


PAPER_CORPORA: tuple[str, ...] = (
    "iemocap",
    "crema_d",
    "savee",
    "ravdess",
    "tess",
    "aesdd",
    "cafe",
    "emovo",
    "shemo",
    "emodb",
)

_ENGLISH = ("iemocap", "ravdess", "crema_d", "savee")

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("1", ("crema_d", "savee", "ravdess"), ("iemocap",)),
        Scenario("2", ("crema_d", "savee", "tess"), ("ravdess",)),
        Scenario("3", ("crema_d", "savee", "ravdess"), ("tess",)),
        Scenario("4", ("savee", "ravdess", "emodb"), ("cafe",)),
        # The paper's public code tests on EmoDB instead; Table I stands.
        Scenario("5", ("emovo", "shemo", "emodb"), ("aesdd",)),
        Scenario("6", ("crema_d", "savee", "ravdess"), ("shemo",)),
        Scenario("7", ("tess", "emodb"), ("shemo",)),
        Scenario("eng4", _ENGLISH, _ENGLISH),
        Scenario(ALL, PAPER_CORPORA, PAPER_CORPORA),
        Scenario(WITHIN, PAPER_CORPORA, PAPER_CORPORA, within=True),
        Scenario("pacs", PACS, PACS, pictures=True),
        Scenario("digits", DIGITS, DIGITS, pictures=True),
    )
}


def leave_one_out(names: Sequence[str]) -> tuple[Split, ...]:
    """Makes each corpus the target once, with all others as its sources.

    Args:
      names: names of the corpora.

    Returns:
      One split of the scenario ``"leave_one_out"`` for each name, in order.

    Raises:
      InputError: a name is given twice, or there are fewer than two.

    Examples:
      >>> for split in leave_one_out(["emodb", "savee", "emovo"]):
      ...     print(split.sources, "->", split.target)
      ('savee', 'emovo') -> emodb
      ('emodb', 'emovo') -> savee
      ('emodb', 'savee') -> emovo
    """
    names = tuple(names)
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"The corpus '{name}' is given twice: {', '.join(names)}.")
    if len(names) < 2:
        raise InputError(
            "Leaving one corpus out takes at least two corpora, but these are given: "
            f"{', '.join(names) or 'none'}. Name more of them by --corpora."
        )
    return Scenario("leave_one_out", names, names).splits()


def leave_two_out(names: Sequence[str]) -> tuple[Split, ...]:
    """Leaves each pair of corpora out, and makes each of the two the target.

    What is tested on one of them says how settings do on an unseen corpus, without a
    look at the other: by such tests settings are chosen for it on its sources alone.

    Args:
      names: names of the corpora.

    Returns:
      Splits of the scenario ``"leave_two_out"``.

    Raises:
      InputError: a name is given twice, or there are fewer than three.

    Examples:
      >>> for split in leave_two_out(["emodb", "savee", "emovo"])[:2]:
      ...     print(split.sources, "->", split.target)
      ('emovo',) -> emodb
      ('emovo',) -> savee
    """
    names = tuple(names)
    leave_one_out(names)
    if len(names) < 3:
        raise InputError(
            f"Leaving two corpora out takes at least three: {', '.join(names)} are "
            "given. Name more of them by --corpora."
        )
    splits = []
    for pair in itertools.combinations(names, 2):
        sources = tuple(name for name in names if name not in pair)
        splits += [Split(LEAVE_TWO_OUT, sources, target) for target in pair]
    return tuple(splits)


def within_each(names: Sequence[str]) -> tuple[Split, ...]:
    """Trains and tests within each corpus, which is divided by speaker.

    Args:
      names: names of the corpora.

    Returns:
      One split of the scenario ``"within_corpus"`` for each name, in order; its only
      source is its target.

    Raises:
      InputError: no name is given.
    """
    if not names:
        raise InputError("Name the corpora to divide by speaker: --corpora=emodb,...")
    return tuple(Split(WITHIN_CORPUS, (name,), name) for name in names)
