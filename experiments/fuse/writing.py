"""Fuses the parts of an ensemble, and writes what any run leaves."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from damldg_jax.fusion import fuse, places_of
from damldg_jax.reports import CLASS_REPORT
from experiments.adaptations import named
from experiments.fuse.accounts import circumstances_of, differing
from experiments.fuse.agreement import selections
from experiments.fuse.ensembles import Ensemble, Part
from experiments.fuse.names import joined
from experiments.outputs import PREDICTIONS, write_csv, write_json
from experiments.report.predicted import Predicted
from experiments.seals import write_result


def write_ensemble(
    ensemble: Ensemble, mean: str, workdir: pathlib.Path
) -> list[dict[str, Any]]:
    """Fuses, scores and writes an ensemble.

    Energies are none of it: those of other networks are on no common scale.

    Args:
      ensemble: whose parts agree.
      mean: one of ``damldg_jax.fusion.MEANS``.
      workdir: its folder is there, with ``run.json``.

    Returns:
      An entry of ``results.json`` for each selection rule.
    """
    folder, entries = ensemble.folder(workdir), []
    header: list[str] = []
    rows: list[list[str]] = []
    for selection in selections(ensemble.parts):
        said, fused = _fused(ensemble, mean, selection)
        classes = ensemble.parts[0].run.classes
        scores = CLASS_REPORT.score(said.labels, fused)
        identity = _identity(ensemble, selection)
        entries.append({**identity, **CLASS_REPORT.entry(scores, classes)})
        names, *told = CLASS_REPORT.predictions(classes, said.labels, fused)
        header = ["selection", "utterance", "speaker", *names]
        whose = zip(said.utterances, said.speakers, told, strict=True)
        rows += [[selection, name, speaker, *row] for name, speaker, row in whose]
    write_csv(folder / PREDICTIONS, header, rows)
    write_json(folder / "circumstances.json", circumstances_of(ensemble))
    write_result(folder / "result.json", entries)
    return entries


def _fused(
    ensemble: Ensemble, mean: str, selection: str
) -> tuple[Predicted, np.ndarray]:
    """The first part's utterances, and what all say of them [utterances, classes]."""
    first, *others = (part.run.predictions[selection] for part in ensemble.parts)
    names = first.utterances.tolist()
    said = [first.probabilities]
    for other in others:
        said.append(other.probabilities[places_of(names, other.utterances.tolist())])
    weights = [part.weight for part in ensemble.parts]
    return first, fuse(np.stack(said), weights, mean)


def _identity(ensemble: Ensemble, selection: str) -> dict[str, Any]:
    """What an entry tells beside scores."""
    parts = ensemble.parts
    entries = [part.run.entries[selection] for part in parts]
    warnings = [
        f"{p.name}: {x}" for p in parts for x in p.run.first.get("warnings", ())
    ]
    target, sources = ensemble.test
    adapted = [entry.get("adapted", "none") for entry in entries]
    return {
        "scenario": entries[0].get("scenario", ""),
        "sources": list(sources),
        "target": target,
        "method": ensemble.method,
        "trial": ensemble.trial,
        "seed": [entry.get("seed") for entry in entries],
        "selection": selection,
        "step": [entry.get("step") for entry in entries],
        "split_hash": entries[0].get("split_hash"),
        "normalization": joined([e.get("normalization", "none") for e in entries]),
        "transductive": any(entry.get("transductive") for entry in entries),
        **({"adapted": joined(adapted)} if any(map(named, entries)) else {}),
        "title": ensemble.title,
        "deterministic": all(entry.get("deterministic") for entry in entries),
        "fused": _told(parts),
        **({"warnings": warnings} if warnings else {}),
    }


def _told(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {
            "directory": part.directory,
            "method": part.run.method,
            "trial": part.run.first["trial"],
            "weight": part.weight,
            "settings": settings,
        }
        for part, settings in zip(parts, differing(parts), strict=True)
    ]
