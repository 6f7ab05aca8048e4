"""What lies beside the records of a corpus: where they come from, what they hold.

It is plain JSON, readable without TensorFlow.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from damldg_jax import checksums
from damldg_jax.errors import InputError

VERSION = "2.0.0"
BUILDER = "speech_emotion"
_FILE = "metadata.json"


@dataclasses.dataclass(frozen=True)
class Provenance:
    """Where records come from, known before they are made.

    Attributes:
      corpus: its name.
      feature_settings: everything that determines the features.
      num_features: size of their feature axis.
      fingerprint: of the list of source files, to see whether they changed.
      synthetic: whether the corpus is generated, not recorded.
      notices: what the user was told when its files were listed.
    """

    corpus: str
    feature_settings: Mapping[str, Any]
    num_features: int
    fingerprint: str
    synthetic: bool
    notices: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Summary:
    """What was stored.

    Attributes:
      skipped: recordings left out, with the reason of each.
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
      InputError: the description is damaged; it names the file and the remedy.
    """
    path = corpus_folder(data_dir, corpus) / _FILE
    if not path.parent.exists():
        return None
    # The whole folder is put there at once, so what is not in it is lost.
    if damage := checksums.find_damage(path.parent, _FILE.__eq__, [_FILE]):
        raise damaged_records(path.parent, corpus, ": ".join(damage))
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        provenance = dict(stored["provenance"])
        provenance["notices"] = tuple(provenance["notices"])
        return Provenance(**provenance), Summary(**stored["summary"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise damaged_records(path.parent, corpus, error) from error


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
        f"{name} {stored.get(name)} instead of {settings.get(name)}"
        for name in sorted({*stored, *settings})
        if stored.get(name) != settings.get(name)
    )
    if differences:
        raise InputError(
            f"The records of '{provenance.corpus}' in {data_dir} were made with other "
            f"settings: {differences}. Choose another --data_dir, or let them be made "
            "anew from the recordings by --overwrite."
        )


def damaged_records(folder: pathlib.Path, corpus: str, error: object) -> InputError:
    """Names damaged records and the remedy, for the caller to raise."""
    return InputError(
        f"The records of '{corpus}' in {folder} are damaged ({error}). Delete that "
        "folder and prepare the corpus again."
    )
