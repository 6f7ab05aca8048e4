r"""Chooses among settings for corpora that nobody has seen, by their sources alone.

  python -m experiments.main --flagfile=one.flags --target=inner --workdir=inner/one
  python -m experiments.main --flagfile=two.flags --target=inner --workdir=inner/two
  python -m experiments.choose inner/one inner/two

Each work directory is a candidate, or as many as it has methods. With --target=inner
each corpus is tested by models that were not trained on another one either. For an
unseen corpus those tests count of which it is the other one: nothing of it, not even
its sound, had a part in them. Standard output has a table of these means, the best
candidate for each corpus, and how far each candidate is ahead of the first one that is
named, on the mean over all tests, with an interval over speakers and trials. Of several
methods in one directory that one is the first that the table of algorithms has first.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence

from absl import flags

from damldg_jax.errors import InputError
from experiments.choose.ahead import compare_all, outcomes_of
from experiments.choose.candidates import read_candidates
from experiments.choose.inner import (
    Candidate,
    Trial,
    choose,
    corpora_of,
    inner_scores,
    unseen_of,
)
from experiments.choose.told import Judged, as_json, deviations, table
from experiments.report.run_folders import RunRecord

_SELECTION = flags.DEFINE_enum(
    "choose_by",
    "last",
    ["last", "best"],
    "The step that is compared: the last, or the best on held-out speakers of the "
    "sources.",
)
_JSON = flags.DEFINE_string("choose_json", None, "File for the same as JSON.")
GROUPS = {"Choice": ("choose_by", "choose_json")}
_SCORES = ("uar", "mean_ccc")


def trials_of(
    candidates: Mapping[Candidate, Sequence[RunRecord]], selection: str
) -> list[Trial]:
    """The scores of all tests.

    Args:
      candidates: of ``read_candidates``.
      selection: the step that is compared.

    Returns:
      A score of each run.
    """
    return [
        _trial(candidate, run, selection)
        for candidate, runs in candidates.items()
        for run in runs
    ]


def _trial(candidate: Candidate, run: RunRecord, selection: str) -> Trial:
    entry = run.entries[selection]
    score = next(entry[name] for name in _SCORES if name in entry)
    sources = frozenset(entry["sources"])
    seeded = not entry.get("deterministic")
    return Trial(candidate, sources, entry["target"], entry["trial"], score, seeded)


def judge(
    candidates: Mapping[Candidate, Sequence[RunRecord]], selection: str
) -> Judged:
    """Scores and compares candidates.

    Args:
      candidates: of ``read_candidates``.
      selection: the step that is compared.

    Returns:
      What there is to be told of them, in their order.

    Raises:
      InputError: a candidate lacks tests or trials that others have.
    """
    trials = trials_of(candidates, selection)
    scores = inner_scores(trials)
    corpora = corpora_of(trials)
    # A directory may hold more: tests of a command that had fewer corpora.
    counted = {
        candidate: [run for run in runs if unseen_of(corpora, *reversed(run.test))]
        for candidate, runs in candidates.items()
    }
    compared = trials_of(counted, selection)
    classes = all(run.classes for runs in candidates.values() for run in runs)
    ahead, alone = {}, set()
    if classes:
        outcomes = {c: outcomes_of(runs, selection) for c, runs in counted.items()}
        ahead = compare_all(outcomes)
        tests = next(iter(outcomes.values())).items()
        alone = {target for (target, _), its in tests if its.num_speakers == 1}
    return Judged(
        {candidate: scores[candidate] for candidate in candidates},
        deviations(compared),
        choose(scores),
        ahead,
        trials=_number_of(compared),
        alone=sorted(alone),
    )


def _number_of(trials: Sequence[Trial]) -> int:
    """Trials of each candidate whose method knows a seed; 0 if none does."""
    found: dict[Candidate, set[int]] = {}
    for trial in trials:
        if trial.seeded:
            found.setdefault(trial.candidate, set()).add(trial.number)
    return min(map(len, found.values()), default=0)


def main(arguments: Sequence[str]) -> None:
    """Chooses among the candidates that the command line names."""
    if not arguments:
        raise InputError(
            "Name the work directories of the candidates: "
            "python -m experiments.choose inner/one inner/two"
        )
    workdirs = [pathlib.Path(argument).expanduser() for argument in arguments]
    candidates = read_candidates(workdirs, _SELECTION.value)
    judged = judge(candidates, _SELECTION.value)
    print(table(judged))
    if _JSON.value:
        path = pathlib.Path(_JSON.value).expanduser()
        text = json.dumps(as_json(judged), indent=2, allow_nan=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
