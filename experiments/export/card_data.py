"""The data of a model card: corpora, languages, emotions, speakers and licences."""

from collections.abc import Mapping
from typing import Any

from damldg_jax.corpora import CORPORA
from damldg_jax.prediction.description import Description
from experiments.export.card_figures import Tested
from experiments.report.document import Section, Table

_UNKNOWN = "as its owner says"


def data_section(described: Description, tested: Tested | None) -> Section:
    """Tells what the model was trained and tested on.

    Args:
      described: what the model's file says.
      tested: the run that it comes from, or None.

    Returns:
      The section.
    """
    training = described.training
    rows = [
        (name, "source", *_declared(name, training), *_numbers(name, training))
        for name in described.domains
    ]
    entry = training.get("tested")
    target = entry.get("target") if isinstance(entry, Mapping) else None
    if target and target not in described.domains:
        speakers = str(len({*tested.predicted.speakers})) if tested else "-"
        size = f"{entry.get('num_utterances', '-')} to test"
        target = str(target)
        rows.append((target, "target", *_declared(target, training), size, speakers))
    table = Table(
        "corpora",
        "Corpora",
        ("corpus", "part", "language", "licence", "utterances", "speakers held out"),
        tuple(rows),
        notes=(
            "Utterances are those of the corpus with a label that counts. Of a source "
            "the speakers held out chose the step and were not trained on; the target "
            "was not trained on at all.",
            "A licence binds who uses the recordings; whether it reaches a model that "
            "was trained on them is for the user to settle. Licences are as known when "
            "this program was written: see the corpora's own terms.",
        ),
    )
    return Section("Data", tables=(table, *_emotions(training)))


def _declared(name: str, training: Mapping[str, Any]) -> tuple[str, str]:
    """Language and licence."""
    if corpus := CORPORA.get(name):
        return corpus.language, corpus.licence
    if name.startswith("synth_") or name in (training.get("synthetic") or ()):
        return "none (synthetic)", "made by this program"
    return _UNKNOWN, _UNKNOWN


def _numbers(name: str, training: Mapping[str, Any]) -> tuple[str, str]:
    """Utterances of each emotion, and speakers that were held out."""
    counts, speakers = (
        _of(training, "counts", name),
        _of(training, "validation_speakers", name),
    )
    told = "-"
    if isinstance(counts, Mapping) and counts:
        told = ", ".join(f"{emotion} {number}" for emotion, number in counts.items())
    held_out = ", ".join(map(str, speakers)) if isinstance(speakers, list) else ""
    return told, held_out or "-"


def _of(training: Mapping[str, Any], key: str, name: str) -> Any:
    found = training.get(key)
    return found.get(name) if isinstance(found, Mapping) else None


def _emotions(training: Mapping[str, Any]) -> tuple[Table, ...]:
    mapping = training.get("class_of_emotion")
    if not isinstance(mapping, Mapping) or not mapping:
        return ()
    rows = tuple((str(emotion), str(of)) for emotion, of in mapping.items())
    title = "Emotions of the corpora, and what the model calls them"
    return (Table("emotions", title, ("emotion", "class"), rows),)
