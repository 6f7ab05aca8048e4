"""How a protocol differs from the paper's, in words."""

from collections.abc import Iterator
from typing import NamedTuple

from damldg_jax.emotions import PAPER_EMOTIONS
from experiments.report.protocols import Protocol

_TRIALS = 10
_EPOCHS = 50


class Condition(NamedTuple):
    """A setting of the paper.

    Attributes:
      setting: key of an account.
      value: the paper's.
      words: what is said where it is another, with a place for the value here, and
        maybe one for the number of masks.
    """

    setting: str
    value: object
    words: str


_PAPER = (
    Condition("features", "log_mel", "features are {} instead of log-mel spectrograms"),
    Condition("model", "resnet", "the classifier is '{}' instead of a ResNet-18"),
    Condition("model_depth", 18, "the network is a ResNet-{} instead of a ResNet-18"),
    Condition("model_width", 64, "its first stage has {} channels instead of 64"),
    Condition("crop_seconds", 2.0, "training examples last {} s instead of 2"),
    Condition("augment", True, "examples are not stretched and shifted"),
    Condition("mask_frames", 0.0, "{masks} mask(s) cover up to {} of the frames each"),
    Condition(
        "mask_features", 0.0, "{masks} mask(s) cover up to {} of the features each"
    ),
    Condition("learning_rate", 0.05, "the learning rate is {} instead of 0.05"),
    Condition("momentum", 0.9, "the momentum is {} instead of 0.9"),
    Condition("inner_learning_rate", 0.01, "eta_s is {} instead of 0.01"),
    Condition("second_order", True, "the meta-gradient is of first order"),
    Condition("risk_mean", "domains", "risks are means over {}, not over domains"),
    Condition("domains", "corpora", "domains are {}, not corpora"),
    Condition("normalization", "none", "inputs are normalised: {}"),
    Condition("emotions", list(PAPER_EMOTIONS), "the classes are {}"),
    Condition("target_kind", "emotion", "what is told from speech is {}"),
    Condition("variants", [], "altered copies are trained on too: {}"),
    Condition("balance", "none", "{} of a source are drawn equally often"),
    Condition("label_smoothing", 0.0, "labels are smoothed by {}"),
    Condition("optimizer", "sgd", "the optimiser is {} instead of SGD"),
    Condition("weight_decay", 0.0, "weights decay by {}"),
    Condition("weight_average", "none", "an average of the weights is tested: {}"),
    Condition("margin", "plain", "gamma of DA-MLDG is {} instead of Eq. (3)"),
    Condition("relative_margin", False, "gamma is divided by its running mean"),
    Condition("hold_out_steps", 1, "domains are held out for {} steps in a row"),
)

_OF_RESNETS = ("model_depth", "model_width")


def conditions(protocol: Protocol) -> tuple[str, ...]:
    """In what a protocol differs from the paper's.

    Args:
      protocol: whose runs have accounts.

    Returns:
      A sentence for each difference; those that every run here has come last.
    """
    return tuple(text[0].upper() + text[1:] + "." for text in _texts(protocol))


def _texts(protocol: Protocol) -> Iterator[str]:
    settings = protocol.settings
    for setting, value, words in _PAPER:
        if setting in _OF_RESNETS and settings.get("model", "resnet") != "resnet":
            continue
        if setting in settings and settings[setting] != value:
            given = settings[setting]
            told = ", ".join(map(str, given)) if isinstance(given, list) else given
            yield words.format(told, masks=settings.get("masks"))
    yield from _length(protocol)
    trials = {len(its) for its in _trials(protocol)}
    if trials != {_TRIALS}:
        yield f"{_from_to(trials)} trial(s) instead of ten"
    if "model_depth" in settings and not settings.get("init_from"):
        yield "weights are random at first, in the paper those of speaker recognition"
    fraction = settings.get("validation_fraction")
    # Of what is fused it may be text, if parts have others for the same division.
    if fraction and isinstance(fraction, int | float):
        yield (
            f"{fraction:.0%} of the source speakers are kept for choosing a step and "
            "not trained on; the paper says nothing of such"
        )
    for adaptation in protocol.adapted:
        told = f"{adaptation.adapted} are adapted ({adaptation.title}, transductive)"
        yield f"{told}: {adaptation.meaning}"
    if protocol.transductive and (protocol.transductive_inputs or not protocol.adapted):
        yield "unlabelled recordings of the target normalise the inputs (transductive)"


def _length(protocol: Protocol) -> Iterator[str]:
    epochs = set()
    for run in protocol.runs:
        account = run.account
        if account.get("steps") and account.get("train_utterances"):
            drawn = account["steps"] * account["batch_size"]
            epochs.add(round(drawn / account["train_utterances"]))
    if epochs and epochs != {_EPOCHS}:
        yield f"training lasts {_from_to(epochs)} epochs instead of {_EPOCHS}"


def _trials(protocol: Protocol) -> list[set[int]]:
    found: dict[tuple, set[int]] = {}
    for run in protocol.runs:
        found.setdefault((run.test, run.method), set()).add(run.first["trial"])
    return list(found.values())


def _from_to(numbers: set[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"
