"""What every speech encoder offers, so that nothing else asks which kind it is."""

import dataclasses
from collections.abc import Callable

import jax

# From waveforms [batch, samples] and lengths [batch], in samples, to the frames of the
# layers that were asked for, each [batch, frames, width] float32.
EncodeFn = Callable[[jax.Array, jax.Array], tuple[jax.Array, ...]]


@dataclasses.dataclass(frozen=True)
class SpeechEncoder:
    """A pretrained encoder of speech, whose weights are not read yet.

    Attributes:
      sample_rate: of the waveforms that it takes, in Hz.
      width: of its frames.
      num_layers: blocks; layer 0 is what goes into the first of them.
      num_frames: of a waveform of so many samples; at least 1.
      max_samples: the longest waveform that it takes.
      load: ``layers -> EncodeFn``, ascending numbers of layers; reads the weights and
        raises InputError where they are not what they should be.
    """

    sample_rate: int
    width: int
    num_layers: int
    num_frames: Callable[[int], int]
    max_samples: int
    load: Callable[[tuple[int, ...]], EncodeFn]
