"""A folder of recordings made of a prepared dataset: 16-bit FLAC and a manifest."""

import csv
import hashlib
import io
import json
import os
import pathlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import soundfile

from damldg_jax.corpora import CORPORA
from damldg_jax.errors import InputError

MANIFEST = "manifest.csv"
_SETTINGS = "settings.json"
_COLUMNS = ("path", "emotion", "speaker", "sex", "language")


class Recording(NamedTuple):
    """One recording as a dataset holds it.

    Attributes:
      samples: [samples] int16.
      rate: per second.
      emotion: canonical word.
      speaker: as the dataset names them.
    """

    samples: np.ndarray
    rate: int
    emotion: str
    speaker: str


def holds(folder: pathlib.Path, key: str) -> bool:
    """Whether the recordings are there already.

    Args:
      folder: where they go.
      key: of the dataset that they are made of.

    Returns:
      Whether they are there, all of them, made of that dataset.

    Raises:
      InputError: the folder holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        stored = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        whole = len(list(folder.glob("*.flac"))) == stored["recordings"]
        return stored["key"] == key and whole and (folder / MANIFEST).is_file()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} holds something else than recordings made of a dataset of "
            "tensorflow-datasets. Choose another --data_dir, or move it away."
        ) from error


def write(
    name: str, unfinished: pathlib.Path, recording: Recording, taken: Mapping[str, Any]
) -> tuple[str, ...]:
    """Writes a recording, unless an earlier attempt did.

    Args:
      name: of the corpus.
      unfinished: the folder to write to.
      recording: what to write.
      taken: paths of recordings written before.

    Returns:
      Its row of the manifest, the path first.
    """
    # The dataset keeps no names. A hash of the samples stays what it is in any order.
    digest = hashlib.sha256(recording.samples.astype("<i2").tobytes()).hexdigest()[:16]
    speaker = re.sub("[^A-Za-z0-9]+", "-", recording.speaker)
    stem = f"{speaker}_{recording.emotion}_{digest}"
    path, copies = f"{stem}.flac", 1
    while path in taken:
        copies += 1
        path = f"{stem}_{copies}.flac"
    if not (unfinished / path).exists():
        # In memory first: where a disk is full, libsndfile does not say so.
        buffer = io.BytesIO()
        soundfile.write(
            buffer, recording.samples, recording.rate, format="FLAC", subtype="PCM_16"
        )
        part = unfinished / f"{path}.{os.getpid()}.part"
        part.write_bytes(buffer.getbuffer())
        part.replace(unfinished / path)
    sex = CORPORA[name].sex.get(recording.speaker, "") if name in CORPORA else ""
    return path, recording.emotion, recording.speaker, sex, "English"


def write_index(
    unfinished: pathlib.Path, rows: Mapping[str, tuple[str, ...]], key: str
) -> None:
    """Writes the manifest, and at last what says that all is there.

    Args:
      unfinished: the folder with all recordings.
      rows: of the manifest, by path.
      key: of the dataset.
    """
    with (unfinished / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        ordered = [rows[path] for path in sorted(rows)]
        csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *ordered])
    for part in unfinished.glob("*.part"):
        part.unlink()
    settings = json.dumps({"key": key, "recordings": len(rows)})
    (unfinished / _SETTINGS).write_text(settings, encoding="utf-8")
