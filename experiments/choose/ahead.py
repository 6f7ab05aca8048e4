"""How far candidates are ahead of the first one, and how surely."""

from collections.abc import Mapping, Sequence

from damldg_jax.significance import Comparison, Outcome, compare
from experiments.choose.inner import Candidate
from experiments.report.run_folders import RunRecord
from experiments.report.scores import Cell, Test

Outcomes = Mapping[Test, Outcome]


def outcomes_of(runs: Sequence[RunRecord], selection: str) -> Outcomes:
    """What the trials of a candidate said, test by test.

    Args:
      runs: of one candidate.
      selection: the step that is compared.

    Returns:
      By target and sources; utterances sorted by name.
    """
    found: dict[Test, list[RunRecord]] = {}
    for run in sorted(runs, key=lambda run: (run.test, run.first["trial"])):
        found.setdefault(run.test, []).append(run)
    return {
        test: Cell(test, its[0].method, tuple(its)).outcome(selection)
        for test, its in found.items()
    }


def compare_all(outcomes: Mapping[Candidate, Outcomes]) -> dict[Candidate, Comparison]:
    """Compares all candidates but the first with that one.

    Args:
      outcomes: of each candidate, all of the same tests.

    Returns:
      How far each is ahead on the mean over the tests. A corpus is tested several
      times, by the same speakers, and networks test several corpora: both are drawn
      once for all of their tests.
    """
    (_, base), *others = outcomes.items()
    targets, sources = zip(*base, strict=True)
    return {
        candidate: compare(
            [its[test] for test in base],
            [*base.values()],
            names=targets,
            networks=sources,
        )
        for candidate, its in others
    }
