"""A hash of every file of a folder, by which damage is found and named.

The list has the form that ``sha256sum --check SHA256SUMS`` reads; its last line, a
comment to that command, is the hash of the lines before it.
"""

import hashlib
import pathlib
from collections.abc import Callable, Collection

from damldg_jax.errors import InputError

NAME = "SHA256SUMS"
_OWN = "# of the lines above: "
_PROBLEMS = {
    FileNotFoundError: "it is missing",
    IsADirectoryError: "it is a folder",
    NotADirectoryError: "it is in a file, not in a folder",
}


def write(folder: pathlib.Path) -> None:
    """Lists the hashes of all files of a folder.

    Args:
      folder: whose files are complete.
    """
    lines = "".join(
        f"{_hash_file(path)}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != NAME
    )
    own = hashlib.sha256(lines.encode()).hexdigest()
    (folder / NAME).write_text(f"{lines}{_OWN}{own}\n", encoding="utf-8")


def find_damage(
    folder: pathlib.Path,
    wanted: Callable[[str], bool] = lambda name: True,
    needed: Collection[str] = (),
) -> tuple[str, str] | None:
    """Compares the files of a folder with the list of their hashes.

    Args:
      folder: that has a list.
      wanted: whether a file of that name is to be looked at.
      needed: names that must be on the list.

    Returns:
      Name of the first file that is damaged or missing and what is wrong with it, or
      None.

    Raises:
      InputError: a file may not be read.
    """
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return NAME, "it is not text"
    except OSError as error:
        return NAME, _problem(folder / NAME, error)
    lines, _, own = text.rpartition(_OWN)
    if own != hashlib.sha256(lines.encode()).hexdigest() + "\n":
        return NAME, "it does not match its own hash"
    listed = {line[66:]: line[:64] for line in lines.splitlines()}
    for name in needed:
        if name not in listed:
            return name, f"it is not listed in {NAME}"
    for name in filter(wanted, listed):
        try:
            if _hash_file(folder / name) != listed[name]:
                return name, "it does not match its hash"
        except OSError as error:
            return name, _problem(folder / name, error)
    return None


def same(a: pathlib.Path, b: pathlib.Path) -> bool:
    """Whether two folders hold the same, and neither is damaged."""
    if find_damage(a) or find_damage(b):
        return False
    return (a / NAME).read_bytes() == (b / NAME).read_bytes()


def _problem(path: pathlib.Path, error: OSError) -> str:
    """What is wrong with a file; raises if it may be as it should."""
    for kind, problem in _PROBLEMS.items():
        if isinstance(error, kind):
            return problem
    raise InputError(
        f"Cannot read {path}: {error.strerror}. See to its permissions and to the disk."
    ) from error


def _hash_file(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
