"""Where the corpora that a user names are to be found."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from damldg_jax.corpora import CORPORA
from damldg_jax.corpora.declaration import Listing, list_utterances
from damldg_jax.corpora.manifest import list_manifest
from damldg_jax.corpora.scenarios import PAPER_CORPORA
from damldg_jax.corpora.synthetic import MANIFEST, SYNTHETIC
from damldg_jax.errors import InputError, unknown

KNOWN = (*CORPORA, *SYNTHETIC)

# Words that mean something else where names of corpora are given.
RESERVED = ("all",)


@dataclass(frozen=True)
class Source:
    """A corpus and where it lies.

    Attributes:
      name: names the corpus in flags, records and reports.
      language: of the corpus, or ``""`` where only its manifest tells.
      synthetic: whether the recordings are generated.
      location: its folder or its manifest, or None where neither is known.
    """

    name: str
    language: str
    synthetic: bool
    location: Path | None

    def listing(self) -> Listing:
        """Lists the recordings.

        Returns:
          The recordings and remarks for the user.

        Raises:
          InputError: the location is not known, or not as it should be.
        """
        if self.location is None:
            raise InputError(
                f"Where the recordings of '{self.name}' lie is not known. Give the "
                f"folder that holds '{self.name}' by --corpora_dir, or its own folder "
                f"by --corpora={self.name}=path/to/folder."
            )
        if _is_manifest(self.location):
            return list_manifest(self.name, self.location, self.language)
        if self.synthetic:
            return list_manifest(self.name, self.location / MANIFEST)
        return list_utterances(CORPORA[self.name], self.location)


def resolve(entry: str, corpora_dir: Path | None, also: Sequence[str] = ()) -> Source:
    """Finds out which corpus an entry means; nothing is read yet.

    Args:
      entry: a known name such as ``"emodb"``, ``"emodb=path/to/folder"``, or any
        name with a manifest, ``"name=path/to/manifest.csv"``.
      corpora_dir: the folder that holds a folder for each known name, if any.
      also: further names that would have done, for the error.

    Returns:
      The corpus and its location, which need not exist.

    Raises:
      InputError: the entry is malformed or its name unknown.
    """
    name, has_path, given = (part.strip() for part in entry.partition("="))
    location = Path(os.path.expanduser(given)) if has_path else None
    if has_path and not given:
        raise InputError(f"The corpus '{entry}' has no path: write {name}=path.")
    if location is not None and _is_manifest(location):
        _check_name(name)
    elif name not in KNOWN:
        raise _unknown(name, also)
    elif location is None and corpora_dir is not None:
        location = _folder(corpora_dir, name)
    language = CORPORA[name].language if name in CORPORA else ""
    generated = name in SYNTHETIC and not (location and _is_manifest(location))
    return Source(name, language, generated, location)


def parse_entries(
    entries: Sequence[str], corpora_dir: Path | None
) -> dict[str, Source]:
    """Resolves all entries of a flag.

    Args:
      entries: see `resolve`.
      corpora_dir: see `resolve`.

    Returns:
      The source of each name, in the order given.

    Raises:
      InputError: an entry cannot be resolved, or a name is given twice.
    """
    sources: dict[str, Source] = {}
    for entry in entries:
        source = resolve(entry, corpora_dir)
        # Names become folders, and some systems do not tell case apart there.
        if source.name.lower() in map(str.lower, sources):
            raise InputError(
                f"The corpus '{source.name}' is given twice: {', '.join(entries)}. "
                "Give each corpus a name of its own."
            )
        sources[source.name] = source
    return sources


def _is_manifest(location: Path) -> bool:
    return location.suffix.lower() == ".csv"


def _check_name(name: str) -> None:
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) or name.lower() in RESERVED:
        raise InputError(
            f"'{name}' cannot name a corpus. Choose a name of letters, digits and "
            f"underscores that starts with a letter and is not {', '.join(RESERVED)}."
        )


def _unknown(name: str, also: Sequence[str]) -> InputError:
    manifest = f"--corpora={name or 'name'}=path/to/manifest.csv"
    if name in PAPER_CORPORA:
        return InputError(
            f"The corpus '{name}' is known from the paper, but its layout cannot be "
            f"read yet: describe it by a manifest for now, {manifest}."
        )
    told = unknown("corpus", name, {*KNOWN, *also})
    return InputError(f"{told} Any other corpus needs a manifest: {manifest}.")


def _folder(corpora_dir: Path, name: str) -> Path:
    try:
        folders = sorted(path for path in corpora_dir.iterdir() if path.is_dir())
    except OSError:
        folders = []  # The listing tells what is wrong with the folder.
    named = [path for path in folders if path.name.lower() == name]
    exact = corpora_dir / name
    return exact if exact in named or not named else named[0]
