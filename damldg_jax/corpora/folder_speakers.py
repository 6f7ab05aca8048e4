"""Whose recordings are, where folders beside those of the emotions may tell it.

`Sad/speaker3/x.wav` and `speaker3/Sad/x.wav` tell the speaker, at any depth. Which of
the two holds is asked of the corpus as a whole: a folder that all recordings share is
none of a speaker, and where it is not sure whose some recordings are, they may be
anyone's. To take two speakers for one costs recordings; to take one for two lets the
voice that is tested be heard in training.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from damldg_jax.corpora.files import ALL_SUFFIXES, first_few, printable

UNKNOWN_SPEAKER = "unknown"

_SEXES = {
    **dict.fromkeys(("female", "females", "woman", "women", "girl", "girls"), "female"),
    **dict.fromkeys(("male", "males", "man", "men", "boy", "boys"), "male"),
}
_INITIALS = {"f": "female", "m": "male"}

# Folders of a split for training, of a manner of speaking, or of what files are.
_WORDS = frozenset(
    (
        *("train", "training", "test", "testing", "val", "valid", "validation", "dev"),
        *("high", "medium", "mid", "middle", "low", "loud", "soft", "quiet", "normal"),
        *("strong", "weak", "intense", "mild", "fast", "slow", "whisper", "whispered"),
        *("hi", "md", "lo", "xx", "clean", "noisy", "speech", "song", "raw"),
        *("audio", "audios", "wav", "wavs", "flac", "recordings", "sounds", "data"),
    )
)
# Such as `Session1`: a part of what somebody said.
_PART = re.compile(
    r"(?:session|ses|take|part|day|dis[ck]|cd|batch|fold|set|scene|dialog|dialogue|"
    r"rec|recording|room|mic|microphone|channel|level|intensity|version|repetition)"
    r"[ _.-]?\d{0,4}"
)


class Place(NamedTuple):
    """Where a recording lies: the folders above those of its emotion, and below."""

    above: tuple[str, ...]
    below: tuple[str, ...]


class _Candidate(NamedTuple):
    """A folder that may be of a speaker, what it lies in, and what lies in it."""

    name: str
    outside: tuple[str, ...]
    inside: str


_NOBODY = _Candidate("", (), "")


def tell_sexes(places: Sequence[Place]) -> list[str]:
    """Tells the sex where a folder does, such as `female`.

    Args:
      places: of all recordings of a corpus.

    Returns:
      ``"female"``, ``"male"`` or ``""`` for each.
    """
    sexes = _sexes(places)
    told = [{sexes[k] for k in _keys(place) if k in sexes} for place in places]
    return [min(sex) if len(sex) == 1 else "" for sex in told]


def tell_speakers(name: str, places: Sequence[Place]) -> tuple[list[str], str]:
    """Tells the speakers where folders do.

    Args:
      name: of the corpus.
      places: of all its recordings.

    Returns:
      The speaker of each, all `UNKNOWN_SPEAKER` where it is not sure; and what is to
      be told the user of it.
    """
    sexes = _sexes(places)
    above = _alone([_above(place, sexes) for place in places])
    below = _alone([_below(place, sexes) for place in places])
    chosen = [a if a.name else b for a, b in zip(above, below, strict=True)]
    problem = _problem(above, below, chosen)
    manifest = f"--corpora={name}=path/to/manifest.csv"
    if problem:
        return [UNKNOWN_SPEAKER] * len(places), (
            f"{name}: {problem}. All of it counts as one speaker, '{UNKNOWN_SPEAKER}', "
            "and no speaker can be kept for validation. A manifest can tell the "
            f"speakers: {manifest}."
        )
    spellings: dict[str, str] = {}
    for one in chosen:
        spellings.setdefault(_key(one.name), printable(one.name))
    return [spellings[_key(one.name)] for one in chosen], (
        f"{name}: its {len(spellings)} speakers are taken to be the folders "
        f"{first_few(sorted(spellings.values()))}. Tell them by a manifest if that is "
        f"wrong: {manifest}."
    )


def _problem(
    above: Sequence[_Candidate],
    below: Sequence[_Candidate],
    chosen: Sequence[_Candidate],
) -> str:
    """Why the speakers are not sure; empty if they are."""
    known, unknown = _names(chosen), sum(not one.name for one in chosen)
    if any(a.name and b.name for a, b in zip(above, below, strict=True)):
        return (
            f"the folders right above the emotions' ({_names(above)}) and right below "
            f"them ({_names(below)}) may both be of speakers"
        )
    if not known:
        return "its folders tell no speakers apart"
    if unknown:
        return (
            f"only some recordings lie in a folder of a speaker ({known}), {unknown} "
            "do not"
        )
    if several := _of_several((_key(one.name), one.outside) for one in chosen):
        return (
            f"folders of one name lie in several folders ({first_few(several)}) and "
            "may be of several speakers, or of none"
        )
    # Folders that are in every speaker's are of something else only if all have them.
    if len({one.inside for one in chosen}) > 1:
        pairs = ((one.inside, _key(one.name)) for one in chosen if one.inside)
        if several := _of_several(pairs):
            return (
                f"folders of one name lie in several speakers' ({first_few(several)}) "
                "and may be the speakers themselves"
            )
    return ""


def _of_several(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """What comes with several partners."""
    partners: dict[str, set[object]] = {}
    for one, other in pairs:
        partners.setdefault(one, set()).add(other)
    return sorted(printable(one) for one, found in partners.items() if len(found) > 1)


def _above(place: Place, sexes: Collection[str]) -> _Candidate:
    for depth in range(len(place.above), 0, -1):
        if _may_speak(folder := place.above[depth - 1], sexes):
            return _Candidate(folder, _context(place.above[: depth - 1], sexes), "")
    return _NOBODY


def _below(place: Place, sexes: Collection[str]) -> _Candidate:
    speaking = [i for i, folder in enumerate(place.below) if _may_speak(folder, sexes)]
    if not speaking:
        return _NOBODY
    first = speaking[0]
    outside = _context((*place.above, *place.below[:first]), sexes)
    inside = _key(place.below[speaking[1]]) if len(speaking) > 1 else ""
    return _Candidate(place.below[first], outside, inside)


def _context(folders: Sequence[str], sexes: Collection[str]) -> tuple[str, ...]:
    """What tells a folder from another of its name; a split or a session does not."""
    keys = map(_key, folders)
    return tuple(key for key in keys if key in sexes or _may_speak(key, sexes))


def _may_speak(folder: str, sexes: Collection[str]) -> bool:
    key = _key(folder)
    # Some archives are unpacked into a folder for each file, `x.wav/x.wav`.
    named = key in sexes or key in _WORDS or key.endswith(ALL_SUFFIXES)
    return not named and not _PART.fullmatch(key)


def _alone(candidates: list[_Candidate]) -> list[_Candidate]:
    """None where all recordings lie in the same folder."""
    shared = len({_key(candidate.name) for candidate in candidates}) == 1
    return [_NOBODY] * len(candidates) if shared else candidates


def _sexes(places: Sequence[Place]) -> dict[str, str]:
    """Folders that are named after a sex; single letters only beside no others."""
    letters = {key for place in places for key in _keys(place) if len(key) == 1}
    return {**_SEXES, **(_INITIALS if letters <= _INITIALS.keys() else {})}


def _keys(place: Place) -> list[str]:
    return [_key(folder) for folder in (*place.above, *place.below)]


def _key(folder: str) -> str:
    """What is the same for all spellings of a name."""
    return unicodedata.normalize("NFC", folder).casefold()


def _names(candidates: Sequence[_Candidate]) -> str:
    spellings: dict[str, str] = {}
    for one in candidates:
        spellings.setdefault(_key(one.name), printable(one.name))
    return first_few(sorted(filter(None, spellings.values())))
