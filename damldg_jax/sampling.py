"""The examples of a step: which utterances, where they are cut, and their frames.

All of it is a function of (seed, step), computed within the compiled step; nothing
random is carried along. Where frames are streamed, the host computes the same choice
ahead, to know which frames the step will read.
"""

import functools
from typing import NamedTuple

import jax

from damldg_jax.augment import Augmentation, Windows, draw_windows, read_windows
from damldg_jax.batches import Domains, Excerpt, Store, draw_utterances
from damldg_jax.columns import Columns, ColumnWindows, draw_columns, read_columns
from damldg_jax.masking import MaskPlaces, Masks, draw_masks, mask
from damldg_jax.meta import Batch
from damldg_jax.parallel import device_share


class Windowing(NamedTuple):
    """How examples are cut from utterances.

    Attributes:
      num_frames: of an example.
      silence: value outside of the utterance.
      augmentation: ranges from which each example is altered.
      columns: how pictures are altered from side to side, or None.
      masks: how examples are masked, or None.
    """

    num_frames: int
    silence: float
    augmentation: Augmentation
    columns: Columns | None = None
    masks: Masks | None = None


class Choice(NamedTuple):
    """What a step looks at.

    Attributes:
      utterances: [domains, per_domain] int32, indices into the store.
      windows: [domains, per_domain], where each is cut.
      columns: [domains, per_domain], which columns of a picture are read, or None.
      masks: [domains, per_domain], where each is masked, or None.
    """

    utterances: jax.Array
    windows: Windows
    columns: ColumnWindows | None = None
    masks: MaskPlaces | None = None


def run_keys(seed: int | jax.Array) -> tuple[jax.Array, jax.Array]:
    """The keys of a run's initialisation and of its steps."""
    init_key, step_key = jax.random.split(jax.random.key(seed))
    return init_key, step_key


def step_keys(
    seed: int | jax.Array, step: int | jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The keys of a step's windows and of its algorithm."""
    rng = jax.random.fold_in(run_keys(seed)[1], step)
    window_key, algorithm_key = jax.random.split(rng)
    return window_key, algorithm_key


def choose(
    lengths: jax.Array,
    domains: Domains,
    per_domain: int,
    windowing: Windowing,
    step: jax.Array | int,
    seed: jax.Array | int,
) -> Choice:
    """Chooses what a step looks at, all devices together.

    Args:
      lengths: [utterances] int32, frames of each utterance of the store.
      domains: of the run.
      per_domain: utterances of each.
      windowing: how to cut.
      step: its number, from 0.
      seed: of the run.

    Returns:
      The choice, a function of its arguments alone.
    """
    utterances = draw_utterances(domains, per_domain, step, seed)
    keys = jax.random.split(step_keys(seed, step)[0], utterances.shape)
    window = functools.partial(
        draw_windows,
        num_frames=windowing.num_frames,
        augmentation=windowing.augmentation,
    )
    choice = Choice(utterances, jax.vmap(jax.vmap(window))(keys, lengths[utterances]))

    def columns(key: jax.Array) -> ColumnWindows:
        return draw_columns(jax.random.fold_in(key, 1), windowing.columns)

    def masks(key: jax.Array) -> MaskPlaces:
        # Windows are drawn by the first three keys that it splits into, which are
        # those that 0, 1 and 2 are folded into: masks shall not follow the shift.
        return draw_masks(jax.random.fold_in(key, 3), windowing.masks)

    if windowing.columns is not None:
        choice = choice._replace(columns=jax.vmap(jax.vmap(columns))(keys))
    if windowing.masks is not None:
        choice = choice._replace(masks=jax.vmap(jax.vmap(masks))(keys))
    return choice


def cut(
    store: Store,
    choice: Choice,
    windowing: Windowing,
    weights: jax.Array | None = None,
    excerpt: Excerpt | None = None,
) -> Batch:
    """Cuts the examples that are chosen.

    Args:
      store: packed utterances.
      choice: [domains, per_domain], such as a device's share.
      windowing: how they were chosen.
      weights: [domains] float32, what each domain counts, or None.
      excerpt: the frames of the examples, if the store has none.

    Returns:
      The batch, inputs [domains, per_domain, frames, features, 1].
    """
    utterances, windows, columns, masks = choice
    inputs = read_windows(
        store, utterances, windows, windowing.num_frames, windowing.silence, excerpt
    )
    if columns is not None:
        inputs = read_columns(inputs, columns, windowing.columns)
    if masks is not None:
        inputs = mask(inputs, masks, windowing.masks, windowing.silence)
    return Batch(inputs, store.labels[utterances], weights)


def sample_batch(
    store: Store,
    domains: Domains,
    per_domain: int,
    windowing: Windowing,
    step: jax.Array | int,
    seed: jax.Array | int,
    excerpt: Excerpt | None = None,
    axis_name: str | None = None,
) -> Batch:
    """Cuts the examples of a step, or a device's share of them.

    The choice is made for the whole batch on every device, so that it does not depend
    on how many devices there are.

    Args:
      store: packed utterances.
      domains: of the run.
      per_domain: utterances of each, of all devices together.
      windowing: how to cut.
      step: its number, from 0.
      seed: of the run.
      excerpt: the frames of this device's examples, if the store has none.
      axis_name: of the devices that share ``per_domain``, or None.

    Returns:
      The batch, inputs [domains, per_domain / devices, frames, features, 1].
    """
    choice = choose(store.lengths, domains, per_domain, windowing, step, seed)
    share = jax.tree.map(lambda x: device_share(x, 1, axis_name), choice)
    return cut(store, share, windowing, domains.weights, excerpt)
