"""Listing a corpus that has a folder for each emotion, as URDU has.

`Sad/speaker3/x.wav` and `speaker3/Sad/x.wav` tell the speaker too, at any depth. Which
of the two holds is asked of the corpus as a whole: a folder that all recordings share
is none of a speaker, and where some recordings tell no speaker, they may be anyone's.
"""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from damldg_jax.corpora.declaration import Listing, Utterance
from damldg_jax.corpora.files import (
    ALL_SUFFIXES,
    audio_files,
    first_few,
    out_of_reach,
    printable,
    shown_name,
)
from damldg_jax.emotions import EMOTIONS, canonical
from damldg_jax.errors import InputError

UNKNOWN_SPEAKER = "unknown"

# Words that more often name a folder of anything than what somebody feels.
_NO_FOLDERS = ("other", "undecided")

# Recordings, but in formats that are not read.
_FOREIGN = (".mp3", ".m4a", ".mp4", ".aac", ".wma", ".amr", ".webm", ".3gp")
_CONVERT = "in a format that is not read (convert to WAV or FLAC)"

# Folders of a split for training: no speakers.
_SPLITS = frozenset(
    ("train", "training", "test", "testing", "val", "valid", "validation", "dev")
)


class _Place(NamedTuple):
    """Where a recording lies: its emotion, and the folders right beside it."""

    emotion: str
    above: str
    below: str


def list_folders(name: str, folder: Path) -> Listing:
    """Finds the recordings of a corpus by its emotions' folders.

    Args:
      name: of the corpus.
      folder: where it lies. A folder in it is of an emotion if its name is a word
        for one, in any case (see `damldg_jax.emotions.canonical`).

    Returns:
      The recordings, sorted by name. Where the folders tell no speakers, all are
      of `UNKNOWN_SPEAKER`. The notices say whose they were taken for, and what was
      left out.

    Raises:
      InputError: the folder is missing, unreadable or holds no such recording.
    """
    if not os.path.isdir(folder):
        raise _nothing(name, f"There is no folder {folder}.")
    found: dict[str, tuple[Path, _Place]] = {}
    left_out: dict[str, list[str]] = {}
    for recording, path in audio_files(folder, ALL_SUFFIXES + _FOREIGN):
        place = _place(path.relative_to(folder).parts[:-1])
        reason = out_of_reach(path, folder)
        if not reason and recording in found:
            reason = "same recording as one that is listed"
        elif not reason and path.suffix.lower() in _FOREIGN:
            reason = _CONVERT
        if not reason and isinstance(place, _Place):
            found[recording] = (path, place)
        else:
            told = left_out.setdefault(reason or str(place), [])
            told.append(shown_name(path, folder))
    notices = [
        f"{name}: {len(files)} audio file(s) left out, {why}: {first_few(files)}."
        for why, files in sorted(left_out.items())
    ]
    if not found:
        raise _nothing(name, " ".join((f"{folder} holds no recording.", *notices)))
    speakers, notice = _speakers(name, [place for _, place in found.values()])
    utterances = tuple(
        Utterance(recording, path, place.emotion, speaker)
        for (recording, (path, place)), speaker in zip(
            found.items(), speakers, strict=True
        )
    )
    return Listing(utterances, (notice, *notices))


def _place(folders: Sequence[str]) -> _Place | str:
    """Where a recording lies, or what is wrong with the place."""
    emotions = {i: e for i, part in enumerate(folders) if (e := _emotion(part))}
    if not emotions:
        return "in no folder named after an emotion"
    if len(set(emotions.values())) > 1:
        return "in folders of contradictory emotions"
    first, last = min(emotions), max(emotions)
    above = folders[first - 1] if first else ""
    below = folders[last + 1] if last + 1 < len(folders) else ""
    return _Place(emotions[first], above, below)


def _emotion(folder: str) -> str:
    try:
        emotion = canonical(folder)
    except InputError:
        return ""
    return "" if emotion in _NO_FOLDERS else emotion


def _speakers(name: str, places: Sequence[_Place]) -> tuple[list[str], str]:
    """The speaker of each place, and what to tell of it."""
    above = _one_spelling([place.above for place in places])
    below = _one_spelling([place.below for place in places])
    speakers = [high or low for high, low in zip(above, below, strict=True)]
    known = sorted({printable(speaker) for speaker in speakers if speaker})
    if any(map(all, zip(above, below, strict=True))):
        problem = (
            f"the folders right above the emotions' ({_names(above)}) and right below "
            f"them ({_names(below)}) may both be of speakers"
        )
    elif known and not all(speakers):
        problem = (
            f"only some recordings lie in a folder of a speaker ({first_few(known)}), "
            f"{speakers.count('')} do not"
        )
    elif not known:
        problem = "its folders tell no speakers apart"
    else:
        return speakers, (
            f"{name}: its {len(known)} speakers are taken to be the folders "
            f"{first_few(known)}. Tell them by a manifest if that is wrong: "
            f"{_manifest(name)}."
        )
    return [UNKNOWN_SPEAKER] * len(places), (
        f"{name}: {problem}. All of it counts as one speaker, '{UNKNOWN_SPEAKER}', and "
        f"no speaker can be kept for validation. A manifest can tell the speakers: "
        f"{_manifest(name)}."
    )


def _one_spelling(folders: Sequence[str]) -> list[str]:
    """Names of speakers, each in one spelling; none where the folder is no speaker."""
    spellings: dict[str, str] = {}
    keys = [unicodedata.normalize("NFC", part).casefold() for part in folders]
    for key, part in zip(keys, folders, strict=True):
        spellings.setdefault(key, printable(part))
    if len(spellings) == 1 or spellings.keys() & _SPLITS:
        return [""] * len(folders)
    return [spellings[key] for key in keys]


def _names(folders: Sequence[str]) -> str:
    return first_few(sorted({folder for folder in folders if folder}))


def _manifest(name: str) -> str:
    return f"--corpora={name}=path/to/manifest.csv"


def _nothing(name: str, problem: str) -> InputError:
    words = ", ".join(word for word in EMOTIONS if word not in _NO_FOLDERS)
    return InputError(
        f"{problem} The corpus '{name}' is looked for as one folder for each emotion, "
        f"such as Sad/x.wav, Sad/speaker3/x.wav or speaker3/Sad/x.wav, named {words} "
        f"(angry, happy, sad and the like do too). Describe other layouts by a "
        f"manifest: {_manifest(name)}."
    )
