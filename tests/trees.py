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


def make_iemocap(folder: Path, **labels: str) -> Path:
    """Makes turns with their labels, such as ``"neu"`` or ``"neu 2.5 3 4.125"``."""
    dialogues: dict[str, list[str]] = {}
    for turn, label in labels.items():
        dialogue = turn.rpartition("_")[0]
        session = f"Session{turn[4]}"
        make(folder, f"{session}/sentences/wav/{dialogue}/{turn}.wav")
        emotion, *values = label.split()
        values = ", ".join(f"{float(value):.4f}" for value in values or "233")
        dialogues.setdefault(
            f"{session}/dialog/EmoEvaluation/{dialogue}.txt", []
        ).append(
            f"[6.2901 - 8.2357]\t{turn}\t{emotion}\t[{values}]\nC-E2:\tNeutral;\t()\n"
            "A-E3:\tval 3; act 2; dom  2;\t()\n\n"
        )
    for name, lines in dialogues.items():
        write_labels(folder, name, "".join(lines))
    return folder


def write_labels(folder: Path, name: str, text: str | bytes) -> None:
    path = make(folder, name) / name
    head = b"% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    path.write_bytes(head + (text if isinstance(text, bytes) else text.encode()))


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
