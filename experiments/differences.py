"""Tells in words in what two accounts of a run differ."""

import re
from collections.abc import Mapping
from typing import Any

_DATA, _SIZE = "data", "train_utterances"
# They follow from the data: where these have changed, hashes tell nobody any more.
_FOLLOW = (
    *("split_hash", "training_hash", "validation_speakers", "altered_data"),
    "training_domains",
    _SIZE,
)
# Which copies there are follows from the settings, which are told.
_VARIANTS, _COPIES = "variants", "altered_data"
_HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Tells in what the account that is stored differs from the one that is wanted.

    Args:
      stored: read from ``run.json``.
      wanted: what the command would write there.

    Returns:
      Such as ``"steps 50 -> 7; augment True -> False"``; empty if there is nothing.
    """
    changed = [
        name
        for name in sorted({*stored, *wanted})
        if stored.get(name) != wanted.get(name)
    ]
    corpora = _changed_corpora(stored.get(_DATA), wanted.get(_DATA))
    told = [_of_data(corpora, stored, wanted)] if corpora else []
    follow = (_DATA, *_FOLLOW) if corpora else ()
    follow += (_COPIES,) if _VARIANTS in changed else ()
    told += [
        _short(f"{name} {before} -> {now}")
        for name in changed
        if name not in follow
        for before, now in [_apart(stored.get(name), wanted.get(name))]
    ]
    return "; ".join(told)


def _apart(stored: Any, wanted: Any) -> tuple[Any, Any]:
    """Of two mappings what is not the same in both; of all else, all."""
    if not isinstance(stored, Mapping) or not isinstance(wanted, Mapping):
        return stored, wanted
    same = {n for n, value in stored.items() if n in wanted and wanted[n] == value}
    return tuple(
        {n: value for n, value in of_one.items() if n not in same}
        for of_one in (stored, wanted)
    )


def _changed_corpora(stored: Any, wanted: Any) -> list[str]:
    """Corpora of both accounts whose content is another."""
    if not isinstance(stored, Mapping) or not isinstance(wanted, Mapping):
        return []
    return [n for n in wanted if n in stored and stored[n] != wanted[n]]


def _of_data(
    corpora: list[str], stored: Mapping[str, Any], wanted: Mapping[str, Any]
) -> str:
    names = ", ".join(f"'{name}'" for name in corpora)
    before, now = stored.get(_SIZE), wanted.get(_SIZE)
    size = f"{now} utterances" if before == now else f"{before} -> {now} utterances"
    return f"the recordings or labels of {names} have changed since; {size} to train on"


def _short(text: str) -> str:
    """The same with the first digits of each hash, which tell hashes apart."""
    return _HASH.sub(r"\1...", text)
