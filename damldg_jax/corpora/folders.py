"""Listing a corpus that has a folder for each emotion, as URDU has."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from damldg_jax.corpora.declaration import Listing, Utterance
from damldg_jax.corpora.files import (
    ALL_SUFFIXES,
    CONVERT,
    FOREIGN_SUFFIXES,
    audio_files,
    did_you_mean,
    first_few,
    out_of_reach,
    printable,
    shown_name,
)
from damldg_jax.corpora.folder_speakers import (
    UNKNOWN_SPEAKER,
    Place,
    tell_sexes,
    tell_speakers,
)
from damldg_jax.emotions import EMOTIONS, canonical
from damldg_jax.errors import InputError

__all__ = ["UNKNOWN_SPEAKER", "list_folders"]

# Words that more often name a folder of anything than what somebody feels.
_NO_FOLDERS = ("other", "undecided")


class _Spot(NamedTuple):
    """The emotion of a folder, and the folders around it."""

    emotion: str
    place: Place


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
        missing = f"There is no folder {printable(str(folder))}."
        raise _nothing(name, missing + did_you_mean(folder))
    found, left_out = _sort_out(folder)
    notices = [
        f"{name}: {len(files)} audio file(s) left out, {why}: {first_few(files)}."
        for why, files in sorted(left_out.items())
    ]
    if not found:
        nothing = f"{printable(str(folder))} holds no recording."
        raise _nothing(name, " ".join((nothing, *notices)))
    places = [spot.place for _, spot in found.values()]
    speakers, notice = tell_speakers(name, places)
    utterances = tuple(
        Utterance(recording, path, spot.emotion, speaker, sex)
        for (recording, (path, spot)), speaker, sex in zip(
            found.items(), speakers, tell_sexes(places), strict=True
        )
    )
    return Listing(utterances, (notice, *notices))


def _sort_out(
    folder: Path,
) -> tuple[dict[str, tuple[Path, _Spot]], dict[str, list[str]]]:
    """The recordings by name, and by the reason the files that are left out."""
    found: dict[str, tuple[Path, _Spot]] = {}
    left_out: dict[str, list[str]] = {}
    for recording, path in audio_files(folder, ALL_SUFFIXES + FOREIGN_SUFFIXES):
        spot = _spot(path.relative_to(folder).parts[:-1])
        reason = out_of_reach(path, folder)
        if not reason and recording in found:
            reason = "same recording as one that is listed"
        elif not reason and path.suffix.lower() in FOREIGN_SUFFIXES:
            reason = CONVERT
        if not reason and isinstance(spot, _Spot):
            found[recording] = (path, spot)
        else:
            told = left_out.setdefault(reason or str(spot), [])
            told.append(shown_name(path, folder))
    return found, left_out


def _spot(folders: Sequence[str]) -> _Spot | str:
    """Where a recording lies, or what is wrong with the place."""
    emotions = {i: e for i, part in enumerate(folders) if (e := _emotion(part))}
    if not emotions:
        return "in no folder named after an emotion"
    if len(set(emotions.values())) > 1:
        return "in folders of contradictory emotions"
    first, last = min(emotions), max(emotions)
    place = Place(tuple(folders[:first]), tuple(folders[last + 1 :]))
    return _Spot(emotions[first], place)


def _emotion(folder: str) -> str:
    try:
        emotion = canonical(folder)
    except InputError:
        return ""
    return "" if emotion in _NO_FOLDERS else emotion


def _nothing(name: str, problem: str) -> InputError:
    words = ", ".join(word for word in EMOTIONS if word not in _NO_FOLDERS)
    return InputError(
        f"{problem} The corpus '{name}' is looked for as one folder for each emotion, "
        f"such as Sad/x.wav, Sad/speaker3/x.wav or speaker3/Sad/x.wav, named {words} "
        f"(angry, happy, sad and the like do too). Describe other layouts by a "
        f"manifest: --corpora={name}=path/to/manifest.csv."
    )
