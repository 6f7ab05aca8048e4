"""Predictions as a table, CSV or JSON."""

import csv
import io
import json
import math
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from damldg_jax.corpora.files import printable
from damldg_jax.prediction.model import Model
from damldg_jax.prediction.timeline import Timeline
from experiments.predict.recordings import Predicted

Failed = Mapping[pathlib.Path, str]


def show(name: str, model: Model, found: Sequence[Predicted], failed: Failed) -> str:
    """Tells predictions.

    Args:
      name: one of ``FORMATS``.
      model: that made them.
      found: the predictions.
      failed: why others could not be predicted.

    Returns:
      Text that ends with a line break.
    """
    return FORMATS[name](model, found, failed)


def failures(failed: Failed) -> Iterator[str]:
    """Lines that tell which recordings could not be used, and why."""
    if failed:
        word = "recording" if len(failed) == 1 else "recordings"
        yield f"{len(failed)} {word} could not be predicted:"
    for path, reason in failed.items():
        yield f"  {_name(path)}: {reason}"


def _name(path: pathlib.Path) -> str:
    return printable(str(path))


def _table(model: Model, found: Sequence[Predicted], failed: Failed) -> str:
    del failed  # Told on standard error.
    of_classes = bool(found[0].emotion)
    scaled, decimals = (100, 1) if of_classes else (1, 2)
    unit = " %" if of_classes else ""
    header = ["recording", "seconds"]
    header += ["emotion"] * of_classes
    header += [
        *(f"{name}{unit}" for name in model.classes),
        "energy",
        "unlike training",
    ]
    rows = [
        [
            _name(one.path),
            f"{one.seconds:.1f}",
            *([one.emotion] * of_classes),
            *(f"{scaled * one.probabilities[n]:.{decimals}f}" for n in model.classes),
            f"{one.energy:.2f}",
            _unlike(one),
        ]
        for one in found
    ]
    words = {"recording", "emotion", "unlike training"}
    align = ["left" if name in words else "right" for name in header]
    return tabulate(rows, header, disable_numparse=True, colalign=align) + "\n"


def _unlike(one: Predicted) -> str:
    if one.unlike is None:
        return "not known"
    return "UNLIKE" if one.unlike else "no"


def _csv(model: Model, found: Sequence[Predicted], failed: Failed) -> str:
    del failed  # Told on standard error.
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    end = ("energy", "unlike", "distance_rank", "nearest", "windows")
    writer.writerow(["recording", "seconds", "emotion", *model.classes, *end])
    for one in found:
        content = _content(model, one)
        values = [content["values"][name] for name in model.classes]
        start = [content["recording"], content["seconds"], content["emotion"]]
        told = [content[name] for name in end[:4]]
        writer.writerow([*start, *values, *told, len(content["windows"] or [0])])
    return file.getvalue()


def _json(model: Model, found: Sequence[Predicted], failed: Failed) -> str:
    description = model.description
    training = description.training
    content = {
        "model": {
            "target": description.target,
            "trained_on": list(description.domains),
            "synthetic": training.get("synthetic", []),
            "method": training.get("method"),
            "normalization": description.normalization,
        },
        "recordings": [_content(model, one) for one in found],
        "failed": {_name(path): reason for path, reason in failed.items()},
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _content(model: Model, one: Predicted) -> dict[str, Any]:
    known = not math.isnan(one.rank)
    return {
        "recording": _name(one.path),
        "seconds": round(one.seconds, 3),
        "emotion": one.emotion or None,
        "values": _rounded(one.probabilities),
        "energy": round(one.energy, 4),
        "unlike": one.unlike,
        "distance_rank": round(one.rank, 4) if known else None,
        "nearest": one.nearest or None,
        "windows": _windows(one.timeline) if one.timeline else None,
    }


def _windows(timeline: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "start": round(span.start, 3),
            "end": round(span.end, 3),
            "emotion": said.emotion or None,
            "values": _rounded(said.probabilities),
            "energy": round(said.energy, 4),
            "unlike": said.unlike,
        }
        for span, said in zip(*timeline, strict=True)
    ]


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in values.items()}


FORMATS: dict[str, Callable[[Model, Sequence[Predicted], Failed], str]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
}
