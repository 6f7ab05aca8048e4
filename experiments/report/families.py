"""Which tests belong together, so that a mean over them means something."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from damldg_jax.corpora.scenarios import SCENARIOS
from experiments.report.published import SCENARIOS as OF_THE_PAPER
from experiments.report.scores import Test


class Family(NamedTuple):
    """Tests over which a mean is taken.

    Attributes:
      name: in letters, digits and underscores.
      title: in words.
      where: as a comparison names it.
      groups: the tests; those of one group are of the same utterances, so that they
        count as further trials and not as further targets.
    """

    name: str
    title: str
    where: str
    groups: tuple[tuple[Test, ...], ...]

    @property
    def tests(self) -> tuple[Test, ...]:
        """All tests."""
        return tuple(test for group in self.groups for test in group)


def families(tests: Iterable[Test]) -> list[Family]:
    """Sorts tests into families.

    Args:
      tests: target and sources of each.

    Returns:
      Corpora that are left out in turn; the paper's scenarios 1 to 7; targets that were
      tested on after training on several sets of sources; and each other by itself. A
      test may be of the first two at once.
    """
    tests = sorted(set(tests))
    found = [*_left_out(tests), *_of_the_paper(tests)]
    taken = {test for family in found for test in family.tests}
    rest = [test for test in tests if test not in taken]
    for target, sources in rest:
        if sources == (target,):
            where = f"other speakers of {target}"
            its = ((target, sources),)
            found.append(Family(f"within_{target}", f"Within {target}", where, (its,)))
    rest = [(target, sources) for target, sources in rest if sources != (target,)]
    for target in dict.fromkeys(target for target, _ in rest):
        its = tuple(test for test in rest if test[0] == target)
        where = target
        title = f"{target}, trained on {'+'.join(its[0][1])}"
        if len(its) > 1:
            title = f"{target}, trained on {len(its)} sets of other corpora"
            where = f"{target} after training on {len(its)} sets of corpora"
        found.append(Family(f"on_{target}", title, where, (its,)))
    return found


def scenario_of(test: Test) -> str | None:
    """The scenario 1 to 7 of the paper that a test is, or None."""
    target, sources = test
    for name in OF_THE_PAPER:
        scenario = SCENARIOS[name]
        if scenario.targets == (target,) and set(scenario.sources) == set(sources):
            return name
    return None


def _left_out(tests: Sequence[Test]) -> list[Family]:
    unions: dict[frozenset[str], list[Test]] = {}
    for target, sources in tests:
        if target not in sources:
            unions.setdefault(frozenset((target, *sources)), []).append(
                (target, sources)
            )
    found = []
    for corpora, its in unions.items():
        if len(its) > 1:
            names = "_".join(sorted(corpora))
            count = len(its)
            title = f"Each of {', '.join(sorted(corpora))} left out"
            if count < len(corpora):
                title += f" ({count} of {len(corpora)} so far)"
            groups = tuple((test,) for test in its)
            where = f"the mean of {count} corpora, each left out"
            found.append(Family(f"left_out_{names}", title, where, groups))
    return found


def _of_the_paper(tests: Sequence[Test]) -> list[Family]:
    its = [test for test in tests if scenario_of(test)]
    if len(its) < 2:
        return []
    its.sort(key=lambda test: int(scenario_of(test) or 0))
    numbers = ", ".join(scenario_of(test) or "" for test in its)
    groups = tuple((test,) for test in its)
    where = f"the mean of scenarios {numbers}"
    return [Family("scenarios", f"Scenarios {numbers} of the paper", where, groups)]
