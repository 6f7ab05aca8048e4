"""Convolutions over time before statistics pooling: a network that hears order.

Two layers of kernel 5, each with layer normalisation (Ba et al. 2016,
https://arxiv.org/abs/1607.06450) and a rectifier, and statistics of what they make of
the frames, after the frame-level layers of Snyder et al. 2018, "X-vectors: robust DNN
embeddings for speaker recognition" (https://doi.org/10.1109/ICASSP.2018.8461375). A
number that is pooled has seen nine frames, 180 ms at 50 Hz.

Frames are normalised first, feature by feature. What does not count is set to zero
before each convolution, as is what lies around the input, so padding changes no result.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from damldg_jax.assembly import COMPUTE_DTYPES, Network
from damldg_jax.heads import LEARNT_EPSILON, on_statistics
from damldg_jax.pooling import FrameNorm, pool_statistics

KERNEL = 5
_LAYERS = 2
_EPSILON = 1e-5


class TimeConvolution(nn.Module):
    """Convolution over time without a bias, of ``KERNEL`` frames around each.

    The same as ``flax.linen.Conv`` up to rounding, written as a product and a sum of
    its shifted parts, because XLA's convolutions on a CPU are slow in loops: with their
    gradients, of 32 x 150 x 768 to 64 channels in a ``lax.scan`` of two, measured on
    two cores with jax 0.10.2, 31 s as a convolution and 0.7 s as a product.

    Attributes:
      channels: of the result.
      dtype: of product and result; None for that of frames and parameters.
    """

    channels: int
    dtype: Any = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps [batch, frames, features] to [batch, frames, channels]."""
        shape = (KERNEL, x.shape[-1], self.channels)
        kernel = self.param("kernel", nn.initializers.he_normal(), shape)
        x, kernel = nn.dtypes.promote_dtype(x, kernel, dtype=self.dtype)
        taps = jnp.einsum("btf,kfc->kbtc", x, kernel)
        around = (KERNEL // 2, KERNEL // 2)
        taps = jnp.pad(taps, ((0, 0), (0, 0), around, (0, 0)))
        return sum(tap[:, k : k + x.shape[1]] for k, tap in enumerate(taps))


class TemporalPooling(nn.Module):
    """Statistics over time of what convolutions make of normalised frames.

    Attributes:
      width: channels of the convolutions.
      axis_name: of the devices that share a batch, or None.
      dtype: of the convolutions; None for that of frames and parameters.
    """

    width: int
    axis_name: str | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, frames: jax.Array, counts: jax.Array, train: bool) -> jax.Array:
        """Maps [batch, frames, features] to [batch, 2 * width]."""
        x = FrameNorm(self.axis_name, name="frame_norm")(frames, counts, train)
        for number in range(1, _LAYERS + 1):
            x = TimeConvolution(self.width, self.dtype, name=f"conv{number}")(x)
            x = nn.LayerNorm(
                epsilon=_EPSILON,
                use_fast_variance=False,
                dtype=self.dtype,
                name=f"norm{number}",
            )(x)
            x = nn.relu(x) * counts[..., None].astype(x.dtype)
        return pool_statistics(x.astype(frames.dtype), counts)


def temporal(
    num_outputs: int,
    num_features: int,
    *,
    width: int = 64,
    axis_name: str | None = None,
    compute_dtype: str = "float32",
    **options: Any,
) -> Network:
    """Builds a network on statistics over time of two convolutions.

    Args:
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis.
      width: channels of the convolutions, 2 or more: layer normalisation leaves nothing
        of a single one.
      axis_name: of the devices that share a training batch, or None.
      compute_dtype: a key of ``COMPUTE_DTYPES``: of convolutions and of hidden layers;
        statistics, parameters and logits keep the parameters' type.
      **options: others of ``pooled.pooled``.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``,
      which has those of the convolutions as ``pool``, and ``classifier``.

    Examples:
      >>> network = temporal(num_outputs=5, num_features=8, width=4)
      >>> params, _ = jax.jit(network.init)(jax.random.key(0))
      >>> jax.tree.map(jnp.shape, params["encoder"]["pool"]["conv1"])
      {'kernel': (5, 8, 4)}
    """
    return on_statistics(
        TemporalPooling(width, axis_name, COMPUTE_DTYPES[compute_dtype]),
        num_outputs,
        num_features,
        axis_name=axis_name,
        compute_dtype=compute_dtype,
        epsilon=LEARNT_EPSILON,
        **options,
    )
