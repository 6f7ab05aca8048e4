"""What lies beside the records of a corpus: where they come from, what they hold.

It is plain JSON, readable without TensorFlow.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from damldg_jax.errors import InputError
from damldg_jax.records import checksums

VERSION = "2.0.0"
BUILDER = "speech_emotion"
_FILE = "metadata.json"

# Settings of features that tell nothing to who reads them, and what it means if they
# differ.
_HASHES = {
    "files": "the names, sizes or dates of the embeddings have changed",
    "source": "the source file of the function has changed",
    "weights": "the weights of the encoder are others",
}


@dataclasses.dataclass(frozen=True)
class Provenance:
    """Where records come from, known before they are made.

    Attributes:
      corpus: its name.
      feature_settings: everything that determines the features.
      num_features: size of their feature axis.
      fingerprint: of the list of source files, to see whether they changed.
      synthetic: whether the corpus is generated, not recorded.
      notices: what the user was told when its files were listed, without paths.
      dtype: of the features in the records.
    """

    corpus: str
    feature_settings: Mapping[str, Any]
    num_features: int
    fingerprint: str
    synthetic: bool
    notices: tuple[str, ...] = ()
    dtype: str = "float32"


@dataclasses.dataclass(frozen=True)
class Summary:
    """What was stored.

    Attributes:
      skipped: names of recordings left out, with the reason of each.
      counts: utterances of each emotion.
      seconds: of audio in all.
      content_hash: of everything in the records, the same however they were made.
    """

    skipped: Mapping[str, str]
    counts: Mapping[str, int]
    seconds: float
    content_hash: str


def corpus_folder(data_dir: pathlib.Path, corpus: str) -> pathlib.Path:
    """Where the records of a corpus lie."""
    return data_dir / BUILDER / corpus / VERSION


def older_versions(data_dir: pathlib.Path, corpus: str) -> list[pathlib.Path]:
    """Folders of records of a corpus that other versions made and this one ignores."""
    folder = corpus_folder(data_dir, corpus)
    return sorted(path for path in folder.parent.glob("*.*.*") if path != folder)


def read_description(
    data_dir: pathlib.Path, corpus: str
) -> tuple[Provenance, Summary] | None:
    """Reads what is stored beside the records; needs no TensorFlow.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus.

    Returns:
      Where the records come from and what they hold, or None without records.

    Raises:
      InputError: the description is damaged or may not be read; it names the file and
        the remedy.
    """
    folder = corpus_folder(data_dir, corpus)
    while (identity := _identify(folder)) is not None:
        try:
            return _read(folder, corpus)
        except InputError:
            # Unless another command has put other records there just now.
            if _identify(folder) == identity:
                raise
    return None


def described(
    data_dir: pathlib.Path, corpus: str, settings: Mapping[str, Any]
) -> tuple[Provenance, Summary]:
    """Reads what is stored beside records that must be there.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus.
      settings: of the features that are wanted.

    Returns:
      Where the records come from and what they hold.

    Raises:
      InputError: there are none, of other features or damaged ones.
    """
    if (description := read_description(data_dir, corpus)) is None:
        folder = corpus_folder(data_dir, corpus)
        raise InputError(f"No records of '{corpus}' in {folder}. Prepare them first.")
    check_settings(data_dir, description[0], settings)
    return description


@contextlib.contextmanager
def unreplaced(folder: pathlib.Path, corpus: str) -> Iterator[None]:
    """Tells records that another command replaces from such as are damaged.

    Args:
      folder: where the records of a corpus lie, which are read inside.
      corpus: name of the corpus.

    Yields:
      None.

    Raises:
      InputError: reading failed as other records were put there meanwhile.
    """
    identity = _identify(folder)
    try:
        yield
    except InputError as error:
        if _identify(folder) == identity:
            raise
        raise replaced_records(folder, corpus) from error


def _identify(folder: pathlib.Path) -> tuple[int, int] | None:
    """Tells a folder from another that is put in its place; None if there is none."""
    try:
        status = os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(
            f"Cannot look for records in {folder}: {error.strerror}. See to the "
            "permissions of --data_dir."
        ) from error
    return status.st_dev, status.st_ino


def _read(folder: pathlib.Path, corpus: str) -> tuple[Provenance, Summary]:
    # The whole folder is put there at once, so what is not in it is lost.
    if damage := checksums.find_damage(folder, _FILE.__eq__, [_FILE]):
        raise damaged_records(folder, corpus, ": ".join(damage))
    try:
        stored = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        provenance = dict(stored["provenance"])
        provenance["notices"] = tuple(provenance["notices"])
        return Provenance(**provenance), Summary(**stored["summary"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise damaged_records(folder, corpus, f"{_FILE}: {error}") from error


def check_settings(
    data_dir: pathlib.Path, provenance: Provenance, settings: Mapping[str, Any]
) -> None:
    """Refuses records of other features.

    Args:
      data_dir: where the records are kept.
      provenance: of the records.
      settings: of the features that are wanted.

    Raises:
      InputError: settings differ; it names them and the remedy.
    """
    stored = provenance.feature_settings
    differences = ", ".join(
        _tell_difference(name, stored, settings)
        for name in sorted({*stored, *settings})
        if stored.get(name) != settings.get(name)
    )
    if differences:
        raise InputError(
            f"The records of '{provenance.corpus}' in {data_dir} were made with other "
            f"settings: {differences}. Choose another --data_dir, or let them be made "
            "anew from the recordings by --overwrite."
        )


def _tell_difference(
    name: str, stored: Mapping[str, Any], wanted: Mapping[str, Any]
) -> str:
    if name in _HASHES and name in stored and name in wanted:
        return _HASHES[name]
    return f"{name} {stored.get(name)} instead of {wanted.get(name)}"


def replaced_records(folder: pathlib.Path, corpus: str) -> InputError:
    """Tells of records that another command has replaced, for the caller to raise."""
    return InputError(
        f"The records of '{corpus}' in {folder} were replaced while they were "
        "read. Give the command again."
    )


def damaged_records(folder: pathlib.Path, corpus: str, error: object) -> InputError:
    """Names damaged records and the remedy, for the caller to raise."""
    # What TensorFlow says further on is of no use here.
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return InputError(
        f"The records of '{corpus}' in {folder} are damaged ({reason}). Delete that "
        "folder and prepare the corpus again. The same command does so by itself, from "
        "the recordings."
    )
