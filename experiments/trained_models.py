"""Writes the models that a run has come to, each a file that needs no other."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.evaluation import Predictions
from damldg_jax.normalization import NORMALIZATIONS, prior_of
from damldg_jax.prediction.description import Description
from damldg_jax.prediction.familiarity import Reference, Seen, make_reference
from damldg_jax.prediction.model_file import Contents, encode
from damldg_jax.prediction.places import place
from damldg_jax.types import BatchStats, Params
from experiments.circumstances import versions
from experiments.config import Config
from experiments.exhibits import Members, sources_of
from experiments.outputs import plain, write_bytes
from experiments.programs import Programs
from experiments.runs import Run
from experiments.unseen import seen_in

# Of each corpus and side: enough for a covariance and for the quantiles of a distance.
_UTTERANCES = 200
_SIDES = ("train", "validation")


class Trained(NamedTuple):
    """What a rule of selection has chosen.

    Attributes:
      params: theta, in host memory.
      batch_stats: statistics to evaluate with, likewise.
      step: after which they were taken.
    """

    params: Params
    batch_stats: BatchStats
    step: int


def write_models(
    run: Run,
    programs: Programs,
    chosen: Mapping[str, Trained],
    entries: Mapping[str, Mapping[str, Any]],
    look: Callable[[str, str, np.ndarray], Predictions],
) -> None:
    """Writes the model of each rule of selection.

    Args:
      run: that is tested.
      programs: with its data and settings.
      chosen: what each rule has chosen.
      entries: what ``results.json`` tells of each.
      look: ``(selection, corpus, its utterances [n]) -> Predictions``.
    """
    for selection, trained in chosen.items():
        shift, scale, prior_frames = _learnt(run, programs)
        contents = Contents(
            describe(run, programs, entries[selection]),
            trained.params,
            trained.batch_stats,
            shift,
            scale,
            _reference(run, lambda name, places, s=selection: look(s, name, places)),
            prior_frames,
        )
        write_bytes(place(run.folder, selection), encode(contents))


def describe(run: Run, programs: Programs, entry: Mapping[str, Any]) -> Description:
    """What is to be known of a run's model.

    Args:
      run: that is tested.
      programs: with its data and settings.
      entry: what ``results.json`` tells of it.

    Returns:
      The description.
    """
    dataset, config = programs.dataset, programs.config
    features, target = config.extractor, dataset.target
    return Description(
        features=features.settings(run.split.sources[0]),
        network=config.network,
        network_settings=_as_json(config),
        num_features=features.num_features,
        channels=features.channels,
        silence=programs.windowing.silence,
        min_frames=programs.windowing.num_frames,
        normalization=config.normalization,
        target=target.kind,
        classes=list(target.classes),
        dimension_bins=None if target.phrases else config.dimension_bins,
        domains=list(run.split.sources),
        training={**_account(run, programs), "tested": plain(entry)},
    )


def _as_json(config: Config) -> dict[str, Any]:
    settings = dataclasses.asdict(config.network_settings)
    # In parts a batch is only trained.
    return settings | {
        "hidden_units": list(config.hidden_units),
        "micro_batches": 1,
        "remat": False,
    }


def _account(run: Run, programs: Programs) -> dict[str, Any]:
    dataset, config = programs.dataset, programs.config
    return {
        "method": run.method,
        "seed": run.seed,
        "seen": seen_in(run, config, programs.initial_weights),
        "class_of_emotion": dict(dataset.target.mapping),
        "utterances": sum(map(len, run.division.train)),
        "counts": {n: dict(dataset.corpora[n].counts) for n in run.split.sources},
        "synthetic": [n for n in run.split.sources if n in dataset.synthetic],
        "validation_speakers": {n: list(s) for n, s in run.division.speakers.items()},
        "crop_seconds": config.crop_seconds,
        "augment": config.augment,
        "mask_frames": config.mask_frames,
        "mask_features": config.mask_features,
        "masks": config.masks,
        "learning_rate": config.learning_rate,
        "batch_size": config.batch_size,
        "versions": versions(),
        **_began_with(programs.initial_weights),
    }


def _began_with(account: Mapping[str, Any] | None) -> dict[str, Any]:
    """Which weights a run began with, without the names of all their tensors."""
    if account is None:
        return {}
    return {"initial_weights": {n: account[n] for n in ("file", "format", "sha256")}}


def _learnt(
    run: Run, programs: Programs
) -> tuple[np.ndarray | None, np.ndarray | None, float | None]:
    """What training has fixed of the normalisation: the same for any utterance.

    Or what is to be believed of a speaker or corpus that has not been heard.
    """
    config, training = programs.config, np.concatenate(run.division.train)
    rule = NORMALIZATIONS[config.normalization]
    prior = prior_of(programs.dataset, rule, training, config.normalization_prior)
    if prior is not None:
        return prior.shift, prior.inverse_deviation, prior.frames
    if rule is None or not rule.learnt:
        return None, None, None
    store = programs.placement.local_store(run.division)
    anyone = int(run.division.train[0][0])
    return np.asarray(store.shift[anyone]), np.asarray(store.scale[anyone]), None


def _reference(
    run: Run, look: Callable[[str, np.ndarray], Predictions]
) -> Reference | None:
    domains = {}
    for name, members in sources_of(run.division, run.split.sources).items():
        some = _some_of_each_side(name, members)
        seen = look(name, some.indices)
        domains[name] = Seen(seen.embedding, seen.energy, some.sides == "train")
    return make_reference(domains)


def _some_of_each_side(name: str, members: Members) -> Members:
    sides = [members.take(np.flatnonzero(members.sides == s)) for s in _SIDES]
    drawn = [side.take(side.draw(name, _UTTERANCES)) for side in sides]
    return Members(*(np.concatenate(column) for column in zip(*drawn, strict=True)))
