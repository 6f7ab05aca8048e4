"""What is computed from a recording, by name.

To add a kind, write it in a file of its own, offering what ``Features`` says, and give
it a place in a table here.
"""

import pathlib
from collections.abc import Iterable

from damldg_jax.alterations import SIGN, chain
from damldg_jax.encoders import ENCODERS
from damldg_jax.errors import InputError, unknown
from damldg_jax.features import files
from damldg_jax.features.altered import Altered
from damldg_jax.features.deltas import LogMelDeltas
from damldg_jax.features.egemaps import Egemaps
from damldg_jax.features.encoder_choice import OUTPUTS, EncoderChoice
from damldg_jax.features.files import FileEmbeddings
from damldg_jax.features.functions import FunctionEmbeddings
from damldg_jax.features.log_mel import LogMel
from damldg_jax.features.mfcc import Mfcc
from damldg_jax.features.pcen import Pcen
from damldg_jax.features.pictures import GREY32, RGB224, Pixels
from damldg_jax.features.signature import Features
from damldg_jax.features.speech_encoder import EncoderFeatures, encoder_features

__all__ = [
    "FEATURES",
    "NAMES",
    "OUTPUTS",
    "SIGN",
    "Egemaps",
    "EncoderChoice",
    "EncoderFeatures",
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

NAMES = (*FEATURES, *_OTHERS, *ENCODERS, files.NAME, "package.module:function")


def resolve(
    name: str,
    embeddings_dir: pathlib.Path | None = None,
    corpora: Iterable[str] = (),
    encoder: EncoderChoice | None = None,
) -> Features:
    """Finds features by name; nothing is read or imported yet.

    Args:
      name: in a table, ``"files"``, or a function, ``"package.module:function"``.
      embeddings_dir: the folder of ``"files"``, and of no others.
      corpora: whose embeddings are wanted; left out, all in that folder.
      encoder: which numbers of a pretrained encoder, for such features and no others.

    Returns:
      The features.

    Raises:
      InputError: there are none of that name, or the others do not go with it.
    """
    plain, sign, alteration = name.partition(SIGN)
    if sign:
        features = resolve(plain, embeddings_dir, corpora, encoder)
        return _altered(features, alteration)
    if (name == files.NAME) != (embeddings_dir is not None):
        raise InputError(
            f"--features={name} and --embeddings_dir={embeddings_dir or ''}: "
            f"--features={files.NAME} needs the folder of the embeddings, and no other "
            "features read it."
        )
    if (name in ENCODERS) != (encoder is not None):
        raise InputError(
            f"--features={name} and --encoder_weights={encoder and encoder.weights}: "
            f"--features={' and '.join(ENCODERS)} need the weights of the encoder, a "
            ".safetensors file or the folder that holds it, and no other features read "
            "them."
        )
    if encoder is not None:
        return encoder_features(name, encoder)
    if embeddings_dir is not None:
        return FileEmbeddings(embeddings_dir, corpora)
    if ":" in name:
        return FunctionEmbeddings(name)
    known = FEATURES | _OTHERS
    if name not in known:
        raise unknown("features", name, NAMES)
    return known[name]


def _altered(features: Features, alteration: str) -> Features:
    chain(alteration)
    if features.picture is not None or features.name == files.NAME:
        raise InputError(
            f"--features={features.name} are not computed from recordings, so that "
            f"there is nothing to alter by '{alteration}'."
        )
    return Altered(features, alteration)
