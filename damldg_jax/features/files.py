"""Embeddings that somebody has computed, one file for each utterance.

``DIR/<corpus>/<utterance name>.npy``, or ``.npz`` with one array or one that is called
``embedding``; the name is that of the recording in its corpus, with its folders and
without its extension. Nothing is unpickled.
"""

import functools
import hashlib
import itertools
import os
import pathlib
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from damldg_jax.errors import InputError, RecordingError
from damldg_jax.features.embeddings import Embeddings, as_embedding

NAME = "files"
KEY = "embedding"
SUFFIXES = (".npy", ".npz")


class FileEmbeddings(Embeddings):
    """Embeddings in files below a folder."""

    name = NAME
    notice = ""

    def __init__(self, folder: pathlib.Path, corpora: Iterable[str] = ()):
        """Remembers the folder; nothing is read yet.

        Args:
          folder: that has a folder for each corpus.
          corpora: whose folders are looked into, in this order; left out, all
            there are.
        """
        self.folder = folder
        self.corpora = tuple(corpora)

    @property
    def num_features(self) -> int:
        """Dimensions of the first file, which all others must share."""
        return self._first[1]

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """Name, dimensions and a hash of the files' names, sizes and dates.

        Args:
          corpus: whose files; those of others do not count.

        Returns:
          The settings; where the folder lies is none of them.
        """
        return {
            "name": self.name,
            "num_features": self.num_features,
            "files": _fingerprint(self.folder / corpus),
        }

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Reads the embedding of a recording.

        Args:
          waveform: not used.
          recording: ``"<corpus>/<utterance name>"``.

        Returns:
          A float32 array [frames, num_features].

        Raises:
          RecordingError: there is no such file, or it cannot be used.
        """
        del waveform
        path = self._path(recording)
        try:
            return as_embedding(_load(path), self.num_features)
        except RecordingError as error:
            raise RecordingError(f"the embedding {path} {error}") from error

    def _path(self, recording: str) -> pathlib.Path:
        paths = [self.folder / f"{recording}{suffix}" for suffix in SUFFIXES]
        found = [path for path in paths if path.is_file()]
        if not found:
            raise RecordingError(f"no embedding {paths[0]} (or {SUFFIXES[1]})")
        if len(found) > 1:
            raise RecordingError(f"two embeddings, {found[0]} and {SUFFIXES[1]}")
        return found[0]

    @functools.cached_property
    def _first(self) -> tuple[pathlib.Path, int]:
        """The first file, and its dimensions."""
        folders = [self.folder / corpus for corpus in self.corpora] or [self.folder]
        for path in itertools.chain.from_iterable(map(_files, folders)):
            # Files beside the folders of the corpora are none of ours.
            if path.parent != self.folder:
                try:
                    return path, as_embedding(_load(path)).shape[1]
                except RecordingError as error:
                    raise InputError(f"The embedding {path} {error}.") from error
        raise InputError(
            f"There are no embeddings in {self.folder}: they are looked for as "
            f"{self.folder}/<corpus>/<name of the recording>.npy or .npz. Give their "
            "folder by --embeddings_dir."
        )


def _load(path: pathlib.Path) -> np.ndarray:
    try:
        # NumPy leaves a file open if it finds no archive in it; this closes it.
        with path.open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            return stored if isinstance(stored, np.ndarray) else _only(stored)
    except RecordingError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise RecordingError(f"cannot be read ({error})") from error


def _only(stored: np.lib.npyio.NpzFile) -> np.ndarray:
    with stored:
        names = stored.files
        if len(names) != 1 and KEY not in names:
            raise RecordingError(
                f"holds {', '.join(names) or 'no array'} and none '{KEY}'"
            )
        return stored[KEY if KEY in names else names[0]]


def _files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """The files below a folder, in a settled order; no folder is read twice."""
    # A link may lead back up to a folder that is being walked.
    visited = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders.sort()
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield pathlib.Path(parent, name)


def _fingerprint(folder: pathlib.Path) -> str:
    digest = hashlib.sha256()
    for path in _files(folder):
        status = path.stat()
        name = os.fsencode(path.relative_to(folder).as_posix())
        digest.update(b"%s\0%d\0%d\0" % (name, status.st_size, status.st_mtime_ns))
    return digest.hexdigest()
