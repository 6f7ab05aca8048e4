r"""Trains a linear SVM on the splits of the networks, or a logistic regression.

  pip install -r requirements-opensmile.txt
  python -m experiments.linear_svm --corpora_dir=corpora \
      --corpora=emodb,ravdess,savee,emovo --target=all

On eGeMAPS functionals of openSMILE, unless --features says otherwise; of features with
more than one frame, on mean and deviation over time. With --variants it is trained on
altered copies, too. Divides the data as experiments.main does, chooses C on the source
corpora by leaving each of them out in turn, prints the same table, and leaves the same
files for experiments.report. It knows no seed, so that there is one trial. Flags of
networks and of training are accepted and count for nothing.
"""

import dataclasses
import pathlib
import time
from typing import Any

import numpy as np
from absl import flags

from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError
from damldg_jax.evaluation import Predictions
from damldg_jax.normalization import NORMALIZATIONS, normalize
from damldg_jax.normalization_checks import check_normalization
from experiments.circumstances import write_circumstances
from experiments.config import Config
from experiments.console import progress, say
from experiments.data import Prepared
from experiments.division import divide
from experiments.exhibits import write_exhibits
from experiments.linear_svm.model import (
    CLASSIFIERS,
    REGULARISATIONS,
    Machine,
    Training,
    train,
)
from experiments.loop import read_result
from experiments.outputs import write_predictions
from experiments.plan import Plan, make_plan
from experiments.results import run_folder, table, write_results
from experiments.runs import Run
from experiments.seals import write_result
from experiments.session import Session
from experiments.testing import make_entry
from experiments.workdir import account_of_data, account_of_prior, claim, held

_CLASSIFIER = flags.DEFINE_enum(
    "classifier",
    "linear_svm",
    sorted(CLASSIFIERS),
    "The machine: what separates classes by the widest margin, or by the most likely "
    "logits. It names the runs.",
)
GROUPS = {
    "Classifier": ("classifier",),
    "Data": (
        *("corpora_dir", "data_dir", "corpora", "sources", "target", "also_test"),
        *("scenario", "emotions", "features", "variants", "normalization"),
        *("skip_unreadable", "skip_duplicates", "overwrite", "workers"),
    ),
    "Output": ("workdir",),
    "Division": ("validation_fraction", "test_fraction", "split_seed"),
}
_DEFAULTS = {
    "features": "egemaps",
    "data_dir": "data/records_egemaps",
    "workdir": "runs/linear_svm",
}
# Settings on which its numbers depend.
_SETTINGS = (
    *("target_kind", "emotions", "excitement_as_happiness", "features"),
    *("normalization", "validation_fraction", "test_fraction", "split_seed"),
    "variants",
)


def choose_defaults() -> None:
    """Gives flags that networks share another default."""
    for name, value in _DEFAULTS.items():
        flags.FLAGS.set_default(name, value)


def main(config: Config) -> None:
    """Trains and tests the machine of ``--classifier``.

    Args:
      config: all settings.

    Raises:
      InputError: as ``carry_out``.
    """
    carry_out(config, _CLASSIFIER.value)


def carry_out(config: Config, classifier: str = "linear_svm") -> None:
    """Trains and tests a machine on each split, and prints the table.

    Args:
      config: all settings.
      classifier: a key of ``CLASSIFIERS``.

    Raises:
      InputError: settings or data are off.
    """
    if config.target_kind == "dimensions":
        raise InputError(
            "--target_kind=dimensions: a linear classifier tells classes apart. "
            "Choose emotion, arousal or valence."
        )
    # It knows no domains but to choose C, for which it takes corpora.
    config = dataclasses.replace(config, domains="corpora", domains_per_corpus=None)
    # Any method that does with one corpus: the plan is of splits alone.
    plan = make_plan(_alone(config))
    prepared = Session().data(plan.sources, config, plan.trained)
    runs = _runs(plan, prepared, config, classifier)
    for notice in dict.fromkeys(prepared.notices):
        say(notice)
    with held(runs):
        claim(config, prepared, runs, account_of=_account)
        shown = progress(runs, CLASSIFIERS[classifier].title, "split")
        results = {run.folder: _result(run, prepared, config) for run in shown}
    target, synthetic = prepared.dataset.target, bool(prepared.synthetic)
    write_results(config.workdir, results, synthetic=synthetic, classes=target.classes)
    entries = [entry for of_run in results.values() for entry in of_run]
    print(table(entries, synthetic, target.report, target.description))
    say(f"Details are in {config.workdir}.")


