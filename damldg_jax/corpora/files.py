"""Finding audio files below a folder, in a settled order."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from damldg_jax.errors import InputError

AUDIO_SUFFIXES = (".flac", ".wav")


def audio_files(folder: Path) -> list[tuple[str, Path]]:
    """Lists the audio files below a folder; hidden ones are skipped.

    Args:
      folder: where to look; links are followed, but no folder is read twice.

    Returns:
      The name and the path of each file, sorted. The name is the path inside
      the folder, with slashes and without extension.

    Raises:
      InputError: a folder cannot be read.
    """
    return sorted((_name(path, folder), path) for path in _walk(folder))


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


def _walk(folder: Path) -> Iterator[Path]:
    # A link may lead back up, even above the folder: none of that is walked again.
    visited = set(Path(os.path.realpath(folder)).parents)
    for parent, folders, files in os.walk(folder, onerror=_fail, followlinks=True):
        real = Path(os.path.realpath(parent))
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in files:
            if not file.startswith(".") and file.lower().endswith(AUDIO_SUFFIXES):
                yield Path(parent, file)


def _fail(error: OSError) -> NoReturn:
    raise InputError(
        f"Cannot read the folder {error.filename}: {error.strerror}. "
        "Check its permissions."
    ) from error


def _name(path: Path, folder: Path) -> str:
    name = path.relative_to(folder).with_suffix("").as_posix()
    # A name that is no valid UTF-8 could be neither printed nor recorded.
    return os.fsencode(name).decode("utf-8", "backslashreplace")
