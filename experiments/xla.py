"""How XLA is to compile for a CPU; on other backends these flags have no effect."""

import os

import jaxlib

# XLA hands convolutions and products to the library YNN, which computes each on one
# core. XLA's own kernels use all; in sums over many numbers YNN is the faster. A step
# of Deep-All takes three quarters of the time so, on two cores (docs/speed.md).
_YNN = "xla_cpu_experimental_ynn_fusion_type"
_CHOSEN = f"--{_YNN}=LIBRARY_FUSION_TYPE_REDUCE"
# XLA ends the process at a flag that it does not know; these versions were tried.
_KNOWING_YNN = ((0, 10), (0, 12))


def choose_flags() -> None:
    """Sets XLA's flags in the environment, unless the user has set the same.

    Takes effect if JAX has not used a device yet.
    """
    version = tuple(map(int, jaxlib.__version__.split(".")[:2]))
    given = os.environ.get("XLA_FLAGS", "")
    if _KNOWING_YNN[0] <= version <= _KNOWING_YNN[1] and _YNN not in given:
        os.environ["XLA_FLAGS"] = f"{given} {_CHOSEN}".strip()
