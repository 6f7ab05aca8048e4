"""Finished parts of a corpus that is being prepared, kept for the next attempt.

A part is a run of utterances, sorted by name. Its examples lie in one file, named after
what determines them (settings of the features; labels, sizes and dates of the
recordings) and after a hash of its own bytes: a part that is damaged, or of something
else, is never used. All parts of a corpus are removed once its records are whole.
"""

import dataclasses
import hashlib
import io
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import damldg_jax
from damldg_jax.corpora.declaration import Utterance
from damldg_jax.dataset import Example, Rejected
from damldg_jax.extraction import extract_all, fingerprint
from damldg_jax.features import Features
from damldg_jax.records.provenance import VERSION
from damldg_jax.records.writing import writing

# So few that little is lost with an unfinished one and all cores have work to the end.
SIZE = 32
PREFIX = ".parts-"
# With one of these, the next attempt tries anew: something may have been mended.
_REJECTED = ".rejected"
_SUFFIX = ".npz"
_ARRAYS = ("features", "fingerprint")


@dataclasses.dataclass(frozen=True)
class Part:
    """Some utterances of a corpus; called, it gives their examples.

    Attributes:
      folder: of all parts of the corpus.
      corpus: its name.
      utterances: of this part.
      features: that are computed.
      key: of everything that determines the examples.
    """

    folder: pathlib.Path
    corpus: str
    utterances: tuple[Utterance, ...]
    features: Features
    key: str

    def __call__(self) -> list[Example | Rejected]:
        """Reads what was made before, or makes and keeps it."""
        for path in self.folder.glob(f"{self.key}.*{_SUFFIX}"):
            if (examples := _read(path)) is not None:
                return examples
        examples = extract_all(self.utterances, self.features, self.corpus)
        _write(self.folder, self.key, examples)
        return examples


def divide(
    data_dir: pathlib.Path,
    corpus: str,
    utterances: Sequence[Utterance],
    features: Features,
    settings: Mapping[str, Any],
) -> list[Part]:
    """Divides a corpus into parts; nothing is read or made yet.

    Args:
      data_dir: where records are kept.
      corpus: its name.
      utterances: all of it.
      features: to be computed.
      settings: of the features.

    Returns:
      Its parts, utterances sorted by name.
    """
    folder = folder_of(data_dir, corpus)
    utterances = sorted(utterances, key=lambda utterance: utterance.name)
    code = (VERSION, damldg_jax.__version__, json.dumps(settings, sort_keys=True))
    parts = []
    for start in range(0, len(utterances), SIZE):
        some = tuple(utterances[start : start + SIZE])
        text = json.dumps([*code, fingerprint(some)])
        key = hashlib.sha256(text.encode()).hexdigest()[:32]
        parts.append(Part(folder, corpus, some, features, key))
    return parts


def tidy(parts: Sequence[Part]) -> int:
    """Removes from the folder of parts what will not be used again.

    Args:
      parts: of the corpus, all of them; no other process works on it.

    Returns:
      How many utterances are in the parts that are left.
    """
    sizes = {part.key: len(part.utterances) for part in parts}
    left = set()
    for folder in {part.folder for part in parts}:
        for path in folder.glob("*"):
            key = path.name.split(".")[0]
            if key not in sizes or path.suffixes[1:] != [_SUFFIX]:
                path.unlink(missing_ok=True)
            else:
                left.add(key)
    return sum(sizes[key] for key in left)


def folder_of(data_dir: pathlib.Path, corpus: str) -> pathlib.Path:
    """Where the parts of a corpus lie, if there are any."""
    return data_dir.absolute() / f"{PREFIX}{corpus}"


def remove(data_dir: pathlib.Path, corpus: str) -> None:
    """Removes all parts of a corpus, on which no other process works."""
    shutil.rmtree(folder_of(data_dir, corpus), ignore_errors=True)


def _write(folder: pathlib.Path, key: str, examples: list[Example | Rejected]) -> None:
    rows, arrays = [], {}
    for number, example in enumerate(examples):
        row = dict(vars(example))
        for name in _ARRAYS:
            if name in row:
                arrays[f"{name}{number}"] = row.pop(name)
        rows.append(row)
    text = np.frombuffer(json.dumps(rows, default=float).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, rows=text, **arrays)
    content = buffer.getbuffer()
    rejected = any(isinstance(example, Rejected) for example in examples)
    name = f"{key}.{hashlib.sha256(content).hexdigest()}{_REJECTED * rejected}{_SUFFIX}"
    with writing(folder.parent):
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix="unfinished.", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, folder / name)
        except BaseException:
            # A disk that is full needs the room.
            pathlib.Path(temporary).unlink(missing_ok=True)
            raise


def _read(path: pathlib.Path) -> list[Example | Rejected] | None:
    """The examples in a file, or None if it is gone or damaged, and then removed."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != path.name.split(".")[1]:
        path.unlink(missing_ok=True)
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        rows = json.loads(stored["rows"].tobytes())
        for number, row in enumerate(rows):
            for name in _ARRAYS:
                if f"{name}{number}" in stored:
                    row[name] = stored[f"{name}{number}"]
    return [(Rejected if "reason" in row else Example)(**row) for row in rows]
