"""Which corpora there are to check, and what else lies beside them."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from damldg_jax.audit import NOTE, Finding
from damldg_jax.corpora.files import first_few, printable
from damldg_jax.corpora.folders import list_folders
from damldg_jax.corpora.sources import Source, is_name, known_names, parse_entries
from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.plan import corpora_to_prepare

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")


def find_sources(config: Config) -> tuple[dict[str, Source], list[Finding]]:
    """Finds the corpora that a command is to check.

    Args:
      config: names corpora, or the folder all of whose known corpora are meant.

    Returns:
      The corpora by name, and remarks on what else lies in the folder.

    Raises:
      InputError: nothing is named, or the folder holds no known corpus.
    """
    if config.corpora or config.sources or config.target or config.scenario:
        return corpora_to_prepare(config), []
    folder = config.corpora_dir
    if folder is None:
        raise InputError(
            "Name the folder of the corpora, --corpora_dir=path/to/corpora, or "
            "corpora: --corpora=emodb=path/to/emodb,mine=path/to/manifest.csv."
        )
    folders, files = _contents(folder)
    lowered = {name.lower() for name in folders}
    known = [name for name in known_names() if name in lowered]
    remarks = list(_remarks(folder, folders, files))
    if not known:
        told = " ".join(finding.text for finding in remarks)
        raise InputError(
            f"{folder} holds no folder of a known corpus. {told} Known names: "
            f"{', '.join(known_names())}.".replace("  ", " ")
        )
    return parse_entries(known, folder), remarks


def _contents(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the folders and of the other files in a folder, hidden ones left out."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.name[0] != ".")
    except OSError as error:
        raise InputError(
            f"Cannot read --corpora_dir={folder}: {error.strerror}. It must be the "
            "folder that holds a folder for each corpus."
        ) from error
    folders = [entry.name for entry in entries if os.path.isdir(entry)]
    return folders, [entry.name for entry in entries if entry.name not in folders]


def _remarks(folder: Path, folders: list[str], files: list[str]) -> Iterator[Finding]:
    readable, unknown = [], []
    for name in folders:
        if name.lower() not in known_names():
            (readable if _has_emotions(folder / name) else unknown).append(name)
    if readable:
        shown = first_few([printable(name) for name in readable])
        yield Finding(
            NOTE,
            (),
            f"Not checked, as their names are no known corpora: {shown}. They hold a "
            "folder for each emotion and can be used, and checked, by that: "
            f"{_flag(folder, readable)}.",
            tuple(readable),
        )
    if unknown:
        shown = first_few([printable(name) for name in unknown])
        yield Finding(
            NOTE,
            (),
            f"Not checked, as their names are no known corpora: {shown}. Rename those "
            "that are known under another name; describe others by a manifest: "
            "--corpora=mine=path/to/manifest.csv.",
            tuple(unknown),
        )
    if archives := [name for name in files if name.lower().endswith(_ARCHIVES)]:
        yield Finding(
            NOTE,
            (),
            f"Archives are not read: {first_few([*map(printable, archives)])}. Unpack "
            "each into a folder that bears the corpus's name.",
            tuple(archives),
        )


def _flag(folder: Path, names: list[str]) -> str:
    """How one of some folders is used: by its own name if a corpus can have that."""
    if usable := [name for name in names if is_name(name)]:
        return f"--corpora={usable[0]}"
    paths = [str(folder / name) for name in names]
    # A comma would end the path, and what is shown as an escape cannot be typed.
    typed = [path for path in paths if path == printable(path) and "," not in path]
    return shlex.quote(f"--corpora=mine={[*typed, 'path/to/folder'][0]}")


def _has_emotions(folder: Path) -> bool:
    try:
        list_folders(folder.name, folder)
    except InputError:
        return False
    return True
