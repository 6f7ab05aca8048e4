"""Which runs may be averaged: those of one protocol.

A protocol is everything on which numbers depend but for the split, the method and the
seed: settings, versions, features, and the data of each corpus.
"""

import dataclasses
import json
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from damldg_jax.normalization import NORMALIZATIONS
from experiments.adaptations import Adaptation, named
from experiments.report import published
from experiments.report.run_folders import RunRecord

# What an account says of a run beside the protocol: which it is, and what follows from
# its split.
_OF_THE_RUN = {
    *("sources", "target", "method", "seed", "title", "parts"),
    *("steps", "batch_size", "evaluate_every", "schedules", "crop_frames"),
    *("train_utterances", "validation_speakers", "split_hash", "training_hash"),
    *("data", "altered_data", "training_domains"),
}
# Must agree where two runs have the same sources.
_OF_THE_SOURCES = ("steps", "batch_size", "evaluate_every", "schedules")


@dataclasses.dataclass
class Protocol:
    """Runs that may be averaged.

    Attributes:
      letter: names it to the reader: A, B and so on.
      settings: that all its runs share, versions among them.
      runs: sorted by folder.
      facts: what is known of its corpora and sources: data, features, length.
    """

    letter: str
    settings: Mapping[str, Any]
    runs: list[RunRecord]
    facts: dict[str, Any]

    def takes(self, run: RunRecord) -> bool:
        """Whether a run agrees with all that is known."""
        found = dict(_facts(run))
        return self.settings == settings_of(run) and all(
            self.facts.get(name, value) == value for name, value in found.items()
        )

    def take(self, run: RunRecord) -> None:
        """Adds a run."""
        self.runs.append(run)
        self.facts |= dict(_facts(run))

    @property
    def methods(self) -> dict[str, str]:
        """Titles of its methods, by name; those of the paper first, in its order."""
        titles = {run.method: run.title for run in self.runs}
        first = [name for name in published.METHODS if name in titles]
        return {name: titles[name] for name in dict.fromkeys([*first, *titles])}

    @property
    def transductive(self) -> bool:
        """Whether unlabelled recordings of the target had a part in its results."""
        return bool(self.runs[0].first.get("transductive"))

    @property
    def adapted(self) -> list[Adaptation]:
        """What was adapted to them, beside its inputs."""
        return named(self.runs[0].first)

    @property
    def transductive_inputs(self) -> bool:
        """Whether they normalised its inputs."""
        rules = str(self.runs[0].first.get("normalization")).split("+")
        known = [NORMALIZATIONS.get(name) for name in rules]
        return any(rule is not None and rule.transductive for rule in known)


def transductive_kind(protocols: Sequence[Protocol]) -> str:
    """Completes a title by that in which the target had a part.

    Args:
      protocols: all that have a part in what the title is of.

    Returns:
      Such as ``", TRANSDUCTIVE inputs"``; nothing if none of them is.
    """
    protocols = [protocol for protocol in protocols if protocol.transductive]
    if not protocols:
        return ""
    kinds = {a.adapted for protocol in protocols for a in protocol.adapted}
    # Runs of an earlier version did not tell in what.
    if not kinds or any(protocol.transductive_inputs for protocol in protocols):
        kinds.add("inputs")
    return f", TRANSDUCTIVE {', '.join(sorted(kinds))}"


def settings_of(run: RunRecord) -> dict[str, Any]:
    """What a run's account and circumstances say of its protocol."""
    return {
        **{n: value for n, value in run.account.items() if n not in _OF_THE_RUN},
        **{f"version of {name}": version for name, version in run.versions.items()},
        "transductive": bool(run.first.get("transductive")),
    }


def sort_by_protocol(runs: Sequence[RunRecord]) -> list[Protocol]:
    """Puts runs together that may be averaged.

    Args:
      runs: sorted; each joins the first protocol that it agrees with.

    Returns:
      The protocols, that of most runs first.
    """
    protocols: list[Protocol] = []
    for run in runs:
        for protocol in protocols:
            if protocol.takes(run):
                protocol.take(run)
                break
        else:
            protocols.append(Protocol("", settings_of(run), [], {}))
            protocols[-1].take(run)
    protocols.sort(key=lambda protocol: -len(protocol.runs))
    for number, protocol in enumerate(protocols):
        protocol.letter = _letter(number)
    return protocols


def differences(protocols: Sequence[Protocol]) -> list[tuple[str, ...]]:
    """In what protocols differ.

    Args:
      protocols: two or more.

    Returns:
      Rows of a name and the value in each protocol.
    """
    every = [{**protocol.settings, **protocol.facts} for protocol in protocols]
    names = dict.fromkeys(name for of_one in every for name in of_one)
    rows, lacking = [], [0] * len(every)
    for name in names:
        values = [_brief(of_one[name]) if name in of_one else "-" for of_one in every]
        stated = {value for value in values if value != "-"}
        if len(stated) > 1:
            rows.append((name, *values))
        elif name in _stated_by(protocols):
            # Networks have settings that other methods know nothing of.
            lacking = [n + (v == "-") for n, v in zip(lacking, values, strict=True)]
    if any(lacking):
        rows.append(("settings that others have", *(f"{n} lack" for n in lacking)))
    return rows


def _stated_by(protocols: Sequence[Protocol]) -> set[str]:
    """Settings that any protocol has; corpora not used are no difference."""
    return {name for protocol in protocols for name in protocol.settings}


def _facts(run: RunRecord) -> Iterator[tuple[str, Any]]:
    features = run.circumstances.get("feature_settings") or {}
    for corpus, value in (run.account.get("data") or {}).items():
        yield f"data of {corpus}", value
    for corpus, value in (run.account.get("altered_data") or {}).items():
        yield f"data of {corpus}", value
    for corpus, value in features.items():
        yield f"features of {corpus}", value
    sources, account = "+".join(run.test[1]), run.account
    if account.get("vary_split") and account.get("train_utterances"):
        # Each trial has training utterances of its own: an epoch is what they share.
        # What is fused of runs of other lengths has none.
        if account.get("steps"):
            drawn = account["steps"] * account["batch_size"]
            epochs = round(drawn / account["train_utterances"])
            yield f"epochs with sources {sources}", epochs
        return
    for name in _OF_THE_SOURCES:
        if account.get(name) is not None:
            yield f"{name} with sources {sources}", account[name]


def _letter(number: int) -> str:
    letters = string.ascii_uppercase
    before, place = divmod(number, len(letters))
    return (_letter(before - 1) if before else "") + letters[place]


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
