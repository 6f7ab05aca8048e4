"""Finds the recordings that a command line names."""

import os
import pathlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from damldg_jax.corpora.files import (
    ALL_SUFFIXES,
    FOREIGN_SUFFIXES,
    all_files,
    audio_files,
    did_you_mean,
    first_few,
    printable,
)

_SUFFIXES = (*ALL_SUFFIXES, *FOREIGN_SUFFIXES)


class Found(NamedTuple):
    """What names on a command line have come to.

    Attributes:
      recordings: the files, each once, in the order in which they were named.
      failed: names that stand for no recording, and why.
      others: how many files of each other ending lie in the folders.
    """

    recordings: list[pathlib.Path]
    failed: dict[pathlib.Path, str]
    others: Counter[str]


def find(named: Sequence[pathlib.Path]) -> Found:
    """Finds the recordings that are meant; a slip in one name costs no other.

    Args:
      named: files, and folders, which are searched.

    Returns:
      What was found.

    Raises:
      InputError: a folder cannot be read.
    """
    found: list[pathlib.Path] = []
    failed: dict[pathlib.Path, str] = {}
    others: Counter[str] = Counter()
    for path in dict.fromkeys(path.expanduser() for path in named):
        if path.is_dir():
            inside = [file for _, file in audio_files(path, _SUFFIXES)]
            found += inside
            others += _others(path)
            if not inside:
                failed[path] = (
                    "there are no recordings in it: no file's name ends in "
                    f"{', '.join(ALL_SUFFIXES)} or the like"
                )
        elif os.path.lexists(path):
            found.append(path)
        else:
            failed[path] = f"there is no such file or folder.{did_you_mean(path)}"
    return Found(list(dict.fromkeys(found)), failed, others)


def passed_over(others: Counter[str]) -> str:
    """Tells of files in folders that are not taken for recordings; empty of none."""
    if not others:
        return ""
    word = "file" if others.total() == 1 else "files"
    endings = first_few([ending for ending, _ in others.most_common()])
    return (
        f"{others.total()} {word} of other endings ({endings}) passed over. "
        "To have one tried, name it."
    )


def _others(folder: pathlib.Path) -> Counter[str]:
    names = (path.name.lower() for path in all_files(folder))
    return Counter(
        printable(os.path.splitext(name)[1]) or "none"
        for name in names
        if not name.endswith(_SUFFIXES)
    )
