"""The model card: what a model is, how good, and what it must not be used for.

Its parts are those of Mitchell et al. 2019, "Model cards for model reporting"
(https://arxiv.org/abs/1810.03993), with what domain shift adds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.prediction.description import Description
from experiments.adaptations import named
from experiments.export.card_data import data_section
from experiments.export.card_figures import (
    Tested,
    figures_section,
    shift_section,
    warnings_of,
)
from experiments.export.formats import DOCS, FORMATS
from experiments.report.document import Section, Table
from experiments.report.writing import markdown

_USE = (
    "For research on speech emotion recognition: to compare methods, to study how far "
    "a model carries from some corpora to another, and to look at single recordings "
    "of the kinds it was trained on, where a mistake harms nobody.",
)
_NOT_FOR = (
    "To recognise emotions of people in employment: hiring, assessing, monitoring or "
    "dismissing them.",
    "To do so in education: of pupils, students or candidates.",
    "To do so in policing, at borders, in courts or prisons, or to tell whether "
    "somebody lies.",
    "To decide on credit, insurance, benefits or treatment, to diagnose, or to "
    "influence somebody by how they seem to feel.",
    "For anything at all about people who do not know of it and have not agreed.",
)
_LAW = (
    "Acted speech is not felt emotion. Most corpora of this field are acted: the model "
    "tells which emotion an utterance would be taken for by the conventions of those "
    "recordings, and not what somebody feels.",
    "In the European Union, Article 5(1)(f) of Regulation (EU) 2024/1689 (AI Act) "
    "prohibits systems that infer emotions of people at the workplace and in "
    "education, except for medical or safety reasons; other systems that recognise "
    "emotions from biometric data, the voice among them, are high-risk by its Annex "
    "III, and people must be told of them (Article 50). This is no legal advice; other "
    "laws, on data protection among them, apply as well.",
)
_LIMITS = (
    "Scores hold for the corpus that the model was tested on. On others they are "
    "mostly worse, and nobody knows by how much before they are measured.",
    "Languages, ages, accents, microphones and rooms that the sources lack were never "
    "heard. Speakers are few, mostly adult, and often actors.",
    "Everything is called one of the classes, what expresses none of them too.",
    "Probabilities are no better calibrated than the figures say, and on other "
    "recordings less well.",
    "StableHLO and ONNX take 16 kHz mono, full scale 1, and refuse nothing: silence, "
    "noise and clipped sound get probabilities as well. Whether a recording is unlike "
    "all that was trained on, damldg_jax tells and they do not.",
)
_CITATION = (
    "King Gandhi, V. Tsouvalas and N. Meratnia, On applicability of Meta-Learning to "
    "Speech Emotion Recognition, PerCom Workshops 2023, "
    "doi 10.1109/PerComWorkshops53856.2022.9767445. Cite the corpora as their authors "
    "ask.",
)

# A card is passed on without the documents of the program. Written as it is, as signs
# that are escaped would break the links.
_READ_ON = f"""
## Read on

