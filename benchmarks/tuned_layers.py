"""What a step takes that tunes the last layers of a speech encoder: memory and time.

  python -m benchmarks.tuned_layers                       # as large as Whisper's tiny
  python -m benchmarks.tuned_layers --width=512 --layers=2 --compute_dtype=bfloat16

The gradients of Deep-All and DA-MLDG of one batch, on one device, with the blocks kept
and with the blocks computed again (--remat): bytes that the compiled program needs
beside its arguments and results, and seconds, the least of some rounds after one
before. Weights and frames are drawn at random, for neither depends on them.
"""

import argparse
import dataclasses
import time

import jax
import jax.numpy as jnp
import numpy as np

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.assembly import COMPUTE_DTYPES
from damldg_jax.meta import Batch
from damldg_jax.transformer import transformer
from experiments.xla import choose_flags

_CLASSES = 5


def measure(
    method: str, remat: bool, given: argparse.Namespace
) -> tuple[float, float | None]:
    """Compiles a gradient and times it.

    Args:
      method: key of ``ALGORITHMS``.
      remat: whether blocks are computed again.
      given: sizes.

    Returns:
      MiB of memory, and seconds; None without rounds.
    """
    network = transformer(
        _CLASSES,
        given.width,
        blocks=given.layers,
        remat=remat,
        compute_dtype=given.compute_dtype,
    )
    # As a run does where memory is short.
    settings = dataclasses.replace(Hyperparameters(), keep_linearization=not remat)
    algorithm = ALGORITHMS[method].factory(network, settings, None)
    start = jax.jit(network.init)(jax.random.key(0))
    batch, key = _batch(given), jax.random.key(1)
    step = jax.jit(algorithm.gradient)
    compiled = step.lower(*start, (), batch, key).compile()
    memory = compiled.memory_analysis().temp_size_in_bytes / 2**20
    seconds = []
    for _ in range(given.rounds + 1 if given.rounds else 0):
        began = time.monotonic()
        jax.block_until_ready(compiled(*start, (), batch, key))
        seconds.append(time.monotonic() - began)
    return memory, min(seconds[1:], default=None)


def _batch(given: argparse.Namespace) -> Batch:
    rng = np.random.default_rng(0)
    shape = given.domains, given.per_domain
    inputs = rng.normal(size=(*shape, given.frames, given.width, 1))
    labels = rng.integers(0, _CLASSES, shape)
    return Batch(jnp.asarray(inputs, jnp.float32), jnp.asarray(labels, jnp.int32))


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", default="deep_all,da_mldg")
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--domains", type=int, default=3)
    parser.add_argument("--per_domain", type=int, default=10)
    parser.add_argument("--frames", type=int, default=100, help="50 are a second")
    parser.add_argument("--compute_dtype", choices=COMPUTE_DTYPES, default="float32")
    parser.add_argument("--rounds", type=int, default=3, help="0: memory alone")
    given = parser.parse_args()
    # As the commands do; on a CPU nothing would be computed again otherwise.
    choose_flags()
    print(f"{given.layers} layer(s) of width {given.width}, {jax.devices()[0]}:")
    for method in given.methods.split(","):
        for remat in (False, True):
            memory, seconds = measure(method, remat, given)
            told = "" if seconds is None else f", {seconds:.2f} s"
            print(f"{method}{' --remat' * remat}: {memory:.0f} MiB{told}", flush=True)


if __name__ == "__main__":
    main()
