"""What runs begin with, by the settings: a file of weights, or the encoder's blocks.

A network that goes on with the blocks of a speech encoder begins with that encoder's
own, unless the user says otherwise.
"""

from typing import TYPE_CHECKING

from damldg_jax.errors import InputError
from damldg_jax.initial_weights import Blocks, Request
from damldg_jax.networks import NETWORKS

if TYPE_CHECKING:
    from experiments.config import Config

# Where the blocks of a network that has such begin.
STARTS = ("encoder", "random")


def beginning(config: "Config") -> Request | None:
    """The file of weights that runs begin with.

    Args:
      config: all settings.

    Returns:
      The file, without a word of blocks, for which it would have to be read; None for
      random weights.
    """
    if config.init_from is not None:
        return Request(config.init_from)
    goes_on = has_blocks(config) and config.tuned_start == "encoder"
    if goes_on and config.encoder_weights is not None:
        return Request(config.encoder_weights, "encoder_weights")
    return None


def has_blocks(config: "Config") -> bool:
    """Whether the network goes on with the blocks of an encoder."""
    return NETWORKS[config.network].has_blocks


def blocks_of(config: "Config") -> Blocks | None:
    """Which blocks of the encoder the network's are.

    Args:
      config: all settings.

    Returns:
      The blocks; None where the network has none, or features are not the frames of a
      layer.

    Raises:
      InputError: there is no such encoder or layer.
    """
    frames = config.encoder_weights is not None and config.encoder_output == "frames"
    if not (frames and has_blocks(config)):
        return None
    layers = config.extractor.layers
    return Blocks(layers[0], config.tuned_layers) if len(layers) == 1 else None


def blocks_in_scale(config: "Config") -> Blocks | None:
    """Which blocks of the encoder the network can begin with.

    Args:
      config: all settings.

    Returns:
      The blocks; None where they are given frames that are not as the encoder has them.

    Raises:
      InputError: there is no such encoder or layer.
    """
    return blocks_of(config) if config.normalization == "none" else None


def check_layers(config: "Config") -> None:
    """Refuses more blocks than the encoder has, before its features are computed.

    Args:
      config: all settings.

    Raises:
      InputError: there are not as many, or no such encoder or layer.
    """
    begun, blocks = beginning(config), blocks_of(config)
    if begun and blocks and begun.path == config.encoder_weights:
        begun._replace(blocks=blocks).check_layers(config.extractor.encoder.num_layers)


def ends_encoder(config: "Config") -> bool:
    """Whether the network's last block is the last of the encoder.

    Args:
      config: all settings.

    Returns:
      Whether it is; the encoder normalises what comes out of it.

    Raises:
      InputError: there is no such encoder or layer.
    """
    blocks = blocks_of(config)
    return blocks is not None and sum(blocks) == config.extractor.encoder.num_layers


def refuse_blocks(config: "Config", default: type["Config"]) -> None:
    """Refuses settings with which blocks cannot go on where the encoder has stopped.

    Args:
      config: the settings.
      default: whose attributes are the defaults.

    Raises:
      InputError: they do not go together; it names both and the remedy.
    """
    if not has_blocks(config):
        for name in ("tuned_layers", "tuned_start"):
            given = getattr(config, name)
            if given != getattr(default, name):
                raise InputError(
                    f"--{name}={given} with --model={config.network}: this network has "
                    "no blocks that are tuned. Give --model=transformer, or leave it "
                    "out."
                )
        return
    if config.init_from is not None and config.tuned_start != default.tuned_start:
        raise InputError(
            f"--tuned_start={config.tuned_start} with --init_from={config.init_from}: "
            "both say what runs begin with. Leave one out."
        )
    if config.encoder_weights is not None:
        _refuse_features(config)


def _refuse_features(config: "Config") -> None:
    """Refuses features of an encoder that are not what its blocks are given."""
    if config.encoder_output != "frames":
        raise InputError(
            f"--encoder_output={config.encoder_output} with --model={config.network}: "
            "this network's blocks take the frames of a layer. Give "
            "--encoder_output=frames, or --model=pooled for statistics over time."
        )
    # Of a file of --init_from it is known only when it is read whether it is an
    # encoder's or a model's, which begins with whatever it has learnt from.
    if config.tuned_start == "random" or config.init_from is not None:
        return
    random = "or have the blocks begin at random (--tuned_start=random)"
    if len({*config.encoder_layer}) > 1:
        told = ",".join(map(str, config.encoder_layer))
        raise InputError(
            f"--encoder_layer={told} with --model={config.network}: the encoder's "
            f"blocks take the frames of one layer. Give one, {random}."
        )
    if config.normalization != "none":
        raise InputError(
            f"--normalization={config.normalization} with --model={config.network}: "
            "the encoder's blocks take frames in its own scale; statistics of what "
            f"comes out are normalised in any case. Leave it out, {random}."
        )
