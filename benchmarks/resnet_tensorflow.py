"""The ResNet of ``damldg_jax.models`` in TensorFlow, as a function of its parameters.

Parameters are a dictionary with the names and the layout of benchmarks/parameters.py.
"""

from collections.abc import Mapping

import tensorflow as tf

from experiments.benchmark.setting import STAGE_SIZES, Setting

Tensors = Mapping[str, tf.Tensor]

_EPSILON = 1e-5


def logits(parameters: Tensors, inputs: tf.Tensor, setting: Setting) -> tf.Tensor:
    """Applies the network, normalising by the statistics of this very batch.

    Args:
      parameters: by name.
      inputs: [batch, frames, features, 1].
      setting: the network.

    Returns:
      [batch, classes].
    """
    x = _conv(parameters["encoder/stem/kernel"], inputs, 2)
    x = tf.nn.relu(_norm(parameters, "encoder/stem_norm", x))
    # What a ReLU leaves is not negative: to its maximum a zero adds nothing.
    x = tf.nn.max_pool2d(_pad(x, 1), 3, 2, "VALID")
    for stage, count in enumerate(STAGE_SIZES[setting.depth]):
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            name = f"encoder/stage{stage + 1}_block{block + 1}"
            x = _block(parameters, name, x, stride)
    pooled = tf.reduce_mean(x, axis=(1, 2))
    return pooled @ parameters["classifier/kernel"] + parameters["classifier/bias"]


def _block(parameters: Tensors, name: str, x: tf.Tensor, stride: int) -> tf.Tensor:
    y = _conv(parameters[f"{name}/conv1/kernel"], x, stride)
    y = tf.nn.relu(_norm(parameters, f"{name}/norm1", y))
    y = _conv(parameters[f"{name}/conv2/kernel"], y, 1)
    y = _norm(parameters, f"{name}/norm2", y)
    if f"{name}/shortcut/kernel" in parameters:
        x = _conv(parameters[f"{name}/shortcut/kernel"], x, stride)
        x = _norm(parameters, f"{name}/shortcut_norm", x)
    return tf.nn.relu(x + y)


def _conv(kernel: tf.Tensor, x: tf.Tensor, stride: int) -> tf.Tensor:
    """Convolves with symmetric padding, which TensorFlow's ``SAME`` is not."""
    return tf.nn.conv2d(_pad(x, kernel.shape[0] // 2), kernel, stride, "VALID")


def _pad(x: tf.Tensor, size: int) -> tf.Tensor:
    if size == 0:
        return x
    return tf.pad(x, [[0, 0], [size, size], [size, size], [0, 0]])


def _norm(parameters: Tensors, name: str, x: tf.Tensor) -> tf.Tensor:
    scale, bias = parameters[f"{name}/scale"], parameters[f"{name}/bias"]
    if x.dtype == tf.float32:
        y, *_ = tf.compat.v1.nn.fused_batch_norm(x, scale, bias, epsilon=_EPSILON)
        return y
    # The fused operation knows no double precision.
    # Not tf.nn.moments, which stops the gradient of the mean within the variance: right
    # at first order, wrong at second.
    mean = tf.reduce_mean(x, axis=(0, 1, 2))
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=(0, 1, 2))
    return tf.nn.batch_normalization(x, mean, variance, bias, scale, _EPSILON)
