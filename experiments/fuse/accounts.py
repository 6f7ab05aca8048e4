"""On what a fused result depends, and under which circumstances its parts came about.

What all parts share is told as of any run. Where they differ, a setting is told once
for each value, ``log_mel+mfcc``, and ``fused`` has those of each directory, so that the
report takes fusions of other parts for other protocols.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from experiments.fuse.directories import FUSION
from experiments.fuse.ensembles import Ensemble, Options, Part
from experiments.fuse.names import joined
from experiments.outputs import PREDICTIONS, plain

_PARTS = "fused"
# Of a run: the same in all parts, which is checked; or told below; or what follows
# from settings, in frames.
_OF_THE_SPLIT = (
    *("train_utterances", "validation_speakers", "split_hash", "training_hash"),
)
_DATA = ("data", "altered_data")
_OF_A_RUN = ("sources", "target", "method", "seed", "title", "crop_frames", *_DATA)
# The length of a training, with which others reckon.
_LENGTHS = ("steps", "batch_size", "evaluate_every")


def account_of(ensemble: Ensemble, options: Options) -> dict[str, Any]:
    """What a fused result depends on.

    Args:
      ensemble: whose parts agree.
      options: by which it is fused.

    Returns:
      The content of its ``run.json``, as JSON has it.
    """
    every = [part.run.account for part in ensemble.parts]
    settings = [_settings(account) for account in every]
    lengths = [{n: a[n] for n in _LENGTHS if n in a} for a in every]
    account = {
        **_shared(settings),
        **(
            lengths[0]
            if _all_alike(lengths)
            else {"schedules": _by_directory(ensemble)}
        ),
        **{name: _first(its.get(name) for its in every) for name in _OF_THE_SPLIT},
        "sources": ensemble.test[1],
        "target": ensemble.test[0],
        "method": ensemble.method,
        "seed": [its.get("seed") for its in every],
        **{
            name: _merged([its.get(name) or {} for its in every])
            for name in _DATA
            if any(name in its for its in every)
        },
        **_fusion(ensemble, options),
        _PARTS: [_unlike(its, settings) for its in _each_once(ensemble.parts)],
        "parts": {part.name: _digest(part) for part in ensemble.parts},
    }
    return json.loads(json.dumps(plain(account)))


def _fusion(ensemble: Ensemble, options: Options) -> dict[str, Any]:
    total = sum(options.weights)
    return {
        FUSION: options.over,
        "fusion_mean": options.mean,
        # By their ratios, in digits that a reader can take in.
        "fusion_weights": [round(weight / total, 6) for weight in options.weights],
        "fused_runs": len(ensemble.parts),
    }


def circumstances_of(ensemble: Ensemble) -> dict[str, Any]:
    """Circumstances of a fused result: those of its parts.

    Args:
      ensemble: whose parts agree.

    Returns:
      The content of its ``circumstances.json``, but for the time that it took.
    """
    every = [part.run.circumstances for part in ensemble.parts]
    first = ensemble.parts[0].run
    return {
        "versions": _merged([its.get("versions") or {} for its in every]),
        "devices": _distinct(x for its in every for x in its.get("devices") or ()),
        "feature_settings": _merged([x.get("feature_settings") or {} for x in every]),
        "initial_weights": _distinct(x.get("initial_weights") for x in every) or None,
        "classes": list(first.classes),
        "synthetic": every[0].get("synthetic") or [],
    }


def differing(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """In which settings parts differ, for results to tell.

    Args:
      parts: of an ensemble.

    Returns:
      Of each part those settings that not all share.
    """
    settings = [_settings(part.run.account) for part in parts]
    return [_unlike(part, settings) for part in parts]


def _settings(account: Mapping[str, Any]) -> dict[str, Any]:
    left_out = {*_OF_A_RUN, *_OF_THE_SPLIT, *_LENGTHS}
    return {name: value for name, value in account.items() if name not in left_out}


def _shared(settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Settings that all have; where values differ, each once, as text."""
    first, *others = settings
    return {
        name: first[name]
        if _all_alike([its[name] for its in settings])
        else joined([_text(its[name]) for its in settings])
        for name in first
        if all(name in its for its in others)
    }


def _unlike(part: Part, settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = _settings(part.run.account)
    return {
        name: value
        for name, value in own.items()
        if any(name not in its or its[name] != value for its in settings)
    }


def _each_once(parts: Sequence[Part]) -> list[Part]:
    """A part of each directory."""
    return [*{part.directory: part for part in reversed(parts)}.values()][::-1]


def _by_directory(ensemble: Ensemble) -> list[list[Any]]:
    once = _each_once(ensemble.parts)
    return [[part.run.account.get(name) for name in _LENGTHS] for part in once]


def _merged(every: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By name the value that all have; where they differ, those of all, each once."""
    names = dict.fromkeys(name for its in every for name in its)
    found = {name: [its.get(name) for its in every] for name in names}
    return {
        name: values[0] if _all_alike(values) else _distinct(values)
        for name, values in found.items()
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value is not None and value not in found:
            found.append(value)
    return found


def _first(values: Iterable[Any]) -> Any:
    """The first that is known."""
    return next((value for value in values if value is not None), None)


def _all_alike(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _digest(part: Part) -> str:
    content = (part.run.folder / PREDICTIONS).read_bytes()
    return hashlib.sha256(content).hexdigest()
