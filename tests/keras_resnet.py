"""The ResNet-18 of the paper's public code, as Keras builds it, in any width.

Layers, names and epsilon are those of https://github.com/vtsouval/DA_MLDG.
"""

import os

import numpy as np

EPSILON = 1.001e-5


def build(width=2, channels=1, classes=3, *, epsilon=EPSILON, bias=False, keras=None):
    """Builds it with random weights and statistics.

    Args:
      width: channels of the first stage.
      channels: of the inputs.
      classes: units of the last layer.
      epsilon: of batch normalisation.
      bias: whether convolutions have one.
      keras: another Keras than the installed one.

    Returns:
      The model, and one that ends before its last layer.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if keras is None:
        import keras
    layers = keras.layers

    def convolve(x, filters, size, stride, name):
        convolution = layers.Conv2D(
            filters, size, strides=stride, use_bias=bias, name=f"{name}_conv"
        )
        norm = layers.BatchNormalization(epsilon=epsilon, name=f"{name}_bn")
        return norm(convolution(x))

    def block(x, filters, stride, shortcut, name):
        beside = convolve(x, filters, 1, stride, f"{name}_0") if shortcut else x
        for number in (1, 2):
            x = layers.ZeroPadding2D(1, name=f"{name}_{number}_pad")(x)
            x = convolve(x, filters, 3, stride, f"{name}_{number}")
            stride = 1
            if number == 1:
                x = layers.Activation("relu", name=f"{name}_1_relu")(x)
        x = layers.Add(name=f"{name}_add")([beside, x])
        return layers.Activation("relu", name=f"{name}_out")(x)

    inputs = layers.Input((None, None, channels))
    x = layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = convolve(x, width, 7, 2, "conv1")
    x = layers.Activation("relu", name="conv1_relu")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage in range(4):
        for number in range(2):
            new = stage > 0 and number == 0
            name = f"conv{stage + 2}_block{number + 1}"
            x = block(x, width * 2**stage, 1 + new, new, name)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    outputs = layers.Dense(classes, name="predictions")(x)
    model = keras.Model(inputs, outputs, name="ResNet18")
    randomise(model)
    return model, keras.Model(inputs, x)


def randomise(model):
    """Gives a model random weights; the first variances are small enough to feel e."""
    rng = np.random.default_rng(0)

    def draw(name, shape):
        if "kernel" in name:
            return rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape)
        if "variance" in name:
            return rng.uniform(0.5, 1.5, shape)
        return rng.normal(1.0 if "gamma" in name else 0.0, 0.3, shape)

    for layer in model.layers:
        values = [draw(weight.name, weight.shape) for weight in layer.weights]
        if layer.name == "conv1_bn":
            values[3] *= 1e-4
        if values:
            layer.set_weights(values)
