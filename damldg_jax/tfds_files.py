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
from damldg_jax.tfds_copies import MANIFEST, SETTINGS

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
    corpus = CORPORA.get(name)
    sex = corpus.sex.get(recording.speaker, "") if corpus else ""
    language = corpus.language if corpus else ""
    return path, recording.emotion, recording.speaker, sex, language


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
    (unfinished / SETTINGS).write_text(settings, encoding="utf-8")
