"""Layers of the ResNet written for XLA on a CPU, where its own are slow.

The parameters and, up to rounding, the results and the derivatives of the network are
those of ``jax.lax.conv_general_dilated`` and ``flax.linen.max_pool``, which other
backends keep.
Measured with jax 0.10.2 on two cores, ResNet-18, 32 x 198 x 64 (``docs/speed.md``):

* The filter gradient of the stem, 7x7 on a single channel, as a convolution 35 to 40
  ms, as a product with the 49 shifted inputs 18 ms.
* Max pooling, whose gradient XLA scatters by indices: as maxima of slices it saves 0.26
  of 2.4 s of CPU time of a step of Deep-All.
* 1x1 convolutions with strides as products: their gradients take half the time.
"""

import jax
import jax.numpy as jnp

_TAPS = 3


def convolve(
    x: jax.Array, kernel: jax.Array, strides: tuple[int, int], padding, **options
) -> jax.Array:
    """Stands in for ``jax.lax.conv_general_dilated`` in ``flax.linen.Conv``.

    Args:
      x: [batch, height, width, channels].
      kernel: [rows, columns, channels, outputs].
      strides: of both axes.
      padding: ((top, bottom), (left, right)).
      **options: further ones of ``conv_general_dilated``, none of which dilates.

    Returns:
      [batch, height, width, outputs], smaller by the strides.
    """
    rows, columns, channels, outputs = kernel.shape
    if (rows, columns) == (1, 1) and _plain(x, kernel, padding):
        taken = x[:, :: strides[0], :: strides[1]]
        return jax.lax.dot_general(taken, kernel[0, 0], (((3,), (0,)), ((), ())))
    if channels == 1 and _plain(x, kernel):
        patches = _patches(x[..., 0], (rows, columns), strides, padding)
        return patches @ kernel.reshape(rows * columns, outputs)
    return jax.lax.conv_general_dilated(x, kernel, strides, padding, **options)


def _plain(x: jax.Array, kernel: jax.Array, padding=()) -> bool:
    """Whether channels are in one group, and nothing is padded."""
    return x.shape[3] == kernel.shape[2] and not any(map(any, padding))


def _patches(x: jax.Array, size, strides, padding) -> jax.Array:
    """[batch, height, width, rows * columns], what the kernel sees at each place."""
    x = jnp.pad(x, ((0, 0), *padding))
    # Columns first: their patches are small, and joining those of rows copies blocks.
    x = jnp.stack(_shifted(x, 2, size[1], strides[1]), axis=-1)
    return jnp.concatenate(_shifted(x, 1, size[0], strides[0]), axis=-1)


def _shifted(x: jax.Array, axis: int, taps: int, stride: int) -> list[jax.Array]:
    """For each tap of a kernel, what it meets along an axis."""
    places = (x.shape[axis] - taps) // stride
    return [
        jax.lax.slice_in_dim(x, tap, tap + places * stride + 1, stride, axis)
        for tap in range(taps)
    ]


def max_pool(x: jax.Array) -> jax.Array:
    """Max pooling, 3x3 with stride 2 and padding 1.

    Where values tie, their gradient is shared, not given to the first. In a network
    that is the same: ties are zeros of the rectifier, whose gradient goes no further,
    or lie in silence, where each has seen the same.

    Args:
      x: [batch, height, width, channels].

    Returns:
      [batch, ceil(height / 2), ceil(width / 2), channels].
    """
    for axis in (1, 2):
        margin = [(0, 0)] * x.ndim
        margin[axis] = (1, 1)
        padded = jnp.pad(x, margin, constant_values=-jnp.inf)
        first, second, third = _shifted(padded, axis, _TAPS, 2)
        x = jnp.maximum(jnp.maximum(first, second), third)
    return x
