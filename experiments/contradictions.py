"""Refuses settings that exclude each other."""

from typing import TYPE_CHECKING

from damldg_jax.errors import InputError
from damldg_jax.features import SIGN
from damldg_jax.networks import has_affine
from experiments.beginning import refuse_blocks

if TYPE_CHECKING:
    from experiments.config import Config


def refuse(config: "Config", default: type["Config"]) -> None:
    """Refuses settings that exclude each other, each of which there is.

    Args:
      config: the settings.
      default: whose attributes are the defaults.

    Raises:
      InputError: two do not go together; it names both.
    """
    _refuse_copies(config)
    _refuse_of_targets(config, default)
    _refuse_halves(config, default)
    _refuse_of_domains(config)
    refuse_blocks(config, default)
    if config.evaluation_statistics == "target" and config.network_norm != "batch":
        raise InputError(
            "--evaluation_statistics=target with "
            f"--network_norm={config.network_norm}: there are no statistics over the "
            "batch that the target could give. Leave it out."
        )
    _refuse_tent(config, default)
    if config.weight_average != "none" and _lags(config):
        raise InputError(
            f"--weight_average={config.weight_average} with "
            "--evaluation_statistics=running: the running statistics are of the "
            "parameters as they are, and not of their average. Leave one of them out."
        )
    if config.epochs is not None and config.steps is not None:
        raise InputError(
            f"--epochs={config.epochs} and --steps={config.steps} both give the length "
            "of training: leave one out."
        )


def _refuse_copies(config: "Config") -> None:
    """Refuses altered copies of what is altered already."""
    if config.variants and SIGN in config.features:
        raise InputError(
            f"--features={config.features} with --variants="
            f"{','.join(config.variants)}: features of altered recordings have no "
            "further copies. Give the one or the other; --variants takes chains, too, "
            f"such as excerpt{SIGN}noise."
        )


def _lags(config: "Config") -> bool:
    return config.evaluation_statistics == "running" and config.network_norm == "batch"


def _refuse_of_targets(config: "Config", default: type["Config"]) -> None:
    for name in ("balance", "label_smoothing"):
        given = getattr(config, name)
        if config.target_kind == "dimensions" and given != getattr(default, name):
            raise InputError(
                f"--{name}={given} with --target_kind=dimensions: there are no "
                "classes. Leave it out."
            )


def _refuse_tent(config: "Config", default: type["Config"]) -> None:
    steps, rate = config.tent_steps, config.tent_learning_rate
    if rate == 0:
        raise InputError(
            f"--tent_learning_rate={rate}: give a number above 0, such as the default, "
            f"{default.tent_learning_rate}."
        )
    if not steps:
        if rate != default.tent_learning_rate:
            raise InputError(
                f"--tent_learning_rate={rate} without --tent_steps: give both."
            )
        return
    if config.target_kind == "dimensions":
        raise InputError(
            f"--tent_steps={steps} with --target_kind=dimensions: there are no classes "
            "whose entropy could be minimised. Leave it out."
        )
    if not has_affine(config.network, config.network_settings):
        raise InputError(
            f"--tent_steps={steps} with --model={config.network} and no "
            "--hidden_units: no normalisation layer has a scale and a bias that could "
            "be adapted. Give --hidden_units=256 or the like, or choose "
            "--model=temporal or, for spectrograms, resnet; or leave it out."
        )
    if config.network_norm == "batch" and config.evaluation_statistics != "target":
        raise InputError(
            f"--tent_steps={steps} with "
            f"--evaluation_statistics={config.evaluation_statistics}: parameters that "
            "are adapted to the target's batches are evaluated by its statistics. "
            "Give --evaluation_statistics=target as well."
        )


def _refuse_of_domains(config: "Config") -> None:
    number = config.domains_per_corpus
    if number is None:
        return
    if config.domains != "speakers":
        raise InputError(
            f"--domains_per_corpus={number} with --domains={config.domains}: a corpus "
            "is one domain. Give --domains=speakers, or leave it out."
        )


def _refuse_halves(config: "Config", default: type["Config"]) -> None:
    """Refuses what means nothing without another."""
    if config.beam_options and not config.beam:
        raise InputError(
            f"--beam_options={config.beam_options} without --beam: give both."
        )
    masked = config.mask_frames or config.mask_features
    if config.masks != default.masks and not masked:
        raise InputError(
            f"--masks={config.masks} without --mask_frames or --mask_features: give "
            "how wide they are as well."
        )
    if config.init_channels != default.init_channels and not config.init_from:
        raise InputError(
            f"--init_channels={config.init_channels} without --init_from: give both."
        )
