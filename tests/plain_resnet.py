"""A ResNet-18 in NumPy under torchvision's names, with random weights for it."""

import jax
import numpy as np

WIDTH, CLASSES = 2, 3
EPSILON = 1e-5


def random_weights(width=WIDTH, channels=3):
    """Random tensors as torchvision's ResNet-18 has them, in any width."""
    rng = np.random.default_rng(0)
    found = {}

    def convolution(name, outputs, inputs, size):
        found[f"{name}.weight"] = rng.normal(0, 0.3, (outputs, inputs, size, size))

    def norm(name, outputs):
        found[f"{name}.weight"] = rng.uniform(0.5, 1.5, outputs)
        found[f"{name}.bias"] = rng.normal(size=outputs)
        found[f"{name}.running_mean"] = rng.normal(size=outputs)
        found[f"{name}.running_var"] = rng.uniform(0.5, 1.5, outputs)
        found[f"{name}.num_batches_tracked"] = np.ones(())

    convolution("conv1", width, channels, 7)
    norm("bn1", width)
    before = width
    for stage in range(4):
        outputs = width * 2**stage
        for block in range(2):
            name = f"layer{stage + 1}.{block}"
            convolution(f"{name}.conv1", outputs, before, 3)
            norm(f"{name}.bn1", outputs)
            convolution(f"{name}.conv2", outputs, outputs, 3)
            norm(f"{name}.bn2", outputs)
            if before != outputs:
                convolution(f"{name}.downsample.0", outputs, before, 1)
                norm(f"{name}.downsample.1", outputs)
            before = outputs
    found["fc.weight"] = rng.normal(size=(1000, before))
    found["fc.bias"] = np.zeros(1000)
    return {name: np.asarray(x, np.float32) for name, x in found.items()}


def _windows(x, size, stride, padding, fill=0.0):
    """[batch, channels, rows, columns, size, size], what a kernel sees."""
    margin = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    x = np.pad(x, margin, constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return windows[:, :, ::stride, ::stride]


def embed(tensors, pictures):
    """The input of the last layer, in float64.

    Args:
      tensors: by torchvision's names.
      pictures: [batch, channels, rows, columns].

    Returns:
      [batch, channels of the last stage].
    """

    def convolve(x, name, stride=1):
        kernel = tensors[f"{name}.weight"].astype(np.float64)
        size = kernel.shape[-1]
        windows = _windows(x, size, stride, size // 2)
        return np.einsum("bihwkl,oikl->bohw", windows, kernel)

    def normalise(x, name):
        scale, bias, mean, variance = (
            tensors[f"{name}.{kind}"].astype(np.float64)[:, None, None]
            for kind in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / np.sqrt(variance + EPSILON) * scale + bias

    x = normalise(convolve(pictures, "conv1", 2), "bn1").clip(0)
    x = _windows(x, 3, 2, 1, -np.inf).max(axis=(-2, -1))
    for stage in range(1, 5):
        for block in range(2):
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = normalise(convolve(x, f"{name}.conv1", stride), f"{name}.bn1").clip(0)
            y = normalise(convolve(y, f"{name}.conv2"), f"{name}.bn2")
            if f"{name}.downsample.0.weight" in tensors:
                x = convolve(x, f"{name}.downsample.0", stride)
                x = normalise(x, f"{name}.downsample.1")
            x = (x + y).clip(0)
    return x.mean(axis=(2, 3))


def beginning(network):
    """Parameters and statistics of a network, all 0.5: quicker than random ones."""
    shapes = jax.eval_shape(network.init, jax.random.key(0))
    return jax.tree.map(lambda x: np.full(x.shape, 0.5, x.dtype), shapes)


def embedding(network, loaded, inputs):
    """What a network makes of inputs [batch, frames, bands, channels]."""
    inputs = inputs.reshape(*inputs.shape[:2], -1, 1)
    evaluate = jax.jit(network.evaluate)
    return evaluate(loaded.params, loaded.batch_stats, inputs).embedding
