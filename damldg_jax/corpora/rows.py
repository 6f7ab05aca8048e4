"""The rows of a manifest: what each column may hold."""

import math
import os
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from damldg_jax.corpora.declaration import Utterance
from damldg_jax.corpora.files import ALL_SUFFIXES, printable
from damldg_jax.emotions import EMOTIONS, UNLABELLED, canonical
from damldg_jax.errors import InputError, unknown

REQUIRED = ("path", "emotion", "speaker")
OPTIONAL = ("sex", "language", "sentence", "arousal", "valence", "dominance")


def parse_row(
    folder: Path, columns: list[str], row: list[str], language: str
) -> Utterance:
    """Makes a recording of a row.

    Args:
      folder: where the paths start.
      columns: the header of the manifest.
      row: as many values.
      language: of a row that does not say.

    Returns:
      The recording.

    Raises:
      InputError: values cannot be used; all of them are told at once.
    """
    if len(row) != len(columns):
        raise InputError(
            f"has {len(row)} values for {len(columns)} columns; put values that "
            "contain commas in quotes."
        )
    cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
    values: dict[str, Any] = {}
    problems = []
    for column, parse in {"path": partial(_file, folder), **_PARSERS}.items():
        try:
            values[column] = parse(cells.get(column, ""))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError(" ".join(problems))
    values["language"] = values["language"] or language
    name = PurePosixPath(cells["path"]).with_suffix("").as_posix()
    return Utterance(name=name, **values)


def _file(folder: Path, cell: str) -> Path:
    given, shown = PurePosixPath(cell), printable(cell)
    # The path names the recording everywhere, so it may mean nothing but one file.
    drive = re.match(r"[A-Za-z]:[/\\]|\\\\", cell)
    if given.is_absolute() or ".." in given.parts or "\0" in cell or drive:
        raise InputError(
            f"The path '{shown}' leaves the folder of the manifest; put the manifest "
            "above the recordings."
        )
    if "\\" in cell:
        raise InputError(
            f"The path '{shown}' has a backslash; separate folders by slashes, as in "
            f"{printable(cell.replace(chr(92), '/'))}."
        )
    if given.suffix.lower() not in ALL_SUFFIXES:
        raise InputError(
            f"The path '{shown}' does not end in .wav or .flac (or "
            f"{', '.join(ALL_SUFFIXES[2:])}); convert other formats to one of these."
        )
    path = _as_on_disk(folder, cell)
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise InputError(
            f"The path '{shown}' is a link that leaves the folder of the manifest; put "
            "the manifest above what it leads to, or a copy in its place."
        )
    # Whether there is such a file is seen when it is read, with all else about it.
    return path


def _as_on_disk(folder: Path, cell: str) -> Path:
    """The path in the form of Unicode that the disk has, which may be another."""
    forms = [cell, *(unicodedata.normalize(form, cell) for form in ("NFC", "NFD"))]
    paths = [folder / PurePosixPath(form) for form in forms]
    return next((path for path in paths if os.path.exists(path)), paths[0])


def _text(column: str, cell: str) -> str:
    if any(unicodedata.category(letter) == "Cc" for letter in cell):
        raise InputError(
            f"The {column} '{printable(cell)}' holds a control character or a line end."
        )
    # One text is one, in whatever form of Unicode it is written.
    return unicodedata.normalize("NFC", cell)


def _emotion(cell: str) -> str:
    if cell.lower() == UNLABELLED:
        return UNLABELLED
    try:
        return canonical(cell)
    except InputError:
        raise unknown("emotion", cell, (*EMOTIONS, UNLABELLED)) from None


def _speaker(cell: str) -> str:
    if not cell:
        raise InputError("The speaker is empty; give each speaker a name.")
    return _text("speaker", cell)


def _sex(cell: str) -> str:
    if cell.lower() not in ("female", "male", ""):
        raise InputError(f"The sex '{cell}' is none of female, male and empty.")
    return cell.lower()


def _number(column: str, cell: str) -> float:
    try:
        number = float(cell or "nan")
    except ValueError:
        number = math.inf
    if cell and not math.isfinite(number):
        raise InputError(
            f"The {column} '{cell}' is no number; leave it empty where unknown, and "
            "write a decimal point."
        )
    return number


_PARSERS: dict[str, Callable[[str], Any]] = {
    "emotion": _emotion,
    "speaker": _speaker,
    "sex": _sex,
    "language": partial(_text, "language"),
    "sentence": partial(_text, "sentence"),
    "arousal": partial(_number, "arousal"),
    "valence": partial(_number, "valence"),
    "dominance": partial(_number, "dominance"),
}
