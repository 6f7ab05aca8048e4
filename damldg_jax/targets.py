"""What is to be told from speech: emotions, arousal, valence, dimensions, speakers.

The sorting of emotions into two classes of arousal and of valence is how corpora of
different emotions are made comparable: Schuller et al. 2009, "Acoustic emotion
recognition: a benchmark comparison of performances" (ASRU, doi
10.1109/ASRU.2009.5372886), and Schuller et al. 2010, "Cross-corpus acoustic emotion
recognition: variances and strategies" (doi 10.1109/T-AFFC.2010.8). As for the acted
corpora of these papers, anger, fear, happiness and surprise are high in arousal, and
boredom, disgust, neutral and sadness low; happiness, neutral and surprise are positive,
and the other five negative. All else is placed by us, by analogy: calm beside neutral,
excitement beside happiness, frustration beside anger, contempt beside disgust in
valence. How aroused contempt is we do not know, and ``other`` and ``undecided`` have no
place at all: they are left out.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

from damldg_jax.corpora.pictures import DIGIT_CLASSES, PACS_CLASSES
from damldg_jax.emotions import PAPER_EMOTIONS, parse_emotions
from damldg_jax.errors import InputError
from damldg_jax.labelling import (
    DIMENSIONS,
    Annotated,
    Labelled,
    Scale,
    label_classes,
    label_dimensions,
)
from damldg_jax.objectives import (
    DIMENSION_LOSSES,
    Objective,
    class_objective,
    dimensions,
)
from damldg_jax.reports import (
    BINARY_REPORT,
    CLASS_REPORT,
    SPEAKER_REPORT,
    Report,
    dimension_report,
)
from damldg_jax.speakers import MIN_UTTERANCES, label_speakers, speakers_of

_HIGH = ("anger", "fear", "happiness", "surprise", "excitement", "frustration")
_LOW = ("boredom", "disgust", "neutral", "sadness", "calm")
_POSITIVE = ("happiness", "neutral", "surprise", "calm", "excitement")
_NEGATIVE = (
    *("anger", "boredom", "disgust", "fear", "sadness"),
    *("frustration", "contempt"),
)


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What a user asks of a target.

    Attributes:
      emotions: that take part, where emotions are sorted into classes.
      excitement_as_happiness: whether both count as one, as in much work on IEMOCAP.
      dimension_loss: one of ``DIMENSION_LOSSES``.
      dimension_bins: over which each dimension is a distribution.
      scales: lowest and highest value of dimensions, by corpus.
      scale: that of all other corpora.
      min_utterances: of a speaker, where speakers are told apart; who has fewer is left
        out.
      label_smoothing: probability that the loss of classes spreads over all of them.
    """

    emotions: tuple[str, ...] = PAPER_EMOTIONS
    excitement_as_happiness: bool = False
    dimension_loss: str = "ccc"
    dimension_bins: int = 11
    scales: Mapping[str, Scale] = dataclasses.field(default_factory=dict)
    scale: Scale = (1.0, 5.0)
    min_utterances: int = MIN_UTTERANCES
    label_smoothing: float = 0.0


@dataclasses.dataclass(frozen=True)
class Target:
    """What is told from speech, how it is labelled, learnt and scored.

    Attributes:
      kind: key of the table.
      classes: names of the classes, or of the dimensions.
      phrases: what an utterance of each class is said to be of; empty without classes.
      mapping: the class of each emotion that takes part; empty without classes.
      label: ``(corpus, its utterances) -> Labelled``.
      num_outputs: of a network.
      objective: what these outputs mean.
      report: how results are told.
      description: of the target in a sentence; empty where the classes are emotions.
      notices: what the user should know whatever the corpora.
      settle: ``utterances of each corpus -> Target``, the target itself, where the
        classes are known from these alone; None where they are known before.
    """

    kind: str
    classes: tuple[str, ...]
    phrases: tuple[str, ...]
    mapping: Mapping[str, str]
    label: Callable[[str, Sequence[Annotated]], Labelled]
    num_outputs: int
    objective: Objective
    report: Report
    description: str = ""
    notices: tuple[str, ...] = ()
    settle: Callable[[Mapping[str, Sequence[Annotated]]], "Target"] | None = None


def emotion_target(wishes: Wishes) -> Target:
    """Each emotion is a class, in the order given."""
    emotions = parse_emotions(wishes.emotions)
    mapping, notices = _with_excitement({word: word for word in emotions}, wishes)
    return Target(
        kind="emotion",
        classes=emotions,
        phrases=emotions,
        mapping=mapping,
        label=functools.partial(label_classes, emotions, emotions, mapping),
        num_outputs=len(emotions),
        objective=class_objective(wishes.label_smoothing),
        report=CLASS_REPORT,
        description=" ".join(notices),
        notices=notices,
    )


def binary_target(
    kind: str, sides: Mapping[str, Sequence[str]], wishes: Wishes
) -> Target:
    """Emotions are sorted into two classes.

    Args:
      kind: what the classes are of.
      sides: the classes and the emotions that belong to each.
      wishes: which emotions take part.

    Returns:
      The target.

    Raises:
      InputError: all emotions that take part are of one class.
    """
    mapping, notices = _sorted_emotions(kind, sides, wishes)
    members = {side: [w for w in mapping if mapping[w] == side] for side in sides}
    described = "; ".join(f"{side} = {', '.join(members[side])}" for side in sides)
    classes, phrases = tuple(sides), tuple(f"{side} {kind}" for side in sides)
    return Target(
        kind=kind,
        classes=classes,
        phrases=phrases,
        mapping=mapping,
        label=functools.partial(label_classes, classes, phrases, mapping),
        num_outputs=len(classes),
        objective=class_objective(wishes.label_smoothing),
        report=BINARY_REPORT,
        description=f"Classes of {kind}: {described}.",
        notices=notices,
    )


