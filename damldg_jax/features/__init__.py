"""What is computed from a recording, by name.

To add a kind, write it in a file of its own, offering what ``Features`` says, and give
it a place in a table here.
"""

import pathlib
from collections.abc import Iterable

from damldg_jax.errors import InputError, unknown
from damldg_jax.features import files
from damldg_jax.features.deltas import LogMelDeltas
from damldg_jax.features.egemaps import Egemaps
from damldg_jax.features.files import FileEmbeddings
from damldg_jax.features.functions import FunctionEmbeddings
from damldg_jax.features.log_mel import LogMel
from damldg_jax.features.mfcc import Mfcc
from damldg_jax.features.pcen import Pcen
from damldg_jax.features.pictures import GREY32, RGB224, Pixels
from damldg_jax.features.signature import Features

__all__ = [
    "FEATURES",
    "NAMES",
    "Egemaps",
    "Features",
    "FileEmbeddings",
    "FunctionEmbeddings",
    "LogMel",
    "LogMelDeltas",
    "Mfcc",
    "Pcen",
    "Pixels",
    "resolve",
]

# What is computed from sound, frame by frame.
FEATURES: dict[str, Features] = {
    features.name: features for features in (LogMel(), LogMelDeltas(), Pcen(), Mfcc())
}
# Numbers of whole recordings, and pictures.
_OTHERS: dict[str, Features] = {
    features.name: features for features in (Egemaps(), RGB224, GREY32)
}

NAMES = (*FEATURES, *_OTHERS, files.NAME, "package.module:function")


def resolve(
    name: str,
    embeddings_dir: pathlib.Path | None = None,
    corpora: Iterable[str] = (),
) -> Features:
    """Finds features by name; nothing is read or imported yet.

    Args:
      name: in the table, ``"files"``, or a function, ``"package.module:function"``.
      embeddings_dir: the folder of ``"files"``, and of no others.
      corpora: whose embeddings are wanted; left out, all in that folder.

    Returns:
      The features.

    Raises:
      InputError: there are none of that name, or the folder does not go with them.
    """
    if (name == files.NAME) != (embeddings_dir is not None):
        raise InputError(
            f"--features={name} and --embeddings_dir={embeddings_dir or ''}: "
            f"--features={files.NAME} needs the folder of the embeddings, and no other "
            "features read it."
        )
    if embeddings_dir is not None:
        return FileEmbeddings(embeddings_dir, corpora)
    if ":" in name:
        return FunctionEmbeddings(name)
    known = FEATURES | _OTHERS
    if name not in known:
        raise unknown("features", name, NAMES)
    return known[name]
