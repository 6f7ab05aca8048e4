"""How many times faster than real time recordings are encoded.

  python -m benchmarks.speech_encoder                     # as large as Whisper's base
  python -m benchmarks.speech_encoder --width=384 --blocks=4 --layer=2

Weights are drawn at random, for the time does not depend on them, and so is the sound:
recordings of 1 to 5 seconds. What is timed is what a preparation does of a recording
that is read: the front end, the encoder, statistics over time; once before, to compile.
"""

import argparse
import pathlib
import tempfile
import time

import numpy as np
from safetensors.numpy import save_file

from damldg_jax.encoders.whisper import Sizes
from damldg_jax.encoders.whisper_weights import PREFIXES, tensor_shapes
from damldg_jax.features import EncoderChoice, EncoderFeatures, resolve
from damldg_jax.records.parts import SIZE

_RATE = 16_000
_SECONDS = (1.0, 5.0)
_POSITIONS = 1_500


def random_weights(sizes: Sizes, path: pathlib.Path) -> None:
    """Writes a file of weights.

    Args:
      sizes: of the encoder.
      path: of the file.
    """
    rng = np.random.default_rng(0)
    shapes = tensor_shapes(sizes, PREFIXES[0])
    tensors = {
        name: (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)
        for name, shape in shapes.items()
    }
    save_file(tensors, path)


def measure(features: EncoderFeatures, recordings: int, rounds: int) -> list[float]:
    """Times what is computed.

    Args:
      features: that compute.
      recordings: how many.
      rounds: in which all are encoded, after one that compiles.

    Returns:
      Of each round, seconds of sound in a second.
    """
    rng = np.random.default_rng(1)
    lengths = rng.uniform(*_SECONDS, recordings)
    given = [(0.1 * rng.normal(size=round(s * _RATE)), "") for s in lengths]
    found = []
    for _ in range(rounds + 1):
        began = time.monotonic()
        # As many at a time as a preparation gives.
        for first in range(0, recordings, SIZE):
            list(features.compute_all(given[first : first + SIZE]))
        found.append(float(lengths.sum()) / (time.monotonic() - began))
    return found[1:]


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--mels", type=int, default=80)
    parser.add_argument("--layer", type=int, help="left out: the last")
    parser.add_argument("--recordings", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    layer = given.blocks if given.layer is None else given.layer
    sizes = Sizes(given.mels, given.width, 4 * given.width, given.blocks, _POSITIONS)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.safetensors"
        random_weights(sizes, path)
        features = resolve("whisper", encoder=EncoderChoice(path, (layer,)))
        rates = measure(features, given.recordings, given.rounds)
    told = ", ".join(f"{rate:.0f}" for rate in rates)
    print(f"layer {layer} of {given.blocks}, width {given.width}: {told} x real time")


if __name__ == "__main__":
    main()
