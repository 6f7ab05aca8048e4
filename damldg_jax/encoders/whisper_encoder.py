"""Whisper's encoder as one function from waveforms to frames."""

import jax
import jax.numpy as jnp

from damldg_jax.encoders import whisper_input
from damldg_jax.encoders.signature import EncodeFn, SpeechEncoder
from damldg_jax.encoders.tensors import Tensors
from damldg_jax.encoders.whisper import WhisperEncoder
from damldg_jax.encoders.whisper_weights import read_params, read_sizes


def open_whisper(tensors: Tensors) -> SpeechEncoder:
    """Describes the encoder in a file or folder of weights.

    Args:
      tensors: of the file or folder.

    Returns:
      The encoder.

    Raises:
      InputError: it is no encoder of Whisper.
    """
    sizes, prefix = read_sizes(tensors)

    def load(layers: tuple[int, ...]) -> EncodeFn:
        params = jax.device_put(read_params(tensors, sizes, prefix, max(layers)))
        encoder = WhisperEncoder(sizes)

        @jax.jit
        def encode(
            params: dict, waveforms: jax.Array, lengths: jax.Array
        ) -> tuple[jax.Array, ...]:
            mel = whisper_input.log_mel(waveforms, lengths, sizes.num_mels)
            frames = jnp.maximum(lengths // whisper_input.HOP, 1)
            # The same on every device, up to rounding.
            with jax.default_matmul_precision("float32"):
                return encoder.apply({"params": params}, mel, frames, layers)

        # Weights are given and not compiled in: each program would hold a copy.
        return lambda waveforms, lengths: encode(params, waveforms, lengths)

    return SpeechEncoder(
        sample_rate=whisper_input.SAMPLE_RATE,
        width=sizes.width,
        num_layers=sizes.num_layers,
        num_frames=lambda samples: (whisper_input.num_frames(samples) + 1) // 2,
        max_samples=2 * whisper_input.HOP * sizes.positions,
        load=load,
    )
