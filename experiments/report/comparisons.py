"""Which differences between methods are more than noise."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.significance import Comparison, Outcome, compare, holm, sentence
from damldg_jax.significance.outcome import check_alike
from experiments.report.document import Table
from experiments.report.families import families
from experiments.report.protocols import Protocol
from experiments.report.scores import Cell, Test, alike, cells, name_tests

_REFERENCE = "deep_all"
_OURS = "da_mldg"

Cells = Mapping[tuple[Test, str], Cell]


class Pair(NamedTuple):
    """Two methods compared.

    Attributes:
      where: what they were tested on, in words.
      first: title of the first method.
      second: of the second.
      comparison: of both.
    """

    where: str
    first: str
    second: str
    comparison: Comparison


class Verdicts(NamedTuple):
    """Comparisons of one family, and what may be said of them.

    Attributes:
      pairs: compared.
      adjusted: p-values after Holm's correction.
      sentences: in words.
    """

    pairs: tuple[Pair, ...]
    adjusted: tuple[float, ...]
    sentences: tuple[str, ...]


def over_targets(protocol: Protocol, selection: str) -> Verdicts:
    """Compares methods on the mean over the targets of each family."""
    found = cells(protocol)
    pairs = [
        pair
        for family in families(test for test, _ in found)
        for pair in _pairs(found, protocol, family.groups, selection, family.where)
    ]
    return _judge(pairs)


def by_target(protocol: Protocol, selection: str) -> Verdicts:
    """Compares methods on each target of families of several; one family of tests."""
    found = cells(protocol)
    names = name_tests([test for test, _ in found])
    pairs = [
        pair
        for family in families(test for test, _ in found)
        if len(family.tests) > 1
        for test in family.tests
        for pair in _pairs(found, protocol, [(test,)], selection, names[test])
    ]
    # Numbers that are none are not equal to themselves: known by their names.
    return _judge(list({pair[:3]: pair for pair in pairs}.values()))


def across(protocols: Sequence[Protocol], selection: str) -> Verdicts:
    """Compares methods of different protocols that were tested on the same utterances.

    Args:
      protocols: all; each method of one is compared with each of another.
      selection: rule by which a step is chosen.

    Returns:
      The comparisons on each family of tests that both have as a whole.
    """
    pairs = []
    for one, other in itertools.combinations(protocols, 2):
        ours, theirs = cells(one), cells(other)
        shared = [t for t in dict.fromkeys(t for t, _ in ours) if _has(theirs, t)]
        for family in families(shared):
            for a, b in itertools.product(one.methods, other.methods):
                titles = _marked(one, a), _marked(other, b)
                sides = _sides(ours, a), _sides(theirs, b)
                pair = _pair(sides, family.groups, titles, family.where, selection)
                pairs += [pair] if pair else []
    return _judge(pairs)


def table(verdicts: Verdicts, name: str, title: str) -> Table:
    """Comparisons as a table.

    Args:
      verdicts: to tell.
      name: of the table's files.
      title: above it.

    Returns:
      The table, a row for each comparison.
    """
    rows = []
    for (where, first, second, found), adjusted in zip(
        verdicts.pairs, verdicts.adjusted, strict=True
    ):
        ends = "-"
        if found.low == found.low:
            ends = f"{100 * found.low:+.1f} to {100 * found.high:+.1f}"
        rows.append(
            (
                *(where, first, second, f"{100 * found.difference:+.1f}", ends),
                *(_p(found.p_speakers), _p(found.p_trials), _p(adjusted)),
                *(str(found.num_speakers), str(found.num_trials)),
            )
        )
    return Table(
        name=name,
        title=title,
        header=(
            *("target", "method", "against", "UAR points", "95 % interval"),
            *("p of speakers", "p of trials", "p adjusted", "speakers", "trials"),
        ),
        rows=tuple(rows),
        notes=(
            "p of speakers: methods swapped for whole speakers; p of trials: trials "
            "dealt out anew; adjusted: the larger of both, by Holm's method for all "
            "rows of the table.",
        ),
    )


def _p(value: float) -> str:
    if value != value:
        return "-"
    return f"{value:.3f}" if value >= 0.001 else "<0.001"


def _has(found: Cells, test: Test) -> bool:
    return any(test == other for other, _ in found)


def _marked(protocol: Protocol, method: str) -> str:
    return f"{protocol.methods[method]} ({protocol.letter})"


def _sides(found: Cells, method: str) -> dict[Test, Cell]:
    return {test: cell for (test, of), cell in found.items() if of == method}


def _pairs(
    found: Cells,
    protocol: Protocol,
    groups: Sequence[Sequence[Test]],
    selection: str,
    where: str,
) -> list[Pair]:
    """DA-MLDG against all others, and these against Deep-All; else each with each."""
    methods = list(protocol.methods)
    wanted = [(_OURS, m) for m in methods if m != _OURS]
    wanted += [(m, _REFERENCE) for m in methods if m not in (_OURS, _REFERENCE)]
    if _OURS not in methods and _REFERENCE not in methods:
        wanted = list(itertools.combinations(methods, 2))
    pairs = []
    for a, b in wanted:
        if a in methods and b in methods:
            titles = protocol.methods[a], protocol.methods[b]
            sides = _sides(found, a), _sides(found, b)
            pair = _pair(sides, groups, titles, where, selection)
            pairs += [pair] if pair else []
    return pairs


def _pair(
    sides: tuple[Mapping[Test, Cell], Mapping[Test, Cell]],
    groups: Sequence[Sequence[Test]],
    titles: tuple[str, str],
    where: str,
    selection: str,
) -> Pair | None:
    """Compares two methods, if both have all tests on the same utterances."""
    try:
        first, second = (_outcomes(side, groups, selection) for side in sides)
        return Pair(where, *titles, compare(first, second))
    except (KeyError, ValueError):
        # A test is missing, or was another one: there is nothing to compare.
        return None


def _outcomes(
    side: Mapping[Test, Cell], groups: Sequence[Sequence[Test]], selection: str
) -> list[Outcome]:
    return [_joined([side[test] for test in group], selection) for group in groups]


def _joined(group: Sequence[Cell], selection: str) -> Outcome:
    """The trials of a group's tests, which are of the same utterances, as of one."""
    for cell in group:
        if selection not in cell.selections() or not alike(cell, selection):
            raise ValueError(f"Trials of {cell.test} were tested on other utterances.")
        if not cell.runs[0].classes:
            raise ValueError("Only classes can be compared.")
    first, *others = (cell.outcome(selection) for cell in group)
    for other in others:
        check_alike([first], [other])
    predicted = np.concatenate([first.predicted, *(o.predicted for o in others)])
    return first._replace(predicted=predicted)


def _judge(pairs: Sequence[Pair]) -> Verdicts:
    adjusted = holm([pair.comparison.p_value for pair in pairs])
    told = tuple(
        sentence(pair.comparison, p, pair.first, pair.second, pair.where)
        for pair, p in zip(pairs, adjusted, strict=True)
    )
    return Verdicts(tuple(pairs), tuple(adjusted.tolist()), told)
