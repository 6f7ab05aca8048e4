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
from damldg_jax.batches import Excerpt, Store
from damldg_jax.models import Network
from damldg_jax.parallel import over_devices, spread
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
# From utterances [...] and a number of frames to all frames of them.
WholeFn = Callable[[np.ndarray, int], Excerpt | None]


def no_excerpt(utterances: np.ndarray, num_frames: int) -> None:
    """For a store that has its frames."""
    del utterances, num_frames


def compile_predict(
    network: Network,
    min_frames: int,
    silence: float,
    devices: Sequence[jax.Device],
    whole: WholeFn = no_excerpt,
) -> PredictFn:
    """Makes the function that predicts utterances of a store.

    Args:
      network: the model; it must know of no axis of devices.
      min_frames: shorter utterances are padded to this length with silence.
      silence: the value to pad with.
      devices: to which batches are dealt out, a whole one to each at a time.
      whole: frames of utterances [devices, batch], if the store has none.

    Returns:
      ``(params, batch_stats, store, lengths, utterances[n], progress=list) ->
      Predictions``, in the order of ``utterances``; the first three lie on each of the
      devices, ``lengths`` are those of the store in host memory, and ``progress`` wraps
      the list of batches.
    """

    @functools.cache
    def compiled(num_frames: int) -> Callable[..., tuple]:
        predict_batch = functools.partial(
            _predict_batch, network, min_frames, silence, num_frames
        )
        in_axes = (None, None, None, 0, 0)
        return over_devices(predict_batch, devices, in_axes=in_axes, out_axes=0)

    def predict(
        params: Params,
        batch_stats: BatchStats,
        store: Store,
        lengths: np.ndarray,
        utterances: np.ndarray,
        progress: Callable[[list], Iterable] = list,
    ) -> Predictions:
        padded = np.maximum(lengths[utterances], min_frames)
        batches = list(batches_of(padded, min_frames, len(devices)))
        parts: list[tuple] = []
        order: list[np.ndarray] = []
        for places, num_frames, size in progress(batches):
            # What is missing to full batches is filled up with the last utterance, so
            # that all run the same program; the surplus is cut off.
            filled = np.pad(places, (0, len(devices) * size - len(places)), mode="edge")
            taken = utterances[filled].astype(np.int32).reshape(len(devices), size)
            given = spread((taken, whole(taken, num_frames)), devices)
            output = compiled(num_frames)(params, batch_stats, store, *given)
            parts.append(output)
            order.append(places)
        return _in_order(parts, order)

    return predict


def _predict_batch(
    network: Network,
    min_frames: int,
    silence: float,
    num_frames: int,
    params: Params,
    batch_stats: BatchStats,
    store: Store,
    utterances: jax.Array,
    excerpt: Excerpt | None,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Returns outputs, energies and embeddings of utterances [batch]."""
    lengths = store.lengths[utterances]
    start = -jnp.maximum((min_frames - lengths) // 2, 0).astype(jnp.float32)
    windows = Windows(start, jnp.zeros_like(start), jnp.ones_like(start))
    inputs = read_windows(store, utterances, windows, num_frames, silence, excerpt)
    lengths = jnp.maximum(lengths, min_frames)
    logits, embedding = network.evaluate(params, batch_stats, inputs, lengths)
    objective = network.objective
    return objective.predict(logits), objective.energies(logits, 1.0), embedding


def batches_of(
    lengths: np.ndarray, min_frames: int, num_devices: int = 1
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Sorts utterances into batches of similar length.

    Args:
      lengths: [n] frames of each, at least ``min_frames``.
      min_frames: of any.
      num_devices: that take a batch each at a time.

    Yields:
      Places in ``lengths``, each once; to how many frames they are padded; and the
      batch of a device, which the last ones of a length need not fill.
    """
    steps = np.log(lengths / min_frames) / np.log(_LENGTH_RATIO)
    buckets = np.ceil(np.round(steps, 6)).astype(int)
    for bucket in np.unique(buckets):
        places = np.flatnonzero(buckets == bucket)
        num_frames = int(np.ceil(min_frames * _LENGTH_RATIO**bucket))
        size = max(1, _BATCH_FRAMES // num_frames)
        for first in range(0, len(places), size * num_devices):
            yield places[first : first + size * num_devices], num_frames, size


def _in_order(parts: Sequence[tuple], order: Sequence[np.ndarray]) -> Predictions:
    places = np.argsort(np.concatenate(order))
    columns: Iterable = zip(*map(_rows, jax.device_get(parts), order), strict=True)
    return Predictions(*(np.concatenate(column)[places] for column in columns))


def _rows(part: tuple, places: np.ndarray) -> tuple[np.ndarray, ...]:
    """Takes the axis of devices off, and what was filled up."""
    return tuple(x.reshape(-1, *x.shape[2:])[: len(places)] for x in part)
