"""Finding audio files below a folder, in a settled order."""

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from damldg_jax.errors import InputError

# What is read. Of two files of the same name, the earlier in this list counts.
ALL_SUFFIXES = (".flac", ".wav", ".aiff", ".aif", ".ogg", ".opus")
# Those coded with loss: the same recording without loss is the better one.
LOSSY_SUFFIXES = (".ogg", ".opus")

# Recordings too, but in formats that are not read.
FOREIGN_SUFFIXES = (
    *(".mp3", ".m4a", ".mp4", ".aac", ".ac3", ".wma", ".amr", ".webm", ".mka", ".3gp"),
    *(".wave", ".aifc", ".au", ".snd", ".sph", ".nist", ".caf", ".w64", ".rf64"),
    *(".oga", ".spx", ".ape", ".wv", ".raw", ".pcm", ".voc"),
)
CONVERT = "in a format that is not read (convert to WAV or FLAC)"


class _Found(NamedTuple):
    """What a walk comes across: a file, or a folder that is or is not entered."""

    path: Path
    folder: bool = False
    entered: bool = False


def audio_files(
    folder: Path, suffixes: Sequence[str] = ALL_SUFFIXES
) -> list[tuple[str, Path]]:
    """Lists the audio files below a folder; hidden ones are skipped.

    Args:
      folder: where to look. Links inside of it are followed, but no folder is
        read twice; a link that leads out of it is listed itself, and so is a
        folder that is named like a recording, see `out_of_reach`.
      suffixes: of the files that are audio, in lower case.

    Returns:
      The name and the path of each file, sorted; of the same name, in the order of
      the suffixes. The name is the path inside the folder, with slashes and without
      extension.

    Raises:
      InputError: a folder cannot be read.
    """

    def order(named: tuple[str, Path]) -> tuple[str, int, Path]:
        name, path = named
        suffix = path.suffix.lower()
        return name, suffixes.index(suffix) if suffix in suffixes else -1, path

    paths = (
        found.path
        for found in _walk(folder)
        if found.path.name.lower().endswith(tuple(suffixes))
        or (found.folder and not found.entered)
    )
    return sorted(((_name(path, folder), path) for path in paths), key=order)


def all_files(folder: Path, suffix: str = "") -> list[Path]:
    """Lists all files below a folder, as `audio_files` walks it.

    Args:
      folder: where to look.
      suffix: how their names end.

    Returns:
      Their paths, sorted.

    Raises:
      InputError: a folder cannot be read.
    """
    return sorted(
        found.path
        for found in _walk(folder)
        if not found.folder and found.path.name.endswith(suffix)
    )


def out_of_reach(path: Path, folder: Path) -> str:
    """Says why a listed file is not to be read, if it is not.

    Args:
      path: of `audio_files`.
      folder: where it was found.

    Returns:
      The reason with its remedy, or ``""``.
    """
    if not _leads_inside(path, folder):
        return (
            "link that leads out of the folder of the corpus (copy what it leads to, "
            "or describe the recordings by a manifest that lies above them)"
        )
    if os.path.isfile(path):
        return ""
    if os.path.isdir(path):
        return "folder that is named like a recording (only what lies in it is read)"
    return "link to no file" if os.path.islink(path) else "no ordinary file"


def shown_name(path: Path, folder: Path) -> str:
    """The path of a file inside a folder, fit for a message of one line.

    Args:
      path: of `audio_files`.
      folder: where it was found.

    Returns:
      Its path with slashes; what cannot be printed is written as an escape.
    """
    return printable(path.relative_to(folder).as_posix())


def printable(text: str) -> str:
    r"""Writes what would break a line or a terminal as an escape such as ``\n``.

    Args:
      text: such as a file's name.

    Returns:
      The same where all of it can be printed.
    """
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def first_few(names: list[str], shown: int = 3) -> str:
    """Puts a list of names into a sentence without flooding it.

    Args:
      names: what to tell.
      shown: how many to name; the others are counted.

    Returns:
      Such as ``"a.wav, b.wav, c.wav and 7 more"``.
    """
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")


def did_you_mean(path: Path, suffix: str = "") -> str:
    """Says what a path that leads to nothing may have meant.

    Args:
      path: the first part of it that is not there is the slip.
      suffix: of the files to name where none has a name that is like it.

    Returns:
      Such as ``" Did you mean 'calls/a.wav'?"``, or ``""``.
    """
    parts = (*reversed(path.parents), path)
    missing = next((part for part in parts if not os.path.exists(part)), path)
    try:
        there = sorted(name.name for name in missing.parent.iterdir())
    except OSError:
        return ""
    near = difflib.get_close_matches(missing.name, there, n=1)
    if near:
        meant = missing.with_name(near[0]) / path.relative_to(missing)
        return f" Did you mean '{printable(str(meant))}'?"
    alike = [name for name in there if suffix and name.lower().endswith(suffix)]
    where = printable(str(missing.parent))
    return f" In {where} there are: {first_few(alike)}." if alike else ""


def _walk(folder: Path) -> Iterator[_Found]:
    # A link may lead back up to a folder that is being walked.
    visited = set()
    for parent, folders, files in os.walk(folder, onerror=_fail, followlinks=True):
        real = os.path.realpath(parent)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        below = sorted(Path(parent, f) for f in folders if not f.startswith("."))
        folders[:] = [path.name for path in below if _leads_inside(path, folder)]
        # What lies above the folder is no part of it: a link up is no loss to tell.
        yield from (
            _Found(path, folder=True, entered=path.name in folders)
            for path in below
            if not _leads_above(path, folder)
        )
        yield from (_Found(Path(parent, f)) for f in files if not f.startswith("."))


def _leads_inside(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _leads_above(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(path))


def _fail(error: OSError) -> NoReturn:
    raise InputError(
        f"Cannot read the folder {error.filename}: {error.strerror}. "
        "Check its permissions."
    ) from error


def _name(path: Path, folder: Path) -> str:
    name = path.relative_to(folder).with_suffix("").as_posix()
    # A name that is no valid UTF-8 could be neither printed nor recorded.
    return os.fsencode(name).decode("utf-8", "backslashreplace")
