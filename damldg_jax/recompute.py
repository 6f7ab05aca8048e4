"""Statistics of batch normalisation, computed anew for the parameters at hand.

Running statistics lag behind: they are a mean over the last steps, in each of which the
parameters were others. With a high learning rate that is enough to make a network that
has learnt its training data call everything by one name. Before it is evaluated, its
statistics are therefore recomputed, as Wu and Johnson 2021
(https://arxiv.org/abs/2105.07576, section 3) recommend: the mean over many training
batches, all seen with the same parameters.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import numpy as np

from damldg_jax.batches import Domains, Excerpt, Store
from damldg_jax.models import Network
from damldg_jax.parallel import over_devices, spread
from damldg_jax.sampling import Windowing, sample_batch
from damldg_jax.types import BatchStats, Params

NUM_BATCHES = 20
SEED = 0

RecomputeFn = Callable[[Params, BatchStats, Store, Domains], BatchStats]
# From the numbers of some batches to the frames that they read, [batches, ...].
ExcerptsFn = Callable[[Domains, np.ndarray], Excerpt | None]


def no_excerpts(domains: Domains, batches: np.ndarray) -> None:
    """For a store that has its frames."""
    del domains, batches


def compile_recompute(
    network: Network,
    windowing: Windowing,
    per_domain: int,
    devices: Sequence[jax.Device],
    excerpts: ExcerptsFn = no_excerpts,
) -> RecomputeFn:
    """Makes the function that recomputes statistics.

    Args:
      network: the model; it must know of no axis of devices.
      windowing: how training examples are cut.
      per_domain: utterances of each domain in a batch.
      devices: to which batches are dealt out, a whole one to each at a time.
      excerpts: frames of batches, if the store has none; the seed is ``SEED``.

    Returns:
      ``(params, batch_stats, store, domains) -> batch_stats``, a function of its
      arguments alone, which lie on each of the devices: the batches are the same at
      each call, and whatever the number of devices.
    """

    def of_batch(
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        domains: Domains,
        number: jax.Array,
        excerpt: Excerpt | None,
    ) -> BatchStats:
        batch = sample_batch(
            store, domains, per_domain, windowing, number, SEED, excerpt
        )
        return network.statistics(params, batch_stats, batch.inputs)

    mapped = over_devices(
        of_batch, devices, in_axes=(None, None, None, None, 0, 0), out_axes=0
    )
    rounds = _rounds(len(devices))

    def recompute(
        params: Params, batch_stats: BatchStats, store: Store, domains: Domains
    ) -> BatchStats:
        parts = []
        for numbers in rounds:
            given = spread((numbers, excerpts(domains, numbers)), devices)
            parts.append(mapped(params, batch_stats, store, domains, *given))
        return jax.tree.map(_mean, *jax.device_get(parts))

    return recompute


def _rounds(num_devices: int) -> np.ndarray:
    """Numbers of the batches that devices see at a time; the last may see one twice."""
    count = -(-NUM_BATCHES // num_devices) * num_devices
    return np.minimum(np.arange(count, dtype=np.int32), NUM_BATCHES - 1).reshape(
        -1, num_devices
    )


def _mean(*parts: np.ndarray) -> np.ndarray:
    # One after the other on the host: the sum does not depend on who computed what.
    every = np.concatenate(parts)[:NUM_BATCHES]
    return functools.reduce(np.add, every / np.asarray(NUM_BATCHES, every.dtype))
