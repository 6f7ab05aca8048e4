"""Evaluates parameters on the validation speakers and on the target."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.averaging import evaluated
from damldg_jax.dataset import Dataset
from damldg_jax.evaluation import Predictions
from damldg_jax.metrics import DimensionScores, Scores
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.training import TrainState
from damldg_jax.types import BatchStats
from experiments.checkpoints import Best
from experiments.config import Config
from experiments.exhibits import write_exhibits
from experiments.outputs import PREDICTIONS, write_predictions
from experiments.programs import Programs
from experiments.runs import Run, schedule
from experiments.trained_models import Trained, write_models


class Validation(NamedTuple):
    """How parameters do on the validation speakers of the sources.

    Attributes:
      score: mean over source corpora of the score by which steps are compared.
      by_corpus: of each.
      batch_stats: statistics that they were evaluated with, in host memory.
    """

    score: float
    by_corpus: Mapping[str, float]
    batch_stats: BatchStats


def criterion(programs: Programs) -> str:
    """Name of the score by which steps are compared."""
    return programs.dataset.target.report.criterion


def validate(run: Run, programs: Programs, state: TrainState) -> Validation | None:
    """Evaluates a state on the validation speakers.

    Args:
      run: that the state is of.
      programs: compiled functions and data.
      state: in host memory.

    Returns:
      How it does; None if no speakers are kept.
    """
    if not run.division.validation:
        return None
    batch_stats, values = _statistics(run, programs, state), {}
    for corpus, members in run.division.validation.items():
        predictions = programs.predict(
            run.division,
            evaluated(state.params, state.optimizer_state),
            batch_stats,
            members,
            f"Validating on {corpus}",
        )
        scores = _score(programs, members, predictions)
        values[corpus] = getattr(scores, criterion(programs))
    return Validation(float(np.mean(list(values.values()))), values, batch_stats)


def test(
    run: Run, programs: Programs, state: TrainState, best: Best
) -> list[dict[str, Any]]:
    """Tests the last and the best parameters on the target, and writes predictions.

    The last ones also look at the sources, for the report.

    Args:
      run: that is trained.
      programs: compiled functions and data.
      state: its last, in host memory.
      best: what was best on the validation speakers.

    Returns:
      An entry of ``results.json`` for each selection rule.
    """
    batch_stats = _statistics(run, programs, state)
    params = evaluated(state.params, state.optimizer_state)
    chosen = {"last": Trained(params, batch_stats, int(state.step))}
    if run.division.validation:
        chosen["best"] = Trained(best.params, best.batch_stats, best.step)

    def look(selection: str, name: str, members: np.ndarray) -> Predictions:
        params, statistics, _ = chosen[selection]
        what = f"Looking at {name} ({selection})"
        return programs.predict(run.division, params, statistics, members, what)

    test, dataset, config = run.division.test, programs.dataset, programs.config
    target = run.split.target
    predictions = {
        name: _on_target(run, programs, trained, lambda n=name: look(n, target, test))
        for name, trained in chosen.items()
    }
    write_predictions(run.folder / PREDICTIONS, dataset, test, predictions)
    write_exhibits(run, dataset, functools.partial(look, "last"), predictions["last"])
    adapted = config.evaluation_statistics == "target"
    entries = {
        selection: make_entry(
            run, dataset, config, selection, trained.step, predicted, adapted
        )
        for (selection, trained), predicted in zip(
            chosen.items(), predictions.values(), strict=True
        )
    }
    write_models(run, programs, chosen, entries, look)
    return list(entries.values())


def _on_target(
    run: Run, programs: Programs, trained: Trained, look: Callable[[], Predictions]
) -> Predictions:
    """Predicts the target, by its own statistics if that is asked for."""
    if programs.config.evaluation_statistics != "target":
        return look()
    batch_size = schedule(run.division, programs.config).batch_size
    given = run.division, trained.params, trained.batch_stats
    statistics = programs.target_statistics(*given, batch_size)
    what = f"Looking at {run.split.target} (by its own statistics)"
    test = run.division.test
    return programs.predict(run.division, trained.params, statistics, test, what)


def _statistics(run: Run, programs: Programs, state: TrainState) -> BatchStats:
    """The statistics of batch normalisation to evaluate a state with."""
    per_domain = schedule(run.division, programs.config).per_domain
    return programs.statistics(
        run.division,
        evaluated(state.params, state.optimizer_state),
        state.batch_stats,
        per_domain,
    )


def _score(
    programs: Programs, utterances: np.ndarray, predicted: Predictions
) -> Scores | DimensionScores:
    labels = programs.dataset.store.labels[utterances]
    return programs.dataset.target.report.score(labels, predicted.outputs)


def make_entry(
    run: Run,
    dataset: Dataset,
    config: Config,
    selection: str,
    step: int,
    predicted: Predictions,
    adapted: bool = False,
) -> dict[str, Any]:
    """What ``results.json`` tells of a run.

    Args:
      run: that is tested.
      dataset: its data.
      config: all settings.
      selection: rule by which the parameters were chosen.
      step: after which they were taken.
      predicted: what they say of the run's test utterances.
      adapted: whether the target's own statistics normalised over the batch.

    Returns:
      The entry.
    """
    target, normalization = dataset.target, NORMALIZATIONS[config.normalization]
    labels = dataset.store.labels[run.division.test]
    scores = target.report.score(labels, predicted.outputs)
    return {
        "scenario": run.split.scenario,
        "sources": list(run.split.sources),
        "target": run.split.target,
        "method": run.method,
        "trial": run.trial,
        "seed": run.seed,
        "selection": selection,
        "step": step,
        "split_hash": run.division.account["hash"],
        "normalization": config.normalization,
        "transductive": adapted or bool(normalization and normalization.transductive),
        **({"adapted": "batch_statistics"} if adapted else {}),
        **target.report.entry(scores, target.classes),
    }