- [Intervals: how they are drawn, and what they allow for]({DOCS}/statistics.md)
- [What is called unlike the training]({DOCS}/prediction.md)
- [How each file is used]({DOCS}/export.md)
"""


def model_card(
    described: Description,
    tested: Tested | None,
    formats: Sequence[str],
    min_samples: int = 0,
) -> str:
    """Writes the card of a model.

    Args:
      described: what the model's file says of it; names in it are escaped.
      tested: the run that it comes from; None if there is none at hand.
      formats: keys of ``FORMATS`` that lie beside the card.
      min_samples: that waveforms have at least where a format takes them.

    Returns:
      Markdown.
    """
    sections = (
        _model(described),
        Section("Intended use", _USE),
        Section("It must not be used for", points=_NOT_FOR),
        Section("What it does not tell, and the law", _LAW),
        data_section(described, tested),
        _protocol(described),
        figures_section(described, tested),
        shift_section(tested),
        Section("Limits", points=(*warnings_of(tested), *_LIMITS)),
    )
    title = f"Model card: {method_title(described)}, {described.target}"
    text = markdown(title, sections, "")
    cited = markdown("", [Section("Citation", _CITATION)], "")
    files = _files(formats, min_samples)
    return text + files + cited.removeprefix("# \n") + _READ_ON


def method_title(described: Description) -> str:
    """The method that a model was trained by, as tables name it."""
    name = described.training.get("method")
    if not isinstance(name, str):
        return "unknown method"
    return ALGORITHMS[name].title if name in ALGORITHMS else name


def _model(described: Description) -> Section:
    settings, training = described.network_settings, described.training
    size = f"depth {settings['depth']}, width {settings['width']}, " * (
        described.network == "resnet"
    )
    if NETWORKS[described.network].has_blocks:
        size = f"{settings['blocks']} block(s), "
    versions = training.get("versions")
    known = versions if isinstance(versions, Mapping) else {}
    rows = (
        ("tells", f"{described.target}: {', '.join(described.classes)}"),
        ("trained by", f"{method_title(described)}, seed {training.get('seed')}"),
        ("network", f"{described.network}, {size}{settings['compute_dtype']}"),
        ("features", _features(described)),
        ("began with", _initial_weights(training.get("initial_weights"))),
        ("inputs normalised by", _normalised(described)),
        ("shortest input", f"{described.min_frames} frames; padded with silence"),
        ("versions", ", ".join(f"{n} {v}" for n, v in known.items() if v) or "unknown"),
    )
    told = ()
    if synthetic := training.get("synthetic"):
        told = (
            f"TRAINED ON SYNTHETIC CORPORA ({_joined(synthetic)}): it shows that the "
            "software works, and nothing else.",
        )
    return Section("Model", told, tables=(Table("model", "Model", ("", ""), rows),))


def _features(described: Description) -> str:
    """Their name, and of a pretrained encoder which numbers of which weights."""
    told = described.features
    if "weights" not in told:
        return str(told["name"])
    layers = told.get("layers")
    # A stranger may have written it.
    layers = ", ".join(map(str, layers)) if isinstance(layers, list) else "unknown"
    return (
        f"{told['name']}, {told.get('output')} of layer {layers}; weights with the "
        f"SHA-256 {told['weights']}, which are no part of the model"
    )


def _initial_weights(given: object) -> str:
    if not isinstance(given, Mapping):
        return "random weights"
    return f"{given.get('file')} ({given.get('format')}), SHA-256 {given.get('sha256')}"


def _normalised(described: Description) -> str:
    rule = NORMALIZATIONS[described.normalization]
    return f"mean and deviation of {rule.meaning}" if rule else "nothing"


def _protocol(described: Description) -> Section:
    entry = entry_of(described)
    rule = NORMALIZATIONS[described.normalization]
    took_part = rule is not None and rule.transductive
    unseen = "none of its recordings took any part in training"
    if took_part:
        unseen = "its recordings, without labels, normalised each other (TRANSDUCTIVE)"
    if entry.get("target") in described.domains:
        unseen = "the same corpus, of which other speakers were trained on"
    if named(entry):
        unseen += "; those of its test, without labels, adapted what was tested"
    points = (
        f"Sources: {_joined(described.domains)}.",
        f"Target: {entry.get('target', 'unknown')}; {unseen}.",
        f"Selection: the {entry.get('selection', 'unknown')} step, number "
        f"{entry.get('step', 'unknown')}. The best step is that of the highest score "
        "on speakers of the sources that were kept for validation; the target has no "
        "part in it.",
        f"Trained on {described.training.get('utterances', 'an unknown number of')} "
        "utterances. One seed: another would have given another model.",
    )
    return Section("Protocol", points=points)


def entry_of(described: Description) -> Mapping[str, Any]:
    """What ``results.json`` told of the model; empty where it is not known."""
    entry = described.training.get("tested")
    return entry if isinstance(entry, Mapping) else {}


def _joined(names: Any) -> str:
    return ", ".join(map(str, names)) if isinstance(names, list | tuple) else str(names)


def _files(formats: Sequence[str], min_samples: int) -> str:
    lines = ["## Files, and how to load them\n"]
    if "stablehlo" in formats or "onnx" in formats:
        lines.append(
            "Waveforms are float32 [batch, samples], mono, 16 kHz, full scale 1, with "
            f"at least {min_samples} samples; `lengths`, int32 [batch], says how many "
            "of them are a recording's own. What follows these does not count, so that "
            "recordings of several lengths go together. One shorter than 400 samples "
            "gets NaN.\n"
        )
    for name in formats:
        row = FORMATS[name]
        code = row.loading.replace("{samples}", str(min_samples))
        lines.append(f"`{row.file}`: {row.what}\n\n```python\n{code}```\n")
    return "\n" + "\n".join(lines)
