"""The network's parameters as a plain dictionary, named and laid out as in JAX.

Names are the paths of ``damldg_jax.models.resnet``'s tree, joined by ``/``; kernels of
convolutions are [height, width, inputs, outputs] and that of the classifier is
[inputs, classes]. Peers take their parameters, and give their gradients, in this form,
so that they can be compared with JAX's.
"""

import math

import numpy as np

from experiments.benchmark.setting import STAGE_SIZES, Setting

Values = dict[str, np.ndarray]
Shapes = dict[str, tuple[int, ...]]


def shapes(setting: Setting) -> Shapes:
    """Shapes of all parameters of the network of a setting, by name."""
    width, found = setting.width, {}
    found |= _convolution("encoder/stem", 7, 1, width)
    found |= _norm("encoder/stem_norm", width)
    inputs = width
    for stage, count in enumerate(STAGE_SIZES[setting.depth]):
        outputs = width * 2**stage
        for block in range(count):
            name = f"encoder/stage{stage + 1}_block{block + 1}"
            found |= _block(name, inputs, outputs)
            inputs = outputs
    found["classifier/kernel"] = (inputs, setting.classes)
    found["classifier/bias"] = (setting.classes,)
    return found


def _block(name: str, inputs: int, outputs: int) -> Shapes:
    found = _convolution(f"{name}/conv1", 3, inputs, outputs)
    found |= _norm(f"{name}/norm1", outputs)
    found |= _convolution(f"{name}/conv2", 3, outputs, outputs)
    found |= _norm(f"{name}/norm2", outputs)
    if inputs != outputs:
        found |= _convolution(f"{name}/shortcut", 1, inputs, outputs)
        found |= _norm(f"{name}/shortcut_norm", outputs)
    return found


def _convolution(name: str, size: int, inputs: int, outputs: int) -> Shapes:
    return {f"{name}/kernel": (size, size, inputs, outputs)}


def _norm(name: str, channels: int) -> Shapes:
    return {f"{name}/scale": (channels,), f"{name}/bias": (channels,)}


def initial_values(setting: Setting) -> Values:
    """Draws parameters: He's initialisation, float32.

    Args:
      setting: the network.

    Returns:
      Values of all parameters, by name.
    """
    rng = np.random.default_rng(0)
    return {name: _initial(rng, name, s) for name, s in shapes(setting).items()}


def _initial(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name.endswith("bias"):
        return np.zeros(shape, np.float32)
    if name.endswith("scale"):
        return np.ones(shape, np.float32)
    fan = math.prod(shape[:-2]) * shape[-1] if len(shape) == 4 else shape[0]
    deviation = np.float32(math.sqrt((2 if len(shape) == 4 else 1) / fan))
    return deviation * rng.standard_normal(shape, np.float32)
