"""Where the samples of a measured step come from: noise, cut or cut already."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np

from damldg_jax import training
from damldg_jax.augment import Augmentation
from damldg_jax.batches import Domains, Excerpt, Store, pack, pack_domains
from damldg_jax.dataset import Dataset, Example, build_dataset
from damldg_jax.emotions import EMOTIONS
from damldg_jax.meta import Batch
from damldg_jax.parallel import Layout, device_share, replicate
from damldg_jax.sampling import Windowing
from damldg_jax.source_domains import whole_corpora
from experiments.benchmark.setting import Setting, noise, recordings
from experiments.config import Config
from experiments.division import Division
from experiments.placement import Placement

# Calls for which excerpts may be asked: more than any measurement makes.
_MANY = 100_000
# What --input is in a run.
_PLACES = {"resident": "device", "streamed": "stream"}


class Input(NamedTuple):
    """What a training program reads.

    Attributes:
      store: the samples, on the devices.
      domains: which of them are trained on.
      excerpts: yields what each call is given beside.
    """

    store: Store
    domains: Domains
    excerpts: Iterator[Excerpt | None]


def windowing_of(setting: Setting) -> Windowing:
    """How examples are cut: as in the paper."""
    return Windowing(setting.frames, 0.0, Augmentation())


def make_input(setting: Setting, layout: Layout) -> Input:
    """Makes the input of a setting, as a run has it.

    Args:
      setting: shapes, and where samples come from.
      layout: which device does what.

    Returns:
      The input.
    """
    if setting.input == "constant":
        return _constant(setting, layout)
    dataset = _dataset(setting)
    place = _PLACES.get(setting.input, "device")
    config = Config(input=place, batch_size=setting.batch_size)
    placement = Placement(dataset, config, layout, windowing_of(setting), None)
    division = _division(dataset)
    on_host = placement.domains(division)
    size = setting.steps_per_call
    calls = [range(n * size, (n + 1) * size) for n in range(_MANY)]
    seeds = range(layout.slots)
    return Input(
        placement.store(division),
        replicate(on_host, layout.devices),
        placement.training_excerpts(on_host, setting.per_domain, seeds, calls, size),
    )


def _dataset(setting: Setting) -> Dataset:
    """Recordings of noise, each domain a corpus."""
    emotions = EMOTIONS[: setting.classes]
    corpora: dict[str, list[Example]] = {}
    for number, recording in enumerate(recordings(setting)):
        corpora.setdefault(f"domain{recording.domain}", []).append(
            Example(
                f"{number:05}",
                recording.spectrogram,
                emotion=emotions[recording.label],
                speaker="",
            )
        )
    return build_dataset(corpora, emotions)


def _division(dataset: Dataset) -> Division:
    nothing = np.zeros(0, np.int64)
    train = tuple(corpus.indices for corpus in dataset.corpora.values())
    domains = whole_corpora(dataset, dict(zip(dataset.corpora, train, strict=True)))
    return Division(train, {}, nothing, {}, nothing, {"hash": ""}, (), domains)


def _constant(setting: Setting, layout: Layout) -> Input:
    """A batch that is cut already, and has the compiled step take it as it is."""
    inputs, labels = noise(setting)
    store = pack(inputs.reshape(-1, *inputs.shape[2:]), labels.ravel(), setting.classes)
    members = np.arange(labels.size).reshape(labels.shape)
    training.sample_batch = constant_batch
    given = replicate((store, pack_domains(members)), layout.devices)
    return Input(*given, itertools.repeat(None))


def constant_batch(
    store: Store,
    domains: Domains,
    per_domain: int,
    windowing: Windowing,
    step: jax.Array,
    seed: jax.Array,
    excerpt: Excerpt | None = None,
    axis_name: str | None = None,
) -> Batch:
    """Stands in for ``sampling.sample_batch``, does nothing: the zero-data reference.

    Args:
      store: the batch, cut already, [domains * per_domain] samples of full length.
      domains: how many there are.
      per_domain: utterances of each, of all devices together.
      windowing: tells how long samples are.
      step: is not looked at, nor are the next two.
      seed: not looked at.
      excerpt: not looked at.
      axis_name: of the devices that share ``per_domain``, or None.

    Returns:
      The batch, a device's share of it.
    """
    del step, seed, excerpt
    shape = (len(domains.sizes), per_domain)
    inputs = store.frames.reshape(*shape, windowing.num_frames, -1, 1)
    labels = store.labels.reshape(shape)
    share = [device_share(x, 1, axis_name) for x in (inputs, labels)]
    return Batch(*share, domains.weights)
