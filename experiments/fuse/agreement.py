"""Refuses to fuse runs that were not tested and trained on the same utterances."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.fusion import places_of
from experiments.fuse.ensembles import Ensemble, Part
from experiments.outputs import PREDICTIONS

_SPLIT = (
    "Fuse runs of the same recordings and the same division of speakers: give all "
    "trainings the same --split_seed, --validation_fraction and --test_fraction, and "
    "no --vary_split."
)
# What an account says of the division, and what is to be done where it differs.
_ACCOUNT = (
    ("split_hash", _SPLIT),
    ("training_hash", _SPLIT),
    ("validation_speakers", _SPLIT),
    ("target_kind", "Fuse runs that tell the same from speech."),
    ("emotions", "Give all trainings the same --emotions."),
    ("excitement_as_happiness", "Give it to all trainings, or to none."),
)


def check(ensemble: Ensemble, mix_transductive: bool) -> None:
    """Refuses an ensemble whose parts do not agree.

    Args:
      ensemble: to be fused.
      mix_transductive: whether transductive parts may be fused with others.

    Raises:
      InputError: two parts are of other data, or are the same run; it names both, what
        differs and the remedy.
    """
    first, *others = ensemble.parts
    for other in others:
        _check_accounts(first, other)
        _check_data(first, other)
        if not mix_transductive:
            _check_inputs(first, other)
        for selection in selections(ensemble.parts):
            _check_predictions(first, other, selection)
    _check_twins(ensemble.parts)


def selections(parts: Sequence[Part]) -> tuple[str, ...]:
    """Selection rules that all parts have: the last with the last, the best likewise.

    Args:
      parts: of an ensemble.

    Returns:
      Of ``"last"`` and ``"best"``.

    Raises:
      InputError: there is none.
    """
    first, *others = parts
    found = tuple(
        s for s in first.run.entries if all(s in p.run.entries for p in others)
    )
    if not found:
        told = ", ".join(f"{p.name} has {'+'.join(p.run.entries)}" for p in parts)
        raise InputError(f"No selection rule is in all that is to be fused: {told}.")
    return found


def _check_accounts(first: Part, other: Part) -> None:
    for name, remedy in _ACCOUNT:
        ours, theirs = (part.run.account.get(name) for part in (first, other))
        # Earlier versions, and other methods, told none of some.
        if ours is not None and theirs is not None and ours != theirs:
            raise _unlike(first, other, "run.json", name, ours, theirs, remedy)
    if first.run.classes != other.run.classes:
        remedy = "Fuse runs with the same classes in the same order."
        told = (list(part.run.classes) for part in (first, other))
        raise _unlike(first, other, "result.json", "classes", *told, remedy)


def _check_data(first: Part, other: Part) -> None:
    told = [part.run.circumstances.get("synthetic") or [] for part in (first, other)]
    if told[0] != told[1]:
        remedy = "Real and generated recordings are never fused."
        raise _unlike(first, other, "circumstances.json", "synthetic", *told, remedy)
    ours, theirs = (_hashes(part) for part in (first, other))
    for corpus in sorted(ours.keys() & theirs.keys()):
        (features, mine), (others, its) = ours[corpus], theirs[corpus]
        if features == others and mine != its:
            name = f"data of {corpus}"
            remedy = "Its recordings or labels are others: train both on the same ones."
            raise _unlike(first, other, "run.json", name, mine, its, remedy)


def _hashes(part: Part) -> dict[str, tuple[Any, str]]:
    """Features and hash of the records of each corpus whose features are known.

    Of a function of the user's, whose name has a colon, settings do not tell all.
    """
    features = part.run.circumstances.get("feature_settings") or {}
    return {
        corpus: (features[corpus], content)
        for corpus, content in (part.run.account.get("data") or {}).items()
        if corpus in features and ":" not in features[corpus].get("name", "")
    }


def _check_inputs(first: Part, other: Part) -> None:
    told = [part.run.first.get("normalization", "none") for part in (first, other)]
    ours, theirs = (bool(p.run.first.get("transductive")) for p in (first, other))
    if ours != theirs:
        remedy = (
            "What is fused of both has seen unlabelled utterances of the target "
            "together. Say by --mix_transductive that it may."
        )
        name = "normalization"
        adapted = [part.run.first.get("adapted", "none") for part in (first, other)]
        if adapted[0] != adapted[1]:
            name, told = "adapted", adapted
        raise _unlike(first, other, "result.json", name, *told, remedy)


def _check_predictions(first: Part, other: Part, selection: str) -> None:
    ours, theirs = (part.run.predictions[selection] for part in (first, other))
    try:
        places = places_of(ours.utterances.tolist(), theirs.utterances.tolist())
    except ValueError as error:
        raise InputError(
            f"{_both(first, other)} were not tested on the same utterances: {error} "
            f"({PREDICTIONS}, {selection}). {_SPLIT}"
        ) from error
    labels = [
        np.array(p.run.classes)[x.labels] for p, x in _said(first, other, selection)
    ]
    for name, mine, its in (
        ("label", labels[0], labels[1][places]),
        ("speaker", ours.speakers, theirs.speakers[places]),
    ):
        if unlike := np.flatnonzero(mine != its).tolist():
            at = unlike[0]
            what = f"the {name} of {ours.utterances[at]}"
            remedy = f"Label the recordings alike; {len(unlike)} utterance(s) differ."
            raise _unlike(first, other, PREDICTIONS, what, mine[at], its[at], remedy)


def _said(first: Part, other: Part, selection: str) -> list[tuple[Part, Any]]:
    return [(part, part.run.predictions[selection]) for part in (first, other)]


def _check_twins(parts: Sequence[Part]) -> None:
    seen: dict[str, Part] = {}
    for part in parts:
        key = json.dumps([part.run.account, part.run.versions], sort_keys=True)
        if key in seen:
            raise InputError(
                f"{_both(seen[key], part)} are the same run by their settings. Name "
                "one of both directories; a directory counts more by --weights."
            )
        seen[key] = part


def _unlike(
    first: Part,
    other: Part,
    file: str,
    name: str,
    ours: object,
    theirs: object,
    remedy: str,
) -> InputError:
    return InputError(
        f"{_both(first, other)} differ: {name} is {_brief(ours)} in the first and "
        f"{_brief(theirs)} in the second ({file}). {remedy}"
    )


def _both(first: Part, other: Part) -> str:
    return f"{first.run.folder} and {other.run.folder}"


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
