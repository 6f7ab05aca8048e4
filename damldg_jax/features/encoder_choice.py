"""Which numbers of a speech encoder are kept, and what is made of its frames."""

import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

# Of each number over time, beside mean and deviation.
_QUANTILES = (0.1, 0.5, 0.9)


def _statistics(frames: np.ndarray) -> np.ndarray:
    """Mean and deviation over time, [1, 2 * width]."""
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)])[None]


def _quantiles(frames: np.ndarray) -> np.ndarray:
    """Mean, deviation and quantiles over time, [1, 5 * width]."""
    quantiles = np.quantile(frames, _QUANTILES, axis=0).astype(frames.dtype)
    return np.concatenate([_statistics(frames)[0], *quantiles])[None]


# What is kept of the frames, and how many numbers it makes of one.
OUTPUTS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "statistics": (_statistics, 2),
    "quantiles": (_quantiles, 2 + len(_QUANTILES)),
    "frames": (lambda frames: frames, 1),
}


class EncoderChoice(NamedTuple):
    """Which numbers of which encoder.

    Attributes:
      weights: a safetensors file, or the folder that holds it.
      layers: whose frames are taken, side by side; none for the middle one.
      output: a key of ``OUTPUTS``.
      whole_window: whether recordings are padded with silence to the longest that the
        encoder takes, as in its training.
    """

    weights: pathlib.Path
    layers: tuple[int, ...] = ()
    output: str = "statistics"
    whole_window: bool = False


def choice_of(settings: Mapping[str, Any], weights: pathlib.Path) -> EncoderChoice:
    """The choice that settings, which may come from a stranger, tell of.

    Args:
      settings: as ``EncoderFeatures.settings`` has them.
      weights: where those of the encoder lie.

    Returns:
      The choice.

    Raises:
      ValueError: one lacks, or is none that there can be.
    """
    layers, output = settings.get("layers"), settings.get("output")
    whole = settings.get("whole_window")
    if not isinstance(layers, list) or not all(type(n) is int for n in layers):
        raise ValueError(f"its layers of the encoder are {layers!r:.60}")
    if output not in OUTPUTS or not isinstance(whole, bool):
        raise ValueError(f"its output of the encoder is {output!r:.60}, {whole!r:.60}")
    return EncoderChoice(weights, tuple(layers), output, whole)
