"""A worker of the benchmark in TensorFlow: see experiments/benchmark/protocol.py.

The meta-gradient is that of nested tapes, and a step is one ``tf.function``.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from benchmarks.parameters import Values, initial_values
from benchmarks.resnet_tensorflow import Tensors, logits
from benchmarks.split import Split, noise_split
from experiments.benchmark.protocol import Workload, process_peak_bytes, serve
from experiments.benchmark.setting import (
    INNER_LEARNING_RATE,
    LEARNING_RATE,
    MOMENTUM,
    Setting,
)
from experiments.benchmark.variants import VARIANTS


class Samples(NamedTuple):
    """Some domains, joined.

    Attributes:
      inputs: [samples, frames, features, 1], float.
      labels: [samples], int64.
    """

    inputs: tf.Tensor
    labels: tf.Tensor


def gradient(
    parameters: Tensors, meta_train: Samples, meta_test: Samples, setting: Setting
) -> dict[str, tf.Tensor]:
    """The gradient that a step descends.

    Args:
      parameters: theta, by name.
      meta_train: S'.
      meta_test: V.
      setting: the network and the variant.

    Returns:
      A tensor for each parameter, by name.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(parameters)
        if VARIANTS[setting.variant].meta:
            objective = _objective(parameters, meta_train, meta_test, setting)
        else:
            pairs = zip(meta_train, meta_test, strict=True)
            joined = Samples(*(tf.concat(pair, axis=0) for pair in pairs))
            outputs = logits(parameters, joined.inputs, setting)
            objective = _cross_entropy(outputs, joined.labels)
    return tape.gradient(objective, parameters)


def _objective(
    parameters: Tensors, meta_train: Samples, meta_test: Samples, setting: Setting
) -> tf.Tensor:
    """``L_theta(S') + gamma L_theta'(V)``."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(parameters)
        outputs = logits(parameters, meta_train.inputs, setting)
        loss = _cross_entropy(outputs, meta_train.labels)
    inner = tape.gradient(loss, parameters)
    virtual = {
        name: value - INNER_LEARNING_RATE * inner[name]
        for name, value in parameters.items()
    }
    outputs = logits(virtual, meta_test.inputs, setting)
    meta_test_loss = _cross_entropy(outputs, meta_test.labels)
    variant = VARIANTS[setting.variant]
    if not variant.margin:
        return loss + meta_test_loss
    train_outputs = logits(virtual, meta_train.inputs, setting)
    gamma = tf.abs(_energy(train_outputs) - _energy(outputs))
    gamma = gamma if variant.margin_gradient else tf.stop_gradient(gamma)
    return loss + gamma * meta_test_loss


def _cross_entropy(outputs: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs)
    return tf.reduce_mean(losses)


def _energy(outputs: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.reduce_logsumexp(outputs, axis=1))


class Peer:
    """Parameters, their batch, and what a step does to them."""

    def __init__(self, setting: Setting, values: Values, split: Split):
        """Places everything on the device.

        Args:
          setting: the network and the variant.
          values: parameters, whose precision is that of everything.
          split: the batch.
        """
        dtype = next(iter(values.values())).dtype
        self._setting = setting
        self._meta_train = _samples(split.train_inputs, split.train_labels, dtype)
        self._meta_test = _samples(split.test_inputs, split.test_labels, dtype)
        self._parameters = {n: tf.Variable(value) for n, value in values.items()}
        self._velocity = {n: tf.Variable(0 * value) for n, value in values.items()}
        self._descend = tf.function(self._eager_descend)

    def step(self) -> None:
        """Takes one step and waits for it, on a GPU too."""
        self._descend()
        tf.test.experimental.sync_devices()

    def gradient(self) -> Values:
        """The gradient that a step would descend."""
        compiled = tf.function(self._eager_gradient)
        return {name: value.numpy() for name, value in compiled().items()}

    def _eager_gradient(self) -> dict[str, tf.Tensor]:
        parameters = {n: tf.identity(value) for n, value in self._parameters.items()}
        return gradient(parameters, self._meta_train, self._meta_test, self._setting)

    def _eager_descend(self) -> tf.Tensor:
        """Updates the parameters; what it returns is there when they are."""
        for name, descended in self._eager_gradient().items():
            velocity = self._velocity[name]
            velocity.assign(MOMENTUM * velocity + descended)
            self._parameters[name].assign_sub(LEARNING_RATE * velocity)
        return tf.constant(0)


def _samples(inputs: np.ndarray, labels: np.ndarray, dtype: np.dtype) -> Samples:
    return Samples(tf.constant(inputs.astype(dtype)), tf.constant(labels))


def _device() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "cpu"
    return tf.config.experimental.get_device_details(gpus[0])["device_name"]


def _peak_bytes() -> int:
    """The most memory used: the device's own, or that of the process."""
    if tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return process_peak_bytes()


def build(setting: Setting) -> Workload:
    """Makes the workload of a setting."""
    peer = Peer(setting, initial_values(setting), noise_split(setting))
    return Workload(
        step=peer.step,
        device=_device(),
        versions={"tensorflow": tf.__version__},
        peak_bytes=_peak_bytes,
    )


if __name__ == "__main__":
    serve(build)
