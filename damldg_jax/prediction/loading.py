"""Loads a trained model, unless its features are none that this program computes."""

import pathlib

from damldg_jax.encoders import ENCODERS
from damldg_jax.errors import InputError
from damldg_jax.features import SIGN, EncoderChoice, Features, resolve
from damldg_jax.features.encoder_choice import choice_of
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.prediction.description import Description
from damldg_jax.prediction.model import Model
from damldg_jax.prediction.model_file import decode
from damldg_jax.prediction.places import find_file


def load(
    path: str | pathlib.Path,
    selection: str | None = None,
    features: str | None = None,
    encoder_weights: str | pathlib.Path | None = None,
) -> Model:
    """Loads a trained model.

    Args:
      path: a model's file, the folder of a run, a folder of one run alone, or that of
        an export.
      selection: of a run, ``"best"`` on the validation speakers or ``"last"``; left
        out, the best if there is one.
      features: must be given, and be what the model names, if its features are a
        function, ``"package.module:function"``: to load a model shall not run code
        that the model chooses.
      encoder_weights: must be given for a model on a pretrained encoder, such as
        Whisper's, and be the very weights that it was trained on.

    Returns:
      The model.

    Raises:
      InputError: there is no model, or one that cannot be used.
    """
    file = find_file(pathlib.Path(path), selection)
    contents = decode(file)
    weights = None if encoder_weights is None else pathlib.Path(encoder_weights)
    return Model(contents, _features(file, contents.description, features, weights))


def _features(
    path: pathlib.Path,
    description: Description,
    given: str | None,
    weights: pathlib.Path | None,
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
    features = resolve(name, encoder=_encoder(path, description, weights))
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


def _encoder(
    path: pathlib.Path, description: Description, weights: pathlib.Path | None
) -> EncoderChoice | None:
    """The numbers of an encoder that a model is of; None if it is of none."""
    # Of altered recordings it is known by what is computed from them.
    name = description.features["name"].partition(SIGN)[0]
    if name not in ENCODERS:
        # What belongs to none is refused by who looks the features up.
        return weights and EncoderChoice(weights)
    if weights is None:
        raise InputError(
            f"{path} is a model on a pretrained encoder ({name}), whose weights are no "
            "part of it. Name them: load(..., encoder_weights=...), or "
            "--model_encoder_weights."
        )
    try:
        return choice_of(description.features, weights)
    except ValueError as error:
        raise InputError(f"{path} is no model that can be used: {error}.") from error
