"""Predicts whole utterances of any length, each exactly once.

Utterances are sorted into batches of similar length, and the network is told where
each ends, so that an utterance's result does not depend on its neighbours. Those
shorter than a training example are laid in the middle of one, with silence on both
sides, as the network knows them from training.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from damldg_jax.augment import Windows, read_windows
from damldg_jax.batches import Store
from damldg_jax.models import Network
from damldg_jax.types import BatchStats, Params

# Frames of one batch: what a laptop's cache and a GPU's occupancy both bear.
_BATCH_FRAMES = 8192
# Lengths are rounded up to powers of this ratio: few programs, little padding.
_LENGTH_RATIO = 1.25


class Predictions(NamedTuple):
    """What a network says about each utterance.

    Attributes:
      outputs: [utterances, predictions] float32: the probability of each class, or the
        value of each dimension.
      energy: [utterances] float32, ``log sum_c exp z_c`` of classes.
      embedding: [utterances, channels] float32, input of the last layer.
    """

    outputs: np.ndarray
    energy: np.ndarray
    embedding: np.ndarray


PredictFn = Callable[..., Predictions]


def compile_predict(network: Network, min_frames: int, silence: float) -> PredictFn:
    """Makes the function that predicts utterances of a store.

    Args:
      network: the model.
      min_frames: shorter utterances are padded to this length with silence.
      silence: the value to pad with.

    Returns:
      ``(params, batch_stats, store, utterances[n], progress=list) -> Predictions``, in
      the order of ``utterances``; ``progress`` wraps the list of batches.
    """

    @functools.partial(jax.jit, static_argnames="num_frames")
    def predict_batch(
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        utterances: jax.Array,
        num_frames: int,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        lengths = store.lengths[utterances]
        start = -jnp.maximum((min_frames - lengths) // 2, 0).astype(jnp.float32)
        windows = Windows(start, jnp.zeros_like(start), jnp.ones_like(start))
        inputs = read_windows(store, utterances, windows, num_frames, silence)
        lengths = jnp.maximum(lengths, min_frames)
        logits, embedding = network.evaluate(params, batch_stats, inputs, lengths)
        objective = network.objective
        return objective.predict(logits), objective.energies(logits, 1.0), embedding

    def predict(
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        utterances: np.ndarray,
        progress: Callable[[list], Iterable] = list,
    ) -> Predictions:
        lengths = np.maximum(np.asarray(store.lengths)[utterances], min_frames)
        parts: list[tuple] = []
        order: list[np.ndarray] = []
        for places, num_frames, size in progress(list(_batches(lengths, min_frames))):
            # A last, smaller batch is filled up with its last utterance, so that it
            # runs the same program; the surplus is cut off.
            filled = np.pad(places, (0, size - len(places)), mode="edge")
            output = predict_batch(
                params, batch_stats, store, utterances[filled], num_frames=num_frames
            )
            parts.append(tuple(x[: len(places)] for x in output))
            order.append(places)
        return _in_order(parts, order)

    return predict


def _batches(
    lengths: np.ndarray, min_frames: int
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Yields (places in ``lengths``, frames, batch size), each place once."""
    steps = np.log(lengths / min_frames) / np.log(_LENGTH_RATIO)
    buckets = np.ceil(np.round(steps, 6)).astype(int)
    for bucket in np.unique(buckets):
        places = np.flatnonzero(buckets == bucket)
        num_frames = int(np.ceil(min_frames * _LENGTH_RATIO**bucket))
        size = max(1, _BATCH_FRAMES // num_frames)
        for first in range(0, len(places), size):
            yield places[first : first + size], num_frames, size


def _in_order(parts: Sequence[tuple], order: Sequence[np.ndarray]) -> Predictions:
    places = np.argsort(np.concatenate(order))
    columns: Iterable = zip(*jax.device_get(parts), strict=True)
    return Predictions(*(np.concatenate(column)[places] for column in columns))
