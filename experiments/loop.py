"""Trains and tests one run: one method on one split with one seed."""

import dataclasses
import json
import math
import pathlib
import time
from typing import Any

import numpy as np
from tqdm import tqdm

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.batches import (
    Draw,
    Store,
    samples_per_domain,
    share_out,
    utterances_of_step,
)
from damldg_jax.corpora.scenarios import Split
from damldg_jax.evaluation import Predictions
from damldg_jax.metrics import DimensionScores, Scores
from damldg_jax.parallel import replicate, to_host
from damldg_jax.training import TrainState, init_state
from damldg_jax.types import BatchStats
from experiments.checkpoints import Best, Checkpoints, Saved
from experiments.config import DEFAULT_EPOCHS, Config
from experiments.console import progress, say
from experiments.division import Division
from experiments.outputs import MetricsLog, write_json, write_predictions
from experiments.programs import Programs


@dataclasses.dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
      split: sources and target.
      division: utterances to train, select and test on.
      method: key of the table of algorithms.
      trial: number of the run among those that differ by their seed alone.
      seed: of the run.
      folder: of its files.
    """

    split: Split
    division: Division
    method: str
    trial: int
    seed: int
    folder: pathlib.Path

    @property
    def title(self) -> str:
        """Names the run to the user."""
        trial = f", trial {self.trial}" if self.trial else ""
        return f"{ALGORITHMS[self.method].title} -> {self.split.target}{trial}"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Length of a run.

    Attributes:
      per_domain: utterances of each domain in a step.
      steps: in all.
      evaluate_every: steps between evaluations on the validation speakers.
    """

    per_domain: int
    steps: int
    evaluate_every: int


def schedule(division: Division, config: Config) -> Schedule:
    """Works out how long a run is."""
    domains = len(division.train)
    per_domain = samples_per_domain(config.batch_size, domains)
    epoch = math.ceil(sum(map(len, division.train)) / (per_domain * domains))
    return Schedule(
        per_domain=per_domain,
        steps=config.steps or (config.epochs or DEFAULT_EPOCHS) * epoch,
        evaluate_every=config.evaluate_every or epoch,
    )


def execute(run: Run, programs: Programs) -> list[dict[str, Any]]:
    """Trains and tests, going on where an earlier attempt stopped.

    Args:
      run: what to do.
      programs: compiled functions and data.

    Returns:
      An entry of ``results.json`` for each selection rule.
    """
    finished = run.folder / "result.json"
    if not finished.exists():
        store = programs.store(run.division)
        with Checkpoints(run.folder / "checkpoints") as checkpoints:
            state, best, began = _train(run, programs, store, checkpoints)
        entries = _test(run, programs, store, state, best)
        seconds = time.monotonic() - began
        write_json(finished, [{**entry, "seconds": seconds} for entry in entries])
    else:
        say(f"{run.title}: finished before, not trained again.")
    entries = json.loads(finished.read_text(encoding="utf-8"))
    # A run may have been done for another scenario of the same sources and target.
    return [{**entry, "scenario": run.split.scenario} for entry in entries]


def _train(
    run: Run, programs: Programs, store: Store, checkpoints: Checkpoints
) -> tuple[TrainState, Best, float]:
    """Returns the last state, the best, and when the run would have begun unbroken."""
    plan = schedule(run.division, programs.config)
    algorithm, train_step = programs.training(run.method)
    initial = init_state(
        programs.network,
        algorithm,
        programs.optimizer,
        run.seed,
        len(run.division.train),
    )
    best = Best(to_host(initial.params), to_host(initial.batch_stats), 0, -1.0)
    state, best, spent = checkpoints.restore(Saved(initial, best, 0.0))
    began = time.monotonic() - spent
    state = replicate(state, programs.devices)
    first, seed = int(state.step), np.uint32(run.seed)
    bar = progress(None, run.title, "step", total=plan.steps, initial=first)
    with MetricsLog(run.folder, run.split.sources, first) as log, bar:
        bar.set_postfix_str("compiling" if first < plan.steps else "")
        for step in range(first, plan.steps):
            drawn = _draw(run, plan, programs, step)
            state, metrics = train_step(state, store, drawn, seed)
            due = (step + 1) % plan.evaluate_every == 0 or step + 1 == plan.steps
            with checkpoints.keeping(Saved(state, best, time.monotonic() - began)):
                log.write_late(step + 1, metrics)
                if due:
                    log.write_pending()
            if step == first:
                bar.set_postfix_str("")
            bar.update()
            if due:
                best = _select(run, programs, store, state, best, log, bar)
                checkpoints.save(Saved(state, best, time.monotonic() - began))
    return state, best, began