def _alone(config: Config) -> Config:
    return dataclasses.replace(config, methods=("deep_all",), vary_split=False)


def _runs(plan: Plan, prepared: Prepared, config: Config, classifier: str) -> list[Run]:
    runs = []
    rule, prior = NORMALIZATIONS[config.normalization], config.normalization_prior
    for split in plan.splits:
        division = divide(prepared.dataset, split, config, prepared.duplicates)
        training = np.concatenate(division.train)
        # Of several frames there are mean and deviation alone.
        check_normalization(prepared.dataset, rule, training, True, prior)
        folder = run_folder(config.workdir, split, classifier, 0)
        runs.append(Run(split, division, classifier, 0, 0, folder))
    return runs


def _account(run: Run, prepared: Prepared, config: Config) -> dict[str, Any]:
    return {
        **{name: getattr(config, name) for name in _SETTINGS},
        **account_of_prior(config),
        **account_of_data(run, prepared),
        "model": run.method,
        "regularisations": REGULARISATIONS,
    }


def _result(run: Run, prepared: Prepared, config: Config) -> list[dict[str, Any]]:
    """Trains and tests a run, unless that was done before."""
    if run.result.exists():
        return read_result(run)
    began, dataset = time.monotonic(), prepared.dataset
    inputs = _inputs(dataset, run, config)
    training = _training(dataset, inputs, run)
    machine = train(training, len(dataset.target.classes), run.method)
    tested = machine.predict(inputs[run.division.test])
    _write(run, dataset, machine, inputs, tested)
    seconds = time.monotonic() - began
    write_circumstances(run, dataset, config, seconds)
    entry = {
        **make_entry(run, dataset, config, "last", 0, tested),
        "title": f"{CLASSIFIERS[run.method].title}, {config.features}",
        "deterministic": True,
        "regularisation": machine.regularisation,
        "held_out_uar": machine.held_out_uar,
        "seconds": seconds,
    }
    write_result(run.result, [entry])
    return read_result(run)


def _write(
    run: Run,
    dataset: Dataset,
    machine: Machine,
    inputs: np.ndarray,
    tested: Predictions,
) -> None:
    path: pathlib.Path = run.folder / "predictions.csv"
    write_predictions(path, dataset, run.division.test, {"last": tested})
    write_exhibits(
        run, dataset, lambda _, members: machine.predict(inputs[members]), tested
    )


def _training(dataset: Dataset, inputs: np.ndarray, run: Run) -> Training:
    domains = run.division.domains
    parts = [part for of in domains for part in (of.members, of.altered)]
    members, sizes = np.concatenate(parts), [len(part) for part in parts]
    return Training(
        inputs=inputs[members],
        labels=np.asarray(dataset.store.labels)[members],
        corpora=np.repeat(np.arange(len(sizes)) // 2, sizes),
        speakers=np.array([dataset.speakers[index] for index in members]),
        copies=np.repeat(np.arange(len(sizes)) % 2 == 1, sizes),
    )


def _inputs(dataset: Dataset, run: Run, config: Config) -> np.ndarray:
    """[utterances, features], normalised as --normalization says."""
    rule = NORMALIZATIONS[config.normalization]
    training, prior = np.concatenate(run.division.train), config.normalization_prior
    store = normalize(dataset, rule, training, prior)
    rows = []
    for number, frames in enumerate(dataset.features):
        frames = np.asarray(frames, np.float64)
        if rule is not None:
            frames = (frames - store.shift[number]) * store.scale[number]
        rows.append(_pooled(frames))
    return np.stack(rows)


def _pooled(frames: np.ndarray) -> np.ndarray:
    """A single frame as it is; of several their mean and deviation."""
    if len(frames) == 1:
        return frames[0]
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
