"""Random manifests and trees of names for the fuzzer."""

import csv
import io
import os
import re
import unicodedata
from pathlib import Path
from random import Random

from damldg_jax.corpora import CORPORA, list_manifest, list_utterances
from damldg_jax.corpora.folders import list_folders
from damldg_jax.errors import InputError
from tests.fuzz_audio import check_message, damage

PIECES = (
    *("Sad", "Sad", "sad", "Angry", "fear", "happy", "HAPPY"),
    *("s1", "s2", "03a01Wa", "train", ".hidden", "-rf"),
    *("Jos\u00e9", "Jose\u0301", "\u05e9\u05dc\u05d5\u05dd", "\u60b2", "a b", "x\ny"),
    *(
        "\udcff",
        "\udcc3",
        "\udced\udca0\udc80",
        "a\u202eb",
        "\x1b[31m",
        "~",
        "'",
        '"',
        ",",
        ";",
        "C:",
        "con",
        "...",
    ),
    *("\u0600", "\U0001f600", "%s", "{0}", "\\", "*", "y" * 120),
)
READ = (".wav", ".flac", ".ogg", ".opus", ".aiff", ".aif")
SUFFIXES = (".wav", ".WAV", ".flac", ".ogg", ".aiff", ".mp3", ".wave", ".txt", "")
CELLS = (
    *("a.wav", "b.flac", "./a.wav", "sub/c.wav", "../out.wav", "/etc/x.wav", "a.txt"),
    *("C:\\x\\a.wav", "C:/a.wav", "sub\\c.wav", "link.wav", "outside/x.wav", ""),
    *("Jos\u00e9.wav", "Jose\u0301.wav", "fear", "Angry", "joy", "angst", "s1", "1"),
    *("0,5", "0.5", "nan", "1e999", "female", "x\0.wav", "\0", "x\ny", '"', "=1+1"),
    *(" ", "\ufeff", "z" * 300 + ".wav", "folder.wav", "~/a.wav", "-a.wav"),
)
HEADS = ("path", "emotion", "speaker", "sex", "arousal", "Path", "room", "", "sep=;")


def make_manifest(rng: Random) -> bytes:
    """A manifest, most often with few faults."""
    mark = rng.choice((*",,;;\t\t", "|"))
    end = rng.choice(("\n", "\r\n", "\r"))
    heads = ["path", "emotion", "speaker"]
    heads += rng.sample(HEADS, rng.choice((0, 0, 0, 1, 3)))
    good = rng.random() < 0.7
    lines = [heads if good else rng.sample(heads, len(heads))]
    faults = rng.choice(((0,), (0,), (0, 0, 0, 0, 1), (0, 1, 3)))
    for number in range(rng.choice((0, 1, 2, 5, 30))):
        row = [f"{number}.wav", "fear", "s1"] + [""] * (len(heads) - 3)
        for _ in range(rng.choice(faults)):
            row[rng.randrange(len(row))] = rng.choice(CELLS)
        lines.append(row[: 2 if rng.random() < 0.01 else len(row)])
    buffer = io.StringIO(newline="")
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(buffer, delimiter=mark, lineterminator=end, quoting=quoting).writerows(
        lines
    )
    encoding = rng.choice(
        (*["utf-8", "utf-8-sig"] * 4, "utf-16", "utf-16-le", "cp1252")
    )
    head = rng.choice((*[""] * 9, f"sep={mark}{end}"))
    data = (head + buffer.getvalue()).encode(encoding, "replace")
    return data if good else damage(rng, bytearray(data))


