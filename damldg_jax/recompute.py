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
import jax.numpy as jnp
import numpy as np

from damldg_jax.batches import Draw, Store, utterances_of_step
from damldg_jax.models import Network
from damldg_jax.training import Windowing, sample_batch
from damldg_jax.types import BatchStats, Params

NUM_BATCHES = 20
_SEED = 0

RecomputeFn = Callable[
    [Params, BatchStats, Store, Sequence[np.ndarray], int], BatchStats
]


def compile_recompute(network: Network, windowing: Windowing) -> RecomputeFn:
    """Makes the function that recomputes statistics, for one device.

    Args:
      network: the model; it must know of no axis of devices.
      windowing: how training examples are cut.

    Returns:
      ``(params, batch_stats, store, domains, per_domain) -> batch_stats``, a function
      of its arguments alone: the batches are the same at each call. ``domains`` are
      the indices of each domain's training utterances.
    """

    @jax.jit
    def of_batch(
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        utterances: jax.Array,
        step: jax.Array,
    ) -> BatchStats:
        rng = jax.random.fold_in(jax.random.key(_SEED), step)
        batch = sample_batch(store, Draw(utterances), rng, windowing)
        return network.statistics(params, batch_stats, batch.inputs)

    def recompute(
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        domains: Sequence[np.ndarray],
        per_domain: int,
    ) -> BatchStats:
        add = functools.partial(jax.tree.map, lambda a, b: a + b / NUM_BATCHES)
        total = jax.tree.map(jnp.zeros_like, batch_stats)
        for step in range(NUM_BATCHES):
            drawn = utterances_of_step(domains, per_domain, step, _SEED)
            batch = of_batch(params, batch_stats, store, drawn, np.int32(step))
            total = add(total, batch)
        return total

    return recompute