def _sorted_emotions(
    kind: str, sides: Mapping[str, Sequence[str]], wishes: Wishes
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The side of each emotion that takes part, and what the user should know."""
    places = {word: side for side, words in sides.items() for word in words}
    emotions = parse_emotions(wishes.emotions)
    mapping = {word: places[word] for word in emotions if word in places}
    if len(set(mapping.values())) < len(sides):
        choices = "; ".join(f"{side}: {', '.join(sides[side])}" for side in sides)
        raise InputError(
            f"With --emotions={','.join(emotions)} there are not both classes of "
            f"{kind} to tell apart. Choose emotions of both ({choices})."
        )
    mapping, notices = _with_excitement(mapping, wishes)
    if nowhere := [word for word in emotions if word not in places]:
        notices = (*notices, f"{', '.join(nowhere)}: of no known {kind}, left out.")
    return mapping, notices


def picture_target(kind: str, classes: tuple[str, ...], wishes: Wishes) -> Target:
    """What pictures show.

    Args:
      kind: of the classes.
      classes: names, as those of the folders that hold the pictures.
      wishes: of emotions, which pictures have none of.

    Returns:
      The target.
    """
    return Target(
        kind=kind,
        classes=classes,
        phrases=classes,
        mapping={name: name for name in classes},
        label=functools.partial(
            label_classes, classes, classes, {name: name for name in classes}
        ),
        num_outputs=len(classes),
        objective=class_objective(wishes.label_smoothing),
        report=BINARY_REPORT,
        description=f"Classes: {', '.join(classes)}.",
        notices=_emotions_in_vain(wishes),
    )


def dimension_target(wishes: Wishes) -> Target:
    """Arousal, valence and dominance as corpora rate them, from -1 to 1."""
    loss = DIMENSION_LOSSES[wishes.dimension_loss]

    def label(corpus: str, utterances: Sequence[Annotated]) -> Labelled:
        scale = wishes.scales.get(corpus, wishes.scale)
        return label_dimensions(scale, corpus, utterances)

    described = (
        f"Dimensions: {', '.join(DIMENSIONS)}, each from -1 to 1, the ends of its "
        "corpus's scale."
    )
    return Target(
        kind="dimensions",
        classes=DIMENSIONS,
        phrases=(),
        mapping={},
        label=label,
        num_outputs=len(DIMENSIONS) * wishes.dimension_bins,
        objective=dimensions(wishes.dimension_bins, loss),
        report=dimension_report(DIMENSIONS),
        description=described,
        notices=_emotions_in_vain(wishes),
    )


def speaker_target(wishes: Wishes) -> Target:
    """Who speaks, whatever the emotion; the classes are the speakers of the corpora."""
    least = wishes.min_utterances
    unsettled = Target(
        kind="speaker",
        classes=(),
        phrases=(),
        mapping={},
        label=functools.partial(label_speakers, (), least),
        num_outputs=0,
        objective=class_objective(wishes.label_smoothing),
        report=SPEAKER_REPORT,
    )

    def settle(corpora: Mapping[str, Sequence[Annotated]]) -> Target:
        speakers = speakers_of(corpora, least)
        return dataclasses.replace(
            unsettled,
            classes=speakers,
            phrases=speakers,
            label=functools.partial(label_speakers, speakers, least),
            num_outputs=len(speakers),
            description=f"Classes: {len(speakers)} speakers.",
        )

    return dataclasses.replace(unsettled, settle=settle)


def _emotions_in_vain(wishes: Wishes) -> tuple[str, ...]:
    """Says that a choice of emotions does not count, to who has made one."""
    choices = {
        "--emotions": wishes.emotions != Wishes.emotions,
        "--excitement_as_happiness": wishes.excitement_as_happiness,
    }
    made = " and ".join(name for name, given in choices.items() if given)
    told = f"All utterances take part, whatever {made} says."
    return (told,) if made else ()


def _with_excitement(
    mapping: Mapping[str, str], wishes: Wishes
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Adds excitement to what happiness is, if so wished, and says so."""
    if not wishes.excitement_as_happiness:
        return dict(mapping), ()
    if "happiness" not in mapping or "excitement" in mapping:
        raise InputError(
            "With --excitement_as_happiness the --emotions need happiness and have no "
            f"excitement of its own; given: {', '.join(wishes.emotions)}."
        )
    notice = "Excitement counts as happiness."
    return {**mapping, "excitement": mapping["happiness"]}, (notice,)


TARGETS: dict[str, Callable[[Wishes], Target]] = {
    "emotion": emotion_target,
    "arousal": functools.partial(
        binary_target, "arousal", {"low": _LOW, "high": _HIGH}
    ),
    "valence": functools.partial(
        binary_target, "valence", {"negative": _NEGATIVE, "positive": _POSITIVE}
    ),
    "dimensions": dimension_target,
    "speaker": speaker_target,
    "objects": functools.partial(picture_target, "objects", PACS_CLASSES),
    "digits": functools.partial(picture_target, "digits", DIGIT_CLASSES),
}
