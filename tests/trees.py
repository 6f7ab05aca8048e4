"""Trees of empty recordings and manifests to try."""

from pathlib import Path

import pytest

from damldg_jax.corpora import list_manifest
from damldg_jax.errors import InputError

HEADER = "path,emotion,speaker\n"


def make(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def recordings(folder: Path) -> Path:
    make(folder, "a.wav", "b.flac", "sub/c d.WAV", "x,y.wav", "notes.txt")
    (folder / "folder.wav").mkdir()
    return folder


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(folder: Path, text: str | bytes) -> str:
    path = write(folder, text)
    with pytest.raises(InputError) as raised:
        list_manifest("mine", path)
    assert str(path) in str(raised.value)
    return str(raised.value)
