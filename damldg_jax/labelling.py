"""Labels of utterances: classes of their emotions, or ratings on a common scale."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from damldg_jax.emotions import UNLABELLED
from damldg_jax.errors import InputError

DIMENSIONS = ("arousal", "valence", "dominance")

# Lowest and highest value of a dimension.
Scale = tuple[float, float]

# A few values outside are slips of the annotation, more mean another scale.
_SLIPS = 0.01
# Values are stored in single precision: an end of the scale may lie this far off it.
_ROUNDING = 1e-6
_SHOWN = 5


class Annotated(Protocol):
    """An utterance with what a corpus says of it; values are NaN where unknown."""

    utterance: str
    emotion: str
    speaker: str
    arousal: float
    valence: float
    dominance: float


class Labelled(NamedTuple):
    """The utterances of a corpus that have a label.

    Attributes:
      places: [n] int, which they are.
      labels: [n] int32 classes, or [n, dimensions] float32 from -1 to 1.
      counts: utterances of each class; empty without classes.
      notices: what the user should know, such as what is left out.
    """

    places: np.ndarray
    labels: np.ndarray
    counts: Mapping[str, int]
    notices: tuple[str, ...]


def label_classes(
    classes: Sequence[str],
    phrases: Sequence[str],
    mapping: Mapping[str, str],
    corpus: str,
    utterances: Sequence[Annotated],
) -> Labelled:
    """Labels utterances with the classes of their emotions.

    Args:
      classes: names of the classes; their order is that of the numbers.
      phrases: what an utterance of each class is said to be of.
      mapping: the class of each emotion that takes part.
      corpus: its name.
      utterances: of the corpus.

    Returns:
      Those whose emotion takes part.

    Raises:
      InputError: there is none; it names what the corpus has.
    """
    found = [mapping.get(utterance.emotion) for utterance in utterances]
    places = np.array([n for n, name in enumerate(found) if name is not None], int)
    present = sorted({utterance.emotion for utterance in utterances})
    if present == [UNLABELLED]:
        raise InputError(
            f"Nothing is known of emotions in '{corpus}'. Leave it out: its speakers "
            "are something to pre-train on, by python -m experiments.pretrain."
        )
    if not len(places):
        raise InputError(
            f"The corpus '{corpus}' has none of the emotions {', '.join(mapping)}; "
            f"it has {', '.join(present)}. Leave it out, or choose others by "
            "--emotions."
        )
    counts = Counter(found)
    notices = []
    if others := [word for word in present if word not in mapping]:
        notices.append(
            f"{corpus}: {len(places)} of {len(found)} utterances are used; not asked "
            f"for: {', '.join(others)}."
        )
    named = zip(classes, phrases, strict=True)
    if lacking := [phrase for name, phrase in named if not counts[name]]:
        notices.append(f"{corpus}: has no utterance of {', '.join(lacking)}.")
    return Labelled(
        places=places,
        labels=np.array([classes.index(found[place]) for place in places], np.int32),
        counts={name: counts[name] for name in classes},
        notices=tuple(notices),
    )


def label_dimensions(
    scale: Scale, corpus: str, utterances: Sequence[Annotated]
) -> Labelled:
    """Labels utterances with their ratings, the ends of the scale being -1 and 1.

    Args:
      scale: of the corpus.
      corpus: its name.
      utterances: of the corpus.

    Returns:
      Those of which all dimensions are known.

    Raises:
      InputError: there is none, or many have a value outside of the scale.
    """
    low, high = scale
    rows = [[getattr(each, name) for name in DIMENSIONS] for each in utterances]
    values = np.array(rows, np.float64).reshape(-1, len(DIMENSIONS))
    labels = 2 * (values - low) / (high - low) - 1
    known = np.isfinite(labels).all(axis=1)
    if not known.any():
        raise InputError(
            f"No utterance of '{corpus}' has all of {', '.join(DIMENSIONS)}. Leave it "
            "out, give it these columns in a manifest, or choose another "
            "--target_kind."
        )
    notices = []
    if not known.all():
        notices.append(
            f"{corpus}: {(~known).sum()} of {len(known)} utterances lack one of "
            f"{', '.join(DIMENSIONS)} and are left out."
        )
    outside = known & (np.abs(labels) > 1 + _ROUNDING).any(axis=1)
    if outside.any():
        notices.append(_outside(scale, corpus, utterances, np.flatnonzero(outside)))
        if outside.sum() > _SLIPS * known.sum():
            raise InputError(notices[-1])
    places = np.flatnonzero(known & ~outside)
    clipped = labels[places].clip(-1, 1).astype(np.float32)
    return Labelled(places, clipped, {}, tuple(notices))


def _outside(
    scale: Scale, corpus: str, utterances: Sequence[Annotated], which: np.ndarray
) -> str:
    told = [
        f"{each.utterance} "
        f"({', '.join(f'{getattr(each, name):g}' for name in DIMENSIONS)})"
        for each in (utterances[place] for place in which[:_SHOWN])
    ]
    more = f" and {len(which) - _SHOWN} more" if len(which) > _SHOWN else ""
    return (
        f"{corpus}: {len(which)} utterance(s) have {', '.join(DIMENSIONS)} outside of "
        f"the scale from {scale[0]:g} to {scale[1]:g} and cannot be used: "
        f"{'; '.join(told)}{more}. If a manifest has another scale, give it by "
        "--dimension_range."
    )
