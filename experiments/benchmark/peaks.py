"""What a device does at best: large products, large convolutions, and plain copying."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from experiments.benchmark.protocol import Cost, Wait
from experiments.benchmark.setting import Setting


class Sizes(NamedTuple):
    """Sizes at which a kind of device gets up to speed.

    Attributes:
      rows: of the square matrices that are multiplied.
      images: that are convolved.
      side: of an image, in places.
      channels: of an image.
      elements: of the arrays that are copied; far more than caches hold.
    """

    rows: int
    images: int
    side: int
    channels: int
    elements: int


_ACCELERATOR = Sizes(rows=8192, images=128, side=56, channels=256, elements=2**28)
SIZES = {
    "cpu": Sizes(rows=2048, images=8, side=28, channels=256, elements=2**26),
    "gpu": _ACCELERATOR,
    "tpu": _ACCELERATOR,
}

Peak = tuple[Callable[[], Wait | None], Cost]


def matrix_product(setting: Setting, sizes: Sizes) -> Peak:
    """A product of two square matrices in the setting's arithmetic."""
    shape = (sizes.rows, sizes.rows)
    rows = jax.random.normal(jax.random.key(0), shape).astype(setting.dtype)
    product = jax.jit(jnp.matmul)
    return _repeat(lambda: product(rows, rows)), Cost(2.0 * sizes.rows**3)


def convolution(setting: Setting, sizes: Sizes) -> Peak:
    """A convolution, 3x3 with stride 1, as most of a ResNet's are, but wide."""
    shape = (sizes.images, sizes.side, sizes.side, sizes.channels)
    images = jax.random.normal(jax.random.key(0), shape).astype(setting.dtype)
    kernel = jnp.ones((3, 3, sizes.channels, sizes.channels), setting.dtype)

    @jax.jit
    def convolve(images: jax.Array, kernel: jax.Array) -> jax.Array:
        names = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            images, kernel, (1, 1), "SAME", dimension_numbers=names
        )

    # The zeros that pad an image are no arithmetic.
    taps = (3 * sizes.side - 2) ** 2
    flop = 2.0 * sizes.images * taps * sizes.channels**2
    return _repeat(lambda: convolve(images, kernel)), Cost(flop)


def triad(setting: Setting, sizes: Sizes) -> Peak:
    """Reads two arrays and writes one: the most that can be asked of memory."""
    added = jnp.ones(sizes.elements, setting.dtype)
    # In place: fresh memory would be paid for as well.
    update = jax.jit(lambda x, y: 0.5 * x + y, donate_argnums=0)
    kept = [jnp.zeros(sizes.elements, setting.dtype)]

    def step() -> None:
        # The next call takes the memory of this result: it cannot be waited for later.
        kept[0] = update(kept[0], added).block_until_ready()

    return step, Cost(bytes_per_call=3.0 * added.nbytes)


def _repeat(run: Callable[[], jax.Array]) -> Callable[[], Wait]:
    def step() -> Wait:
        return run().block_until_ready

    return step


BUILDERS: dict[str, Callable[[Setting, Sizes], Peak]] = {
    "matrix_peak": matrix_product,
    "convolution_peak": convolution,
    "bandwidth": triad,
}
