"""How candidates do on unseen corpora among the sources of another one."""

import statistics
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from damldg_jax.errors import InputError

# Name of a candidate's work directory, and of its method.
Candidate = tuple[str, str]


class Trial(NamedTuple):
    """A test of the scenario ``leave_two_out``.

    Attributes:
      candidate: whose it is.
      sources: corpora that were trained on.
      tested: corpus that was tested on.
      number: of the trial.
      score: that it came to.
      seeded: whether the method knows a seed; else its one trial is all there can be.
    """

    candidate: Candidate
    sources: frozenset[str]
    tested: str
    number: int
    score: float
    seeded: bool = True


def corpora_of(trials: Sequence[Trial]) -> list[str]:
    """Names of all corpora that take part, sorted."""
    return sorted({trial.tested for trial in trials})


def unseen_of(
    corpora: Collection[str], sources: Collection[str], tested: str
) -> str | None:
    """The corpus that a test tells something for: neither trained nor tested on.

    Args:
      corpora: names of all.
      sources: that were trained on.
      tested: corpus that was tested on.

    Returns:
      Its name; None if that is not exactly one.
    """
    left_out = {*corpora}.difference(sources)
    unseen = left_out - {tested}
    return unseen.pop() if tested in left_out and len(unseen) == 1 else None


def inner_scores(trials: Sequence[Trial]) -> dict[Candidate, dict[str, float]]:
    """What each candidate comes to on the sources of each corpus.

    Args:
      trials: of all candidates.

    Returns:
      By candidate and unseen corpus T, the mean over all others H of the mean over
      trials of the score on H of what was trained on neither T nor H.

    Raises:
      InputError: a candidate lacks tests, or another number of trials, that others
        have; it names them.
    """
    corpora = corpora_of(trials)
    found: dict[tuple[Candidate, str, str], list[float]] = {}
    for trial in trials:
        unseen = unseen_of(corpora, trial.sources, trial.tested)
        if unseen is not None:
            key = trial.candidate, unseen, trial.tested
            found.setdefault(key, []).append(trial.score)
    candidates = sorted({trial.candidate for trial in trials})
    if not found:
        raise InputError(
            f"Of {', '.join(corpora)} no candidate left exactly two out. Give all "
            "candidates the same --corpora, with --target=inner."
        )
    _check(found, candidates, corpora, {t.candidate for t in trials if t.seeded})
    return {
        candidate: {
            unseen: statistics.fmean(
                statistics.fmean(found[candidate, unseen, held])
                for held in corpora
                if held != unseen
            )
            for unseen in corpora
        }
        for candidate in candidates
    }


def _check(
    found: Mapping[tuple[Candidate, str, str], Sequence[float]],
    candidates: Sequence[Candidate],
    corpora: Sequence[str],
    seeded: Collection[Candidate],
) -> None:
    """Refuses candidates that cannot be compared."""
    counts = [len(scores) for (of, _, _), scores in found.items() if of in seeded]
    for candidate in candidates:
        most = max(counts, default=1) if candidate in seeded else 1
        for unseen in corpora:
            for held in corpora:
                count = len(found.get((candidate, unseen, held), ()))
                if held != unseen and count != most:
                    sources = sorted({*corpora} - {held, unseen})
                    raise InputError(
                        f"{candidate[0]}: {candidate[1]} trained on "
                        f"{', '.join(sources) or 'nothing'} has {count} trial(s) on "
                        f"'{held}', and others have {most}. Let it finish, or give all "
                        "candidates the same --corpora and --trials, with "
                        "--target=inner."
                    )


def choose(scores: Mapping[Candidate, Mapping[str, float]]) -> dict[str, Candidate]:
    """The best candidate for each unseen corpus; of equal ones the first by name.

    Args:
      scores: of ``inner_scores``.

    Returns:
      Candidates by unseen corpus.
    """
    corpora = next(iter(scores.values()))
    return {
        unseen: max(sorted(scores), key=lambda candidate: scores[candidate][unseen])
        for unseen in corpora
    }
