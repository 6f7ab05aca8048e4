"""What is told of candidates: a table, and the same as JSON."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tabulate import tabulate

from damldg_jax.significance import Comparison
from experiments.choose.inner import Candidate, Trial


class Judged(NamedTuple):
    """What there is to be told of candidates.

    Attributes:
      scores: by candidate, in their order, and unseen corpus: the mean over its
        sources, each left out in turn.
      deviations: of each candidate, over trials, of the mean over all tests; NaN of a
        single trial.
      chosen: the best candidate for each unseen corpus.
      ahead: of each candidate but the first, how far it is ahead of that one; empty of
        dimensions, of which there is no such comparison.
      trials: of each candidate whose method knows a seed; 0 if none does.
      alone: corpora of one speaker, or of speakers that are not known.
    """

    scores: Mapping[Candidate, Mapping[str, float]]
    deviations: Mapping[Candidate, float]
    chosen: Mapping[str, Candidate]
    ahead: Mapping[Candidate, Comparison]
    trials: int = 1
    alone: Sequence[str] = ()


def deviations(trials: Sequence[Trial]) -> dict[Candidate, float]:
    """Standard deviations over trials of the mean over all tests.

    Args:
      trials: of all candidates, each with as many tests in each trial.

    Returns:
      Of each candidate; NaN of a single trial.
    """
    found: dict[Candidate, dict[int, list[float]]] = {}
    for trial in trials:
        by_number = found.setdefault(trial.candidate, {})
        by_number.setdefault(trial.number, []).append(trial.score)
    means = {c: [*map(statistics.fmean, of.values())] for c, of in found.items()}
    return {c: statistics.stdev(m) if m[1:] else math.nan for c, m in means.items()}


def table(judged: Judged) -> str:
    """What is printed: a row for each candidate, the best of each column marked.

    Args:
      judged: the candidates.

    Returns:
      The text.
    """
    corpora = [*judged.chosen]
    rows = []
    for candidate, of in judged.scores.items():
        cells = [
            f"{100 * of[c]:.1f}{'*' if judged.chosen[c] == candidate else ''}"
            for c in corpora
        ]
        mean = f"{100 * statistics.fmean(of.values()):.1f}"
        if not math.isnan(deviation := judged.deviations[candidate]):
            mean += f" ± {100 * deviation:.1f}"
        ahead = [_ahead(judged.ahead.get(candidate))] * bool(judged.ahead)
        rows.append([*candidate, *cells, mean, *ahead])
    headers = ["candidate", "method", *corpora, "mean"]
    headers += ["ahead of the first"] * bool(judged.ahead)
    text = tabulate(rows, headers, disable_numparse=True, stralign="right")
    told = (
        f"{text}\nBelow each corpus: score in percent on its sources, each left out in "
        "turn; nothing of itself had a part in it. *: chosen for it.\n"
        "mean: of all tests; ±: deviation over trials."
    )
    if judged.ahead:
        told += f"\nahead of the first: points of the mean{_surely(judged)}"
    return told


def _surely(judged: Judged) -> str:
    """What the intervals are, and what may not be read into them."""
    found = judged.ahead.values()
    if all(math.isnan(one.low) for one in found):
        return "; no corpus has two speakers that are known: there is no interval."
    over = "speakers and trials" if judged.trials else "speakers"
    text = (
        f", with a 95 % interval over {over}; one that includes 0 may be noise, and of "
        "many candidates one is ahead by chance."
    )
    if judged.trials == 1:
        text = (
            ", with a 95 % interval over speakers alone: of a single trial, so that "
            "other seeds may turn it round."
        )
    if judged.alone:
        text += (
            f"\nOf {', '.join(judged.alone)} no two speakers are known, and none are "
            "drawn: the intervals are too narrow."
        )
    return text


def _ahead(found: Comparison | None) -> str:
    if found is None:
        return ""
    text = f"{100 * found.difference:+.1f}"
    if math.isnan(found.low):
        return text
    return f"{text} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def as_json(judged: Judged) -> dict[str, Any]:
    """The same for programs; scores are parts of 1, and NaN is null.

    Args:
      judged: the candidates.

    Returns:
      What JSON can hold.
    """
    rows = []
    for candidate, of in judged.scores.items():
        row = {"candidate": candidate[0], "method": candidate[1], "scores": of}
        row["deviation"] = _number(judged.deviations[candidate])
        if found := judged.ahead.get(candidate):
            row["ahead"] = {
                "difference": found.difference,
                "low": _number(found.low),
                "high": _number(found.high),
                "p_value": _number(found.p_value),
                "trials": found.num_trials,
                "speakers": found.num_speakers,
            }
        rows.append(row)
    chosen = {unseen: [*candidate] for unseen, candidate in judged.chosen.items()}
    return {"scores": rows, "chosen": chosen}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
