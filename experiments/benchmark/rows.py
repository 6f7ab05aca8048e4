"""Lines of tables, and which of their workloads wait in memory together."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from experiments.benchmark.setting import Setting


class Row(NamedTuple):
    """A line of a table.

    Attributes:
      label: names it.
      setting: of its worker.
      reference: to whose time of a step its own is compared, in the same rounds.
      rival: to whose step the same step of a peer is compared.
      bundle: rows that follow each other and have this in common wait together.
    """

    label: str
    setting: Setting
    reference: Setting | None = None
    rival: Setting | None = None
    bundle: object = None

    @property
    def together(self) -> tuple[Setting, ...]:
        """Settings that must be measured in the same rounds."""
        return tuple(s for s in (self.reference, self.rival, self.setting) if s)


class Group(NamedTuple):
    """Workloads that are measured together.

    Attributes:
      settings: of the workers.
      keep: those that a later group needs.
    """

    settings: tuple[Setting, ...]
    keep: frozenset[Setting]


def groups_of(rows: Sequence[Row], at_once: int) -> list[Group]:
    """Puts workloads together, so that each is with what it is compared to.

    Args:
      rows: of a measure.
      at_once: workers that may wait in memory together, if bundles allow.

    Returns:
      The groups, in order.
    """
    gathered: list[list[Setting]] = []
    for _, bundle in itertools.groupby(rows, key=lambda row: row.bundle):
        of_bundle = [setting for row in bundle for setting in row.together]
        joined = list(dict.fromkeys([*(gathered[-1] if gathered else []), *of_bundle]))
        if gathered and len(joined) <= at_once:
            gathered[-1] = joined
        else:
            gathered.append(list(dict.fromkeys(of_bundle)))
    return [
        Group(tuple(group), frozenset(itertools.chain(*gathered[number + 1 :])))
        for number, group in enumerate(gathered)
    ]
