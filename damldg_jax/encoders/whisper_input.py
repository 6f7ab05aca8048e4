"""What Whisper hears: log-mel frames, as its own front end makes them.

Radford et al. 2022, "Robust speech recognition via large-scale weak supervision"
(https://arxiv.org/abs/2212.04356): Hann windows of 25 ms every 10 ms, centred, with
the sound mirrored at its beginning; power in mel bands on Slaney's scale; decimal
logarithm, held above 8 below the recording's loudest, then shifted and scaled by 4.

Whisper pads recordings with silence to 30 s before that. Here a recording ends where it
ends, with zeros after it for the windows that reach beyond: the frames within it are
the same, unless all of it is quieter than a billionth.
"""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np

SAMPLE_RATE = 16_000
HOP = 160
_WINDOW = 400
_FLOOR = 1e-10
# Decimal logarithm of power, below the loudest of the recording.
_RANGE = 8.0


def num_frames(num_samples: int) -> int:
    """Log-mel frames of a recording; at least 1."""
    return max(1, num_samples // HOP)


def log_mel(waveforms: jax.Array, lengths: jax.Array, num_mels: int) -> jax.Array:
    """Computes what Whisper hears, of recordings in a batch.

    Args:
      waveforms: [batch, samples] float, full scale 1, zeros past ``lengths``; more than
        200 samples.
      lengths: [batch] int, samples of each.
      num_mels: bands, 80 or 128.

    Returns:
      [batch, frames, num_mels] float; zeros past the end of a recording.
    """
    chex.assert_rank([waveforms, lengths], [2, 1])
    half, samples = _WINDOW // 2, waveforms.shape[1]
    padded = jnp.pad(waveforms, ((0, 0), (0, _WINDOW)))
    # Mirrored, as if what follows the batch's end were silence.
    padded = jnp.concatenate([padded[:, half:0:-1], padded], axis=1)
    starts = HOP * np.arange(num_frames(samples))
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(
        waveforms.dtype
    )
    places = starts[:, None] + np.arange(_WINDOW)[None]
    frames = padded[:, places] * window[None, None]
    power = jnp.abs(jnp.fft.rfft(frames)) ** 2
    filters = _filters(num_mels).T.astype(waveforms.dtype)
    bands = jnp.matmul(power, filters, precision=jax.lax.Precision.HIGHEST)
    logarithm = jnp.log10(jnp.maximum(bands, _FLOOR))
    valid = jnp.arange(len(starts))[None] < jnp.maximum(lengths // HOP, 1)[:, None]
    inside = valid[..., None]
    loudest = jnp.max(logarithm, axis=(1, 2), keepdims=True, initial=-10, where=inside)
    held = jnp.maximum(logarithm, loudest - _RANGE)
    return jnp.where(inside, (held + 4) / 4, 0)


@functools.cache
def _filters(num_mels: int) -> np.ndarray:
    """The triangles of the mel bands, [num_mels, frequencies]."""
    import librosa

    return librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=_WINDOW, n_mels=num_mels, dtype=np.float64
    )
