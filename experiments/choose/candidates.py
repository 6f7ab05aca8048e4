"""The runs of candidates, which must have been asked the same questions."""

import pathlib
from collections.abc import Sequence

import numpy as np

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.corpora.scenarios import LEAVE_TWO_OUT
from damldg_jax.errors import InputError
from experiments.choose.inner import Candidate, unseen_of
from experiments.console import say
from experiments.report.predicted import Predicted
from experiments.report.run_folders import RunRecord, find_runs
from experiments.report.scores import Test


def read_candidates(
    workdirs: Sequence[pathlib.Path], selection: str
) -> dict[Candidate, list[RunRecord]]:
    """Reads the tests of all candidates.

    Args:
      workdirs: one for each candidate, or as many candidates as it has methods.
      selection: the step that is compared.

    Returns:
      Of each, in the order given and then in that of the table of algorithms, the runs
      of the scenario ``leave_two_out``.

    Raises:
      InputError: a directory has none, none of that step, or more than one work
        directory, or one was tested on other utterances, speakers or classes than
        another.
    """
    candidates: dict[Candidate, list[RunRecord]] = {}
    tasks: dict[str, RunRecord] = {}
    for workdir in {path.resolve(): path for path in workdirs}.values():
        found = find_runs([workdir])
        for warning in found.warnings:
            say(warning)
        runs = _inner(found.runs)
        if not runs:
            raise InputError(
                f"{workdir} has no run of --target=inner: give experiments.main that "
                "target."
            )
        runs = _with_step(workdir, runs, selection)
        _check_single(workdir, runs)
        for run in sorted(runs, key=lambda run: _place(run.method)):
            first = tasks.setdefault(run.first["target"], run)
            _check_task(first, run, selection)
            candidates.setdefault((str(workdir), run.method), []).append(run)
    return candidates


def _inner(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Those that leave two out, also if they were first done for another scenario."""
    marked = [run for run in runs if run.first["scenario"] == LEAVE_TWO_OUT]
    corpora = {run.first["target"] for run in marked}
    trials = {(run.method, run.first["trial"]) for run in marked}
    return [
        run
        for run in runs
        if run.first["scenario"] == LEAVE_TWO_OUT
        or (
            (run.method, run.first["trial"]) in trials
            and unseen_of(corpora, *reversed(run.test))
        )
    ]


def _with_step(
    workdir: pathlib.Path, runs: Sequence[RunRecord], selection: str
) -> list[RunRecord]:
    """Those that have such a step; a method that has none is left out, and told."""
    having = {run.method for run in runs if selection in run.entries}
    if not having:
        raise InputError(
            f"The runs of {workdir} have no {selection} step: no speakers of the "
            "sources were held out, or their methods take no steps. Leave --choose_by "
            "out, or train networks with a --validation_fraction above 0."
        )
    for method in sorted({run.method for run in runs} - having):
        say(f"{workdir}: {method} has no {selection} step and is left out.")
    return [run for run in runs if selection in run.entries]


def _place(method: str) -> tuple[int, str]:
    known = [*ALGORITHMS]
    return (known.index(method) if method in known else len(known), method)


def _check_single(workdir: pathlib.Path, runs: Sequence[RunRecord]) -> None:
    """Refuses a folder that holds several work directories."""
    seen: dict[tuple[Test, str, int], RunRecord] = {}
    for run in runs:
        first = seen.setdefault((run.test, run.method, run.first["trial"]), run)
        if first is not run:
            raise InputError(
                f"{first.folder} and {run.folder} are the same trial of the same "
                f"method. Name each work directory instead of {workdir}, which holds "
                "both."
            )


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
        mine, its = (_by_name(run.predictions[selection]) for run in (first, other))
        if unlike := sorted(mine.keys() ^ its.keys()):
            raise InputError(
                f"{first.folder} and {other.folder} were not tested on the same "
                f"utterances: {unlike[0]} is in one of them alone. Give all candidates "
                "the same recordings and, where they have any, the same --emotions, "
                "--excitement_as_happiness and --skip_unreadable."
            )
        if unlike := [name for name in mine if mine[name] != its[name]]:
            name = unlike[0]
            said = [
                f"{first.classes[label]} of speaker {speaker or 'unknown'}"
                for label, speaker in (mine[name], its[name])
            ]
            raise InputError(
                f"To {first.folder} the utterance {name} is {said[0]}, to "
                f"{other.folder} {said[1]}; {len(unlike)} differ. Give all candidates "
                "the same recordings, labelled alike."
            )


def _by_name(said: Predicted) -> dict[str, tuple[int, str]]:
    """Label and speaker of each utterance."""
    of_each = zip(said.labels.tolist(), said.speakers.tolist(), strict=True)
    return dict(zip(np.asarray(said.utterances).tolist(), of_each, strict=True))
