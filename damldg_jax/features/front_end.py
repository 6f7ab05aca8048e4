"""Features as pure JAX: what an exported model computes from a waveform by itself.

The Fourier transform is a product with two matrices, the cosines and sines at the bins
that a mel band reaches, which the window has scaled; so it is a strided convolution,
which every runtime has. In float32 it differs by rounding from ``LogMel``, which
computes in float64: ``docs/export.md`` tells by how much.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.features.log_mel import LogMel
from damldg_jax.features.mel import MelSpectrogram, mel_filters
from damldg_jax.features.mfcc import Mfcc
from damldg_jax.features.signature import Features

# From [batch, samples] float32 to [batch, frames, features] float32.
FrontEnd = Callable[[jax.Array], jax.Array]


def front_end(features: Features) -> FrontEnd:
    """Makes the function that computes features.

    Args:
      features: those that a model names.

    Returns:
      ``waveforms [batch, samples] -> [batch, frames, features]``, float32, of samples
      at ``features.sample_rate``, full scale 1; at least one frame of them.

    Raises:
      InputError: there is none for such features.
    """
    make = _FRONT_ENDS.get(features.name)
    if make is None:
        raise InputError(
            f"The features '{features.name}' have no front end in JAX, so that a model "
            "of them cannot be exported with one; there are some for "
            f"{', '.join(_FRONT_ENDS)}. Use the model by damldg_jax.load instead, or "
            "export its weights alone by --formats=safetensors."
        )
    return make(features)


def _log_mel(settings: LogMel) -> FrontEnd:
    magnitudes = _magnitudes(settings)
    return lambda waveforms: jnp.log(magnitudes(waveforms) + settings.offset)


def _mfcc(settings: Mfcc) -> FrontEnd:
    magnitudes, bands = _magnitudes(settings), settings.num_mels
    # The orthonormal cosine transform of type II.
    order = np.arange(settings.num_coefficients)
    angles = np.pi * np.outer(np.arange(bands) + 0.5, order) / bands
    cosines = np.cos(angles) * np.where(order == 0, 1, np.sqrt(2)) / np.sqrt(bands)

    def compute(waveforms: jax.Array) -> jax.Array:
        above_silence = jnp.log1p(magnitudes(waveforms) / settings.offset)
        return _product(above_silence, cosines)

    return compute


_FRONT_ENDS: dict[str, Callable[..., FrontEnd]] = {"log_mel": _log_mel, "mfcc": _mfcc}


def _magnitudes(settings: MelSpectrogram) -> FrontEnd:
    """Mel magnitudes, [batch, frames, num_mels]."""
    time = np.arange(settings.frame_length)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * time / settings.frame_length)
    filters = mel_filters(settings)
    reached = np.flatnonzero(filters.any(axis=0))
    angles = 2 * np.pi * np.outer(time, reached) / settings.fft_length
    waves = [window[:, None] * wave(angles) for wave in (np.cos, np.sin)]
    kernel = np.concatenate(waves, axis=1)[:, None].astype(np.float32)

    def compute(waveforms: jax.Array) -> jax.Array:
        transformed = jax.lax.conv_general_dilated(
            waveforms[:, :, None],
            kernel,
            (settings.hop_length,),
            "VALID",
            dimension_numbers=("NWC", "WIO", "NWC"),
            precision=jax.lax.Precision.HIGHEST,
        )
        real, imaginary = jnp.split(transformed, 2, axis=-1)
        return _product(jnp.sqrt(real**2 + imaginary**2), filters[:, reached].T)

    return compute


def _product(x: jax.Array, matrix: np.ndarray) -> jax.Array:
    # Accelerators round products to fewer digits unless told otherwise.
    precision = jax.lax.Precision.HIGHEST
    return jnp.matmul(x, matrix.astype(np.float32), precision=precision)
