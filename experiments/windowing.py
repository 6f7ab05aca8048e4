"""How the settings of a command have training examples cut and altered."""

from damldg_jax.augment import NO_AUGMENTATION, OF_PICTURES, Augmentation
from damldg_jax.masking import Masks
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.sampling import Windowing
from experiments.config import Config


def make_windowing(config: Config, frame_rate: float) -> Windowing:
    """How training examples are cut and altered.

    Args:
      config: all settings.
      frame_rate: frames per second in the data; 0 if each utterance is one frame.

    Returns:
      The windowing.
    """
    features = config.extractor
    return Windowing(
        num_frames=features.num_frames(config.crop_seconds, frame_rate),
        silence=silence_of(config),
        augmentation=_augmentation(config),
        columns=features.picture if config.augment else None,
        masks=_masks(config),
    )


def silence_of(config: Config) -> float:
    """The input that stands for no sound."""
    # What is normalised is padded with the mean, which is then 0.
    return 0.0 if NORMALIZATIONS[config.normalization] else config.extractor.silence


def _augmentation(config: Config) -> Augmentation:
    if not config.augment:
        return NO_AUGMENTATION
    return OF_PICTURES if config.extractor.picture else Augmentation()


def _masks(config: Config) -> Masks | None:
    if not (config.mask_frames or config.mask_features):
        return None
    parts = config.mask_frames, config.mask_features
    return Masks(config.masks, *parts, config.extractor.channels)
