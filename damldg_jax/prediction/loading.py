"""Loads a trained model, unless its features are none that this program computes."""

import pathlib

from damldg_jax.errors import InputError
from damldg_jax.features import Features, resolve
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.prediction.description import Description
from damldg_jax.prediction.model import Model
from damldg_jax.prediction.model_file import decode
from damldg_jax.prediction.places import find_file


def load(
    path: str | pathlib.Path,
    selection: str | None = None,
    features: str | None = None,
) -> Model:
    """Loads a trained model.

    Args:
      path: a model's file, the folder of a run, or a folder of one run alone.
      selection: of a run, ``"best"`` on the validation speakers or ``"last"``; left
        out, the best if there is one.
      features: must be given, and be what the model names, if its features are a
        function, ``"package.module:function"``: to load a model shall not run code
        that the model chooses.

    Returns:
      The model.

    Raises:
      InputError: there is no model, or one that cannot be used.
    """
    file = find_file(pathlib.Path(path), selection)
    contents = decode(file)
    return Model(contents, _features(file, contents.description, features))


def _features(
    path: pathlib.Path, description: Description, given: str | None
) -> Features:
    name = description.features["name"]
    if given not in (None, name):
        raise InputError(f"{path} is a model of the features '{name}', not '{given}'.")
    if ":" in name and given is None:
        raise InputError(
            f"{path} is a model of features that the function '{name}' computes. If "
            f"that is yours, or you trust it, say so: load(..., features='{name}'), or "
            f"--model_features={name}."
        )
    if name == "files":
        raise InputError(
            f"{path} is a model of embeddings from files, and cannot compute them from "
            "a recording. Train with --features=package.module:function."
        )
    features = resolve(name)
    if features.picture is not None:
        raise InputError(f"{path} is a model of pictures, and not of recordings.")
    silence = 0.0 if NORMALIZATIONS[description.normalization] else features.silence
    given_of = description.num_features, description.channels, description.silence
    settings = features.settings()
    changed = [
        f"{key} {description.features.get(key)} instead of {settings.get(key)}"
        for key in sorted({*settings, *description.features})
        if settings.get(key) != description.features.get(key)
    ]
    if given_of != (features.num_features, features.channels, silence):
        changed.append("their number, channels or silence")
    if changed:
        raise InputError(
            f"{path} is a model of other features than this program computes: "
            f"{', '.join(changed)}. Use the version of damldg_jax that made it."
        )
    return features
