"""A copy of the records that runs map into memory: no TensorFlow, no decoding.

It lies in ``<data_dir>/packed/<corpus>/<hash of the content>/`` and holds what the
records hold, checked when it is made and when it is opened. The records are the
original: a copy that is missing, damaged or of another version of this package is made
from them, whole or not at all, and copies of what they held before go.
"""

import contextlib
import os
import pathlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from damldg_jax.dataset import Example
from damldg_jax.errors import InputError
from damldg_jax.records import checksums, columns, locks, needed, staging
from damldg_jax.records.provenance import (
    Provenance,
    Summary,
    corpus_folder,
    described,
    read_description,
    replaced_records,
)
from damldg_jax.records.writing import Unwritable, writing

FOLDER = "packed"
# Raised when other files are made of the same records.
VERSION = 1
_HASH_DIGITS = 16
# How often records are read that others replace meanwhile.
_ATTEMPTS = 3


class Contents(NamedTuple):
    """What is known of a corpus, all of it of the same records.

    Attributes:
      provenance: where they come from.
      summary: what they hold.
      examples: the utterances, sorted by name.
    """

    provenance: Provenance
    summary: Summary
    examples: list[Example]


class _Unusable(Exception):
    """A copy is not what it should be; the message says why."""


def keep(
    data_dir: pathlib.Path,
    corpus: str,
    settings: Mapping[str, Any],
    tell: Callable[[str], object] = lambda text: None,
) -> None:
    """Makes the packed copy of a corpus, unless there is a whole one.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus.
      settings: of the features that are wanted.
      tell: is told of a copy that is of no use, and if none can be made.

    Raises:
      InputError: there are no records, or ones of other features, or damaged ones; or
        there is no TensorFlow to read them.
    """

    def use(content: str) -> None:
        _opened(data_dir, corpus, content, tell)

    _of_the_same(use, data_dir, corpus, settings)


def read(
    data_dir: pathlib.Path,
    corpus: str,
    settings: Mapping[str, Any],
    tell: Callable[[str], object] = lambda text: None,
) -> Contents:
    """Reads a corpus from its packed copy, which is made where it is missing.

    Args:
      data_dir: as in `keep`; so are the others.
      corpus: name of the corpus.
      settings: of the features that are wanted.
      tell: is told what is the matter with the copy, if anything is.

    Returns:
      Its utterances and what lies beside them. Their arrays are views into files that
      are mapped into memory, not to be written to; where no copy can be made, they are
      in memory.

    Raises:
      InputError: as in `keep`.
    """

    def use(content: str) -> list[Example]:
        examples = _opened(data_dir, corpus, content, tell)
        if examples is None:
            examples = _tfrecords(corpus).stream(data_dir, corpus, content)
        return sorted(examples, key=lambda example: example.utterance)

    return Contents(*_of_the_same(use, data_dir, corpus, settings))


def place_of(data_dir: pathlib.Path, corpus: str, content_hash: str) -> pathlib.Path:
    """Where the copy of records of that content lies."""
    return data_dir / FOLDER / corpus / content_hash[:_HASH_DIGITS]


def _of_the_same(
    use: Callable[[str], Any],
    data_dir: pathlib.Path,
    corpus: str,
    settings: Mapping[str, Any],
) -> tuple[Provenance, Summary, Any]:
    """Uses records by the hash of their content, others if they are replaced."""
    for _ in range(_ATTEMPTS):
        description = described(data_dir, corpus, settings)
        try:
            return *description, use(description[1].content_hash)
        except InputError:
            if read_description(data_dir, corpus) == description:
                raise
    raise replaced_records(corpus_folder(data_dir, corpus), corpus)


def _opened(
    data_dir: pathlib.Path, corpus: str, content: str, tell: Callable[[str], object]
) -> list[Example] | None:
    """Opens the copy, made first where there is none; None if none can be made."""
    place = place_of(data_dir, corpus, content)
    if os.path.lexists(place):
        try:
            return _open(place, content)
        except _Unusable as error:
            tell(f"{corpus}: {place} is of no use ({error}) and is made anew.")
    # Before anything is waited for or written.
    stream = _tfrecords(corpus).stream
    try:
        lock = locks.place(data_dir, f"{corpus}.{FOLDER}")
        with locks.held(lock, tell, f"make the packed copy of '{corpus}'"):
            # Whom we waited for may have made it.
            with contextlib.suppress(_Unusable):
                return _open(place, content)
            _check_unreplaced(data_dir, corpus, content)
            with staging.folder(data_dir) as temporary, writing(data_dir):
                _make(temporary, place, stream(data_dir, corpus, content), content)
        return _open(place, content)
    except (Unwritable, _Unusable) as error:
        tell(f"{corpus}: goes on from the records, without a copy in {place}. {error}")
        return None


def _open(place: pathlib.Path, content: str) -> list[Example]:
    try:
        if damage := checksums.find_damage(place):
            raise _Unusable(": ".join(damage))
        if (head := columns.read_head(place)) != _head(content):
            other = f"of version {head['version']}, not {VERSION}"
            same = head["version"] == VERSION
            raise _Unusable(f"it is {'a copy of other records' if same else other}")
        return columns.read(place)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _Unusable(str(error)) from error


def _check_unreplaced(data_dir: pathlib.Path, corpus: str, content: str) -> None:
    """Sees in no time what all of the records would show."""
    found = read_description(data_dir, corpus)
    if found is None or found[1].content_hash != content:
        raise replaced_records(corpus_folder(data_dir, corpus), corpus)


def _make(
    temporary: pathlib.Path,
    place: pathlib.Path,
    examples: Iterable[Example],
    content: str,
) -> None:
    # Not that folder itself, which others may not read.
    new = temporary / FOLDER
    new.mkdir()
    columns.write(new, examples, _head(content))
    checksums.write(new)
    place.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(place):
        place.rename(temporary / "replaced")
    new.rename(place)
    for other in place.parent.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)


def _head(content: str) -> dict[str, Any]:
    return {"version": VERSION, "content_hash": content}


def _tfrecords(corpus: str) -> ModuleType:
    purpose = f"Reading the records of '{corpus}', of which there is no packed copy,"
    return needed.load("damldg_jax.records.tfrecords", purpose)