def try_manifest(rng: Random, folder: Path) -> str:
    """One manifest: every row is listed, inside the folder, or the rows are told."""
    home = folder / "home"
    (home / "sub").mkdir(parents=True)
    for name in ("a.wav", "sub/c.wav", "Jos\u00e9.wav", "../out.wav", "folder.wav/x"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).touch()
    (home / "link.wav").symlink_to(folder / "out.wav")
    (home / "outside").symlink_to(folder)
    data = make_manifest(rng)
    (home / "m.csv").write_bytes(data)
    try:
        found, notices = list_manifest("mine", home / "m.csv")
    except InputError as error:
        check_message(str(error), named=str(home / "m.csv"))
        return "refused"
    assert all(notice.isprintable() for notice in notices)
    rows = _rows(data)
    assert len(found) == len(rows), f"{len(found)} of {len(rows)} rows are listed"
    for utterance in found:
        assert Path(os.path.realpath(utterance.path)).is_relative_to(home)
        assert utterance.speaker == unicodedata.normalize("NFC", utterance.speaker)
    return "read"


def _rows(data: bytes) -> list[list[str]]:
    """Rows that say anything, read in another way: with the mark of most columns."""
    text = re.sub(r"\Asep=.(\r\n?|\n)", "", data.decode("utf-8-sig"))
    readings = [
        list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
        for mark in ",;\t|"
    ]
    rows = max(readings, key=lambda rows: len(rows[0]))
    return [row for row in rows[1:] if any(cell.strip() for cell in row)]


def make_tree(rng: Random, folder: Path) -> None:
    """A corpus of few files with names of any kind, links and folders among them."""
    made = [folder]
    for name in rng.sample(("Sad", "Angry", "x/Happy", "Sad/s1"), rng.randrange(4)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        made.append(folder / name)
    for _ in range(rng.choice((1, 3, 10, 25))):
        parent = rng.choice(made)
        name = "".join(rng.choices(PIECES, k=rng.choice((1, 1, 2)))) + rng.choice(
            SUFFIXES
        )
        path = parent / name.replace("\\", "b") if rng.random() < 0.5 else parent / name
        try:
            action = rng.randrange(6)
            if action <= 1:
                path.mkdir()
                made.append(path)
            elif action <= 3:
                path.touch(exist_ok=False)
            elif action == 4:
                path.symlink_to(
                    rng.choice((*made, folder.parent, path, made[-1] / "x.wav"))
                )
            else:
                os.mkfifo(path)
        except OSError:
            continue  # The name is taken, or too long for this disk.


def try_tree(rng: Random, folder: Path) -> str:
    """One tree: every audio file is listed or told of, and nothing lies outside."""
    root = folder / "mine"
    root.mkdir()
    make_tree(rng, root)
    lists = (
        lambda: list_folders("mine", root),
        lambda: list_utterances(CORPORA["emodb"], root),
    )
    suffixes = ((*READ, ".mp3", ".wave"), READ)
    outcome = "refused"
    for listing, kinds in zip(lists, suffixes, strict=True):
        try:
            found, notices = listing()
            outcome = "read"
        except InputError as error:
            found, notices = (), (str(error),)
        told = re.findall(r"(\d+) audio file\(s\) left out", "".join(notices))
        least, most = _audio(root, kinds)
        listed = len(found) + sum(map(int, told))
        assert least <= listed <= most, f"{listed}, not {least} to {most}"
        assert all(notice.isprintable() for notice in notices), "unprintable"
        names = [utterance.name for utterance in found]
        assert len(set(names)) == len(names), "a name twice"
        for utterance in found:
            utterance.name.encode()
            utterance.speaker.encode()
            assert os.path.isfile(utterance.path)
            assert Path(os.path.realpath(utterance.path)).is_relative_to(root)
    return outcome


def _audio(root: Path, suffixes: tuple[str, ...]) -> tuple[int, int]:
    """How many files are in plain sight, and how many of anything may be told of."""
    shown = most = 0
    for parent, folders, names in os.walk(root):
        audio = [name for name in names if name.lower().endswith(suffixes)]
        hidden = "/." in parent.removeprefix(str(root))
        shown += 0 if hidden else sum(not name.startswith(".") for name in audio)
        # Any name may be one of a recording without suffix, and any folder is told of
        # if it is named like a recording or a link.
        most += len(names) + len(folders)
    return shown, most
