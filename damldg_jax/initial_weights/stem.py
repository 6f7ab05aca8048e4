"""The input channels of a ResNet's first layer."""

from collections.abc import Callable

import numpy as np

from damldg_jax.initial_weights.signature import Place

STEM: Place = ("params", "encoder", "stem", "kernel")


def _as_they_are(kernel: np.ndarray, channels: int) -> np.ndarray:
    del channels
    return kernel


def _sum(kernel: np.ndarray, channels: int) -> np.ndarray:
    """A grey input then gives what equal channels gave."""
    if channels != 1:
        return kernel
    return kernel.sum(axis=2, keepdims=True, dtype=np.float64)


# From a kernel [rows, columns, in, out] and the channels of the inputs to the kernel
# that is taken.
CHANNELS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "match": _as_they_are,
    "sum": _sum,
}