def _draw(run: Run, plan: Schedule, programs: Programs, step: int) -> Draw:
    train = run.division.train
    drawn = utterances_of_step(train, plan.per_domain, step, run.seed)
    weights = np.array([len(members) for members in train], np.float32)
    by_size = programs.config.risk_mean == "samples"
    return Draw(share_out(drawn, len(programs.devices)), weights if by_size else None)


def _select(
    run: Run,
    programs: Programs,
    store: Store,
    state: TrainState,
    best: Best,
    log: MetricsLog,
    bar: tqdm,
) -> Best:
    """Evaluates on the validation speakers and keeps the better parameters."""
    if not run.division.validation:
        return best
    batch_stats = _statistics(run, programs, store, state)
    criterion, values = programs.dataset.target.report.criterion, {}
    for corpus, members in run.division.validation.items():
        predictions = programs.predict(
            store, state.params, batch_stats, members, f"Validating on {corpus}"
        )
        values[corpus] = getattr(_score(programs, members, predictions), criterion)
    mean, name = float(np.mean(list(values.values()))), f"validation_{criterion}"
    step = int(state.step)
    log.write(step, {name: mean, f"{name}_by_corpus": values})
    bar.set_postfix_str(f"{name}={mean:.3f}")
    if mean > best.score:
        return Best(to_host(state.params), to_host(batch_stats), step, mean)
    return best


def _statistics(
    run: Run, programs: Programs, store: Store, state: TrainState
) -> BatchStats:
    """The statistics of batch normalisation to evaluate a state with."""
    per_domain = schedule(run.division, programs.config).per_domain
    return programs.statistics(
        store, state.params, state.batch_stats, run.division.train, per_domain
    )


def _test(
    run: Run, programs: Programs, store: Store, state: TrainState, best: Best
) -> list[dict[str, Any]]:
    """Tests the last and the best parameters on the target, and writes predictions."""
    batch_stats = _statistics(run, programs, store, state)
    candidates = {"last": (state.params, batch_stats, int(state.step))}
    if run.division.validation:
        candidates["best"] = (best.params, best.batch_stats, best.step)
    test = run.division.test
    predictions = {
        selection: programs.predict(
            store,
            params,
            batch_stats,
            test,
            f"Testing on {run.split.target} ({selection})",
        )
        for selection, (params, batch_stats, _) in candidates.items()
    }
    write_predictions(
        run.folder / "predictions.csv", programs.dataset, test, predictions
    )
    return [
        _entry(run, programs, selection, candidates[selection][2], predicted)
        for selection, predicted in predictions.items()
    ]


def _score(
    programs: Programs, utterances: np.ndarray, predicted: Predictions
) -> Scores | DimensionScores:
    labels = programs.dataset.store.labels[utterances]
    return programs.dataset.target.report.score(labels, predicted.outputs)


def _entry(
    run: Run, programs: Programs, selection: str, step: int, predicted: Predictions
) -> dict[str, Any]:
    scores = _score(programs, run.division.test, predicted)
    target = programs.dataset.target
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
        "normalization": programs.config.normalization,
        "transductive": programs.transductive,
        **target.report.entry(scores, target.classes),
    }
