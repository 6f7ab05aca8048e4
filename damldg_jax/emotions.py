"""The canonical vocabulary of emotions, shared by all corpora.

A corpus translates its own codes into these words once, where its files are
listed; everything after that speaks this vocabulary alone.
"""

from collections.abc import Sequence

from damldg_jax.errors import InputError, unknown

PAPER_EMOTIONS = ("anger", "happiness", "sadness", "disgust", "fear")

# `calm` is a label of its own: it is acted differently from `neutral`.
EMOTIONS = (
    *PAPER_EMOTIONS,
    "neutral",
    "surprise",
    "calm",
    "boredom",
    "excitement",
    "frustration",
    "contempt",
    # What annotators name otherwise, and what they do not agree on.
    "other",
    "undecided",
)

# Of recordings that nobody has said anything of: no class, and nothing to choose.
UNLABELLED = "unlabelled"

_SYNONYMS = {
    "angry": "anger",
    "happy": "happiness",
    "joy": "happiness",
    "sad": "sadness",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "anxiety": "fear",
    "neutrality": "neutral",
    "surprised": "surprise",
    "calmness": "calm",
    "bored": "boredom",
    "excited": "excitement",
    "frustrated": "frustration",
}


def canonical(word: str) -> str:
    """Translates a common spelling of an emotion into the canonical word.

    Args:
      word: an emotion in English, in any case, such as ``"Angry"``.

    Returns:
      One of ``EMOTIONS``.

    Raises:
      InputError: the word is no known emotion.

    Examples:
      >>> canonical("Angry")
      'anger'
    """
    lowered = word.strip().lower()
    lowered = _SYNONYMS.get(lowered, lowered)
    if lowered not in EMOTIONS:
        raise unknown("emotion", word, EMOTIONS)
    return lowered


def parse_emotions(words: Sequence[str]) -> tuple[str, ...]:
    """Checks a choice of emotions; their order is the order of the classes.

    Args:
      words: emotions in any common spelling.

    Returns:
      The canonical words, in the order given.

    Raises:
      InputError: a word is unknown, given twice, or there are fewer than two.
    """
    emotions = tuple(canonical(word) for word in words)
    for emotion in emotions:
        if emotions.count(emotion) > 1:
            raise InputError(f"The emotion '{emotion}' is given twice: {words}.")
    if len(emotions) < 2:
        raise InputError(f"At least two emotions are needed to tell apart: {words}.")
    return emotions
