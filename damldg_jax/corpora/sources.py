"""Where the corpora that a user names are to be found."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from damldg_jax.corpora import CORPORA
from damldg_jax.corpora.declaration import Listing
from damldg_jax.corpora.files import printable
from damldg_jax.corpora.folders import list_folders
from damldg_jax.corpora.listing import list_utterances
from damldg_jax.corpora.manifest import list_manifest
from damldg_jax.corpora.pictures import PICTURES, list_pictures
from damldg_jax.corpora.scenarios import ALL, INNER, SPEAKERS, WITHIN
from damldg_jax.corpora.synthetic import MANIFEST, SYNTHETIC
from damldg_jax.errors import InputError, unknown


def known_names() -> tuple[str, ...]:
    """Names of all declared corpora, those that a user has added among them."""
    return (*CORPORA, *SYNTHETIC, *PICTURES)


# Words that mean something else where names of corpora are given.
RESERVED = (ALL, WITHIN, INNER, SPEAKERS)

# Corpora that tensorflow-datasets prepares, by the names that it gives them too.
TFDS = ("crema_d", "savee", "voxceleb")
_TFDS_PREFIX = "tfds:"


@dataclass(frozen=True)
class Source:
    """A corpus and where it lies.

    Attributes:
      name: names the corpus in flags, records and reports.
      language: of the corpus, or ``""`` where only its manifest tells.
      synthetic: whether the recordings are generated.
      location: its folder or its manifest, or None where neither is known.
      pictures: whether it is a domain of pictures.
      tfds: whether the folder is a dataset of tensorflow-datasets, of which
        `damldg_jax.tfds_audio` makes recordings with a manifest.
    """

    name: str
    language: str
    synthetic: bool
    location: Path | None
    tfds: bool = False
    pictures: bool = False

    @property
    def generated(self) -> bool:
        """Whether it is written out where it is missing."""
        embedded = self.pictures and PICTURES[self.name].embedded
        return (self.synthetic or embedded) and self.location is not None

    @property
    def dimension_range(self) -> tuple[float, float] | None:
        """Lowest and highest value of dimensions, where the corpus declares it."""
        manifest = self.location is not None and _is_manifest(self.location)
        declared = self.name in CORPORA and not manifest
        return CORPORA[self.name].dimension_range if declared else None

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
        if self.tfds:
            raise InputError(
                f"The recordings of '{self.name}' are still in the dataset "
                f"{self.location}: have them written by python -m experiments.prepare."
            )
        if _is_manifest(self.location):
            return list_manifest(self.name, self.location, self.language)
        if self.pictures:
            return list_pictures(self.name, self.location)
        if self.synthetic:
            return list_manifest(self.name, self.location / MANIFEST)
        if self.name in CORPORA:
            return list_utterances(CORPORA[self.name], self.location)
        return _list_folders(self.name, self.location)


def resolve(entry: str, corpora_dir: Path | None, also: Sequence[str] = ()) -> Source:
    """Finds out which corpus an entry means; nothing is read yet.

    Args:
      entry: a known name such as ``"emodb"``, ``"emodb=path/to/folder"``; any name
        with a manifest, ``"name=path/to/manifest.csv"``, or with a folder that has
        one for each emotion; or one of `TFDS` with the folder of
        tensorflow-datasets, ``"savee=tfds:path/to/tensorflow_datasets"``.
      corpora_dir: the folder that holds a folder for each name, if any.
      also: further names that would have done, for the error.

    Returns:
      The corpus and its location, which need not exist.

    Raises:
      InputError: the entry is malformed or its name unknown.
    """
    name, has_path, given = (part.strip() for part in entry.partition("="))
    if has_path and not given:
        raise InputError(f"The corpus '{entry}' has no path: write {name}=path.")
    if given.startswith(_TFDS_PREFIX):
        return _resolve_tfds(name, given.removeprefix(_TFDS_PREFIX))
    location = Path(os.path.expanduser(given)) if has_path else None
    if location is None and corpora_dir is not None:
        location = _folder(corpora_dir, name)
    if name not in known_names():
        if not _is_described(name, location, bool(has_path)):
            raise _unknown(name, also)
        _check_name(name)
    language = CORPORA[name].language if name in CORPORA else ""
    generated = name in SYNTHETIC and not (location and _is_manifest(location))
    pictures = name in PICTURES and not (location and _is_manifest(location))
    return Source(name, language, generated, location, pictures=pictures)


def is_name(name: str) -> bool:
    """Tells whether a corpus can have a name.

    Args:
      name: such as that of a folder.

    Returns:
      Whether it is of letters, digits and underscores, and means nothing else.
    """
    usable = re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)
    return bool(usable) and name.lower() not in RESERVED


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


def _is_described(name: str, location: Path | None, named: bool) -> bool:
    """Whether a name that is not known has a manifest or a folder that may do."""
    if location is None:
        return False
    if named and _is_manifest(location):
        return True
    # `EmoDB` is no new corpus but a slip, and so may be a name without a path.
    return name.lower() not in known_names() and (named or os.path.isdir(location))


def _list_folders(name: str, folder: Path) -> Listing:
    """Lists the emotions' folders, and tells what else might have been meant."""
    hints = []
    if folder.name.lower() in CORPORA:
        hints.append(
            f"{name}: the folder {folder} has the name of a known corpus, whose own "
            f"layout is read by --corpora={folder.name.lower()}={folder}."
        )
    if os.path.isfile(folder / MANIFEST):
        hints.append(
            f"{name}: {folder / MANIFEST} is not used; to read it, write "
            f"--corpora={name}={folder / MANIFEST}."
        )
    try:
        listing = list_folders(name, folder)
    except InputError as error:
        known = f"Corpora of other layouts that are known: {', '.join(CORPORA)}."
        raise InputError(" ".join([str(error), known, *hints])) from error
    return listing._replace(notices=(*listing.notices, *hints))


def _resolve_tfds(name: str, data_dir: str) -> Source:
    if name not in TFDS:
        raise InputError(
            f"'{name}' cannot be read from tensorflow-datasets: 'tfds:' goes with "
            f"{', '.join(TFDS)}, such as --corpora={TFDS[0]}=tfds:path/to/data_dir."
        )
    default = os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")
    folder = Path(os.path.expanduser(data_dir.strip() or default), name)
    language = CORPORA[name].language if name in CORPORA else ""
    return Source(name, language, synthetic=False, location=folder, tfds=True)


def _check_name(name: str) -> None:
    if not is_name(name):
        raise InputError(
            f"'{printable(name)}' cannot name a corpus. Choose a name of letters, "
            "digits and underscores that starts with a letter and is not "
            f"{', '.join(RESERVED)}: --corpora=mine=path."
        )


def _unknown(name: str, also: Sequence[str]) -> InputError:
    manifest = f"--corpora={name or 'name'}=path/to/manifest.csv"
    told = unknown("corpus", name, {*known_names(), *also})
    return InputError(
        f"{told} Any other corpus needs a manifest, {manifest}, or a folder that has "
        f"one for each emotion, --corpora={name or 'name'}=path/to/folder."
    )


def _folder(corpora_dir: Path, name: str) -> Path:
    try:
        folders = sorted(path for path in corpora_dir.iterdir() if path.is_dir())
    except OSError:
        folders = []  # The listing tells what is wrong with the folder.
    named = [path for path in folders if path.name.lower() == name.lower()]
    exact = corpora_dir / name
    return exact if exact in named or not named else named[0]
