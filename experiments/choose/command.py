r"""Chooses among settings for corpora that nobody has seen, by their sources alone.

  python -m experiments.main --flagfile=one.flags --target=inner --workdir=inner/one
  python -m experiments.main --flagfile=two.flags --target=inner --workdir=inner/two
  python -m experiments.choose inner/one inner/two

Each work directory is a candidate, or as many as it has methods. With --target=inner
each corpus is tested by models that were not trained on another one either. For an
unseen corpus those tests count of which it is the other one: nothing of it, not even
its sound, had a part in them. Standard output has a table of these means, and the best
candidate for each corpus.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence

from absl import flags
from tabulate import tabulate

from damldg_jax.corpora.scenarios import LEAVE_TWO_OUT
from damldg_jax.errors import InputError
from experiments.choose.inner import Candidate, Trial, choose, inner_scores
from experiments.console import say
from experiments.report.run_folders import RunRecord, find_runs

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


def read_trials(workdirs: Sequence[pathlib.Path], selection: str) -> list[Trial]:
    """Reads the tests of all candidates.

    Args:
      workdirs: one for each candidate.
      selection: the step that is compared.

    Returns:
      The tests of the scenario ``leave_two_out``.

    Raises:
      InputError: a directory has none, or one was tested on other utterances or
        classes than another.
    """
    trials: list[Trial] = []
    tasks: dict[str, RunRecord] = {}
    for workdir in workdirs:
        found = find_runs([workdir])
        for warning in found.warnings:
            say(warning)
        runs = [run for run in found.runs if _is_inner(run, selection)]
        if not runs:
            raise InputError(
                f"{workdir} has no run of --target=inner: give experiments.main that "
                "target."
            )
        for run in runs:
            first = tasks.setdefault(run.first["target"], run)
            _check_task(first, run, selection)
        trials += [_trial(str(workdir), run, selection) for run in runs]
    return trials


def _is_inner(run: RunRecord, selection: str) -> bool:
    entry = run.entries.get(selection)
    return entry is not None and entry["scenario"] == LEAVE_TWO_OUT


def _check_task(first: RunRecord, other: RunRecord, selection: str) -> None:
    """Refuses scores that are of other questions."""
    if first.classes != other.classes:
        ours, theirs = (", ".join(run.classes) or "none" for run in (first, other))
        raise InputError(
            f"{first.folder} tells apart {ours}, and {other.folder} {theirs}: their "
            "scores cannot be compared. Give all candidates the same --target_kind and "
            "--emotions."
        )
    if first.classes:
        ours, theirs = (
            {*run.predictions[selection].utterances.tolist()} for run in (first, other)
        )
        if unlike := sorted(ours ^ theirs):
            raise InputError(
                f"{first.folder} and {other.folder} were not tested on the same "
                f"utterances: {unlike[0]} is in one of them alone. Give all candidates "
                "the same recordings."
            )


def _trial(workdir: str, run: RunRecord, selection: str) -> Trial:
    entry = run.entries[selection]
    score = next(entry[name] for name in _SCORES if name in entry)
    sources = frozenset(entry["sources"])
    candidate = workdir, run.method
    return Trial(candidate, sources, entry["target"], entry["trial"], score)


def table(
    scores: Mapping[Candidate, Mapping[str, float]], chosen: Mapping[str, Candidate]
) -> str:
    """What is printed: a row for each candidate, the best of each column marked."""
    corpora = [*chosen]
    rows = []
    for candidate, of in scores.items():
        cells = [
            f"{100 * of[c]:.1f}{'*' if chosen[c] == candidate else ''}" for c in corpora
        ]
        mean = sum(of.values()) / len(of)
        rows.append([*candidate, *cells, f"{100 * mean:.1f}"])
    headers = ["candidate", "method", *corpora, "mean"]
    text = tabulate(rows, headers, disable_numparse=True, stralign="right")
    return (
        f"{text}\nBelow each corpus: score in percent on its sources, each left out in "
        "turn; nothing of itself had a part in it. *: chosen for it."
    )


def main(arguments: Sequence[str]) -> None:
    """Chooses among the candidates that the command line names."""
    if not arguments:
        raise InputError(
            "Name the work directories of the candidates: "
            "python -m experiments.choose inner/one inner/two"
        )
    workdirs = [pathlib.Path(argument).expanduser() for argument in arguments]
    scores = inner_scores(read_trials(workdirs, _SELECTION.value))
    chosen = choose(scores)
    print(table(scores, chosen))
    if _JSON.value:
        content = {
            "scores": [
                {"candidate": c[0], "method": c[1], "scores": of}
                for c, of in scores.items()
            ],
            "chosen": {unseen: list(c) for unseen, c in chosen.items()},
        }
        path = pathlib.Path(_JSON.value).expanduser()
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
