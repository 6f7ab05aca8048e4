"""The data of a command on its devices, or streamed to them."""

import functools
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from damldg_jax.batches import (
    Domains,
    Excerpt,
    Store,
    balanced,
    join,
    pack_domains,
)
from damldg_jax.dataset import Dataset
from damldg_jax.normalization import Normalization, normalize
from damldg_jax.parallel import Layout, local_copy, replicate, spread
from damldg_jax.recompute import SEED
from damldg_jax.sampling import Choice, Windowing, choose
from damldg_jax.streaming import Streamer, prefetch
from experiments.config import Config
from experiments.devices import local
from experiments.division import Division
from experiments.memory import fits
from experiments.teams import team_of


class Placement:
    """Where the data lie, and how a step gets at them."""

    def __init__(
        self,
        dataset: Dataset,
        config: Config,
        layout: Layout,
        windowing: Windowing,
        normalization: Normalization | None,
    ):
        """Puts the frames on the devices if they fit there.

        Args:
          dataset: all corpora of the command.
          config: all settings.
          layout: which device does what.
          windowing: how training examples are cut.
          normalization: of the inputs.
        """
        self._dataset, self._config, self._layout = dataset, config, layout
        self._windowing, self._normalization = windowing, normalization
        self._local = local(layout)
        # Of the last split, whose methods and trials share them: what normalises
        # inputs may be as large as wide inputs themselves.
        self._stores: dict[str, tuple[Store, Store]] = {}
        self._choosers: dict[tuple[int, Windowing], Callable[..., Choice]] = {}
        dtype = jnp.dtype(config.data_dtype)
        frames = dataset.features
        size = sum(map(len, frames)) * frames[0].shape[1] * dtype.itemsize
        fit = fits(config.input, size, self._local[0], len(self._local))
        # Processes that share a step must run the same program.
        self.streamed = not all(team_of(layout).exchange(fit))
        if self.streamed:
            self._frames = None
            self._streamer = self._stream()
        else:
            self._frames = replicate(join(frames, dtype), layout.devices)
            self._streamer = None

    def store(self, division: Division) -> Store:
        """The data for training, normalised as the run's division has it.

        Args:
          division: of the run; its training utterances may give the statistics.

        Returns:
          The store. All stores share their frames, which are the bulk.
        """
        return self._both(division)[0]

    def local_store(self, division: Division) -> Store:
        """The same for evaluation, on the devices of this process."""
        return self._both(division)[1]

    def _both(self, division: Division) -> tuple[Store, Store]:
        split = division.account["hash"]
        if split not in self._stores:
            self._stores.clear()
            training = np.concatenate(division.train)
            store = self._normalized(training)
            store = replicate(store._replace(frames=None), self._layout.devices)
            store = store._replace(frames=self._frames)
            # One copy of the frames serves both.
            self._stores[split] = store, local_copy(store)
        return self._stores[split]

    def _normalized(self, training: np.ndarray) -> Store:
        prior = self._config.normalization_prior
        return normalize(self._dataset, self._normalization, training, prior)

    def domains(self, division: Division) -> Domains:
        """The training utterances of a run, in host memory."""
        sizes = [len(domain.members) for domain in division.domains]
        weights = sizes if self._config.risk_mean == "samples" else None
        # As large for any choice of sources: to the compiled step all are alike.
        capacity = len(self._dataset.utterances)
        members = [np.concatenate([d.members, d.altered]) for d in division.domains]
        if self._config.balance == "classes":
            labels = self._dataset.store.labels
            # Of a domain that lacks a class, the others take its part.
            members = [balanced(of_domain, labels[of_domain]) for of_domain in members]
            # Each could be the rarest but one.
            capacity *= len(self._dataset.target.phrases)
        return pack_domains(members, capacity, weights)

    def target(self, division: Division) -> Domains:
        """The utterances that a run is tested on, as one domain; in host memory."""
        return pack_domains([division.test], len(self._dataset.utterances))

    def training_excerpts(
        self,
        domains: Domains,
        per_domain: int,
        seeds: Sequence[int],
        calls: Sequence[range],
        steps_per_call: int,
    ) -> Iterator[Excerpt | None]:
        """The frames that calls of the training program read, made ahead of them.

        Args:
          domains: of the runs, in host memory.
          per_domain: utterances of each in a step.
          seeds: of the run in each slot.
          calls: the steps of each call.
          steps_per_call: that a call can do.

        Yields:
          For each call an excerpt on the devices; None if the frames are there already.
        """
        if not self.streamed:
            yield from (None for _ in calls)
            return
        chooser = functools.partial(self._choose, domains, per_domain)
        make = self._shared if self._layout.shared else self._own

        def excerpt(number: int) -> Excerpt:
            steps = [*calls[number]]
            # A call that does fewer is given as much: it is the same program.
            steps += steps[-1:] * (steps_per_call - len(steps))
            return make([[chooser(step, seed) for step in steps] for seed in seeds])

        yield from prefetch(excerpt, range(len(calls)))

    def _own(self, choices: list[list[Choice]]) -> Excerpt:
        shape = (len(self._layout.devices), self._layout.lanes, len(choices[0]))
        parts = [self._excerpt(choice) for row in choices for choice in row]
        stacked = jax.tree.map(
            lambda *x: np.stack(x).reshape(*shape, *x[0].shape), *parts
        )
        return spread(stacked, self._layout.devices)

    def _shared(self, choices: list[list[Choice]]) -> Excerpt:
        devices = self._layout.devices
        rows = []
        for number in range(len(devices)):
            # What other processes' devices read is read there.
            if devices[number] in self._local:
                rows.append([self._share(choice, number) for choice in choices[0]])
        stacked = jax.tree.map(
            lambda *x: np.stack(x).reshape(len(rows), -1, *x[0].shape),
            *[part for row in rows for part in row],
        )
        return spread(stacked, devices)

    def _share(self, choice: Choice, number: int) -> Excerpt:
        size = choice.utterances.shape[1] // len(self._layout.devices)
        part = slice(number * size, (number + 1) * size)
        return self._excerpt(jax.tree.map(lambda x: x[:, part], choice))

    def _excerpt(self, choice: Choice) -> Excerpt:
        return self._streamer.excerpt(choice.utterances, choice.windows)

    def recompute_excerpts(
        self, per_domain: int, windowing: Windowing
    ) -> Callable[[Domains, np.ndarray], Excerpt | None]:
        """What gives the recomputation of statistics its frames.

        Args:
          per_domain: utterances of each domain in a batch.
          windowing: how they are cut, no faster than in training.
        """

        def excerpts(domains: Domains, batches: np.ndarray) -> Excerpt | None:
            if not self.streamed:
                return None
            given = jax.tree.map(np.asarray, domains), per_domain
            choices = [self._choose(*given, n, SEED, windowing) for n in batches]
            parts = [self._excerpt(choice) for choice in choices]
            return jax.tree.map(lambda *x: np.stack(x), *parts)

        return excerpts

    def excerpt_of(
        self,
        domains: Domains,
        per_domain: int,
        windowing: Windowing,
        step: int,
        seed: int,
    ) -> Excerpt | None:
        """The frames that a step of adaptation reads; None if they are there already.

        Args:
          domains: of the step.
          per_domain: utterances of each.
          windowing: how they are cut, no faster than in training.
          step: its number, from 0.
          seed: of the run.
        """
        if not self.streamed:
            return None
        given = jax.tree.map(np.asarray, domains), per_domain
        return self._excerpt(self._choose(*given, step, seed, windowing))

    def whole(self, utterances: np.ndarray, num_frames: int) -> Excerpt | None:
        """What gives an evaluation its frames: [devices, batch] utterances."""
        if not self.streamed:
            return None
        parts = [self._streamer.whole(row, num_frames) for row in utterances]
        return jax.tree.map(lambda *x: np.stack(x), *parts)

    def choice(
        self, division: Division, per_domain: int, step: int, seed: int
    ) -> Choice:
        """What a step of training looks at, all devices together; in host memory.

        Args:
          division: of the run.
          per_domain: utterances of each domain in a step.
          step: its number, from 0.
          seed: of the run.
        """
        return self._choose(self.domains(division), per_domain, step, seed)

    def on_host(self, division: Division, choice: Choice) -> tuple[Store, Excerpt]:
        """What a single device needs to do a step, in host memory.

        Args:
          division: of the run.
          choice: what the step looks at.

        Returns:
          The store for training, without frames, and those of the choice.
        """
        training = np.concatenate(division.train)
        store = self._normalized(training)
        excerpt = self._stream().excerpt(choice.utterances, choice.windows)
        return store._replace(frames=None), excerpt

    def _stream(self) -> Streamer:
        windowing, dtype = self._windowing, jnp.dtype(self._config.data_dtype)
        frames, augmentation = self._dataset.features, windowing.augmentation
        return Streamer(frames, windowing.num_frames, augmentation, dtype)

    def _choose(
        self,
        domains: Domains,
        per_domain: int,
        step: int,
        seed: int,
        windowing: Windowing | None = None,
    ) -> Choice:
        """What a step looks at, worked out on the host as the devices will."""
        given = domains, np.int32(step), np.uint32(seed)
        key = per_domain, windowing or self._windowing
        if key not in self._choosers:
            self._choosers[key] = self._make_chooser(*key)
        chosen = self._choosers[key]
        return jax.device_get(chosen(*jax.device_put(given, _host_device())))

    def _make_chooser(
        self, per_domain: int, windowing: Windowing
    ) -> Callable[..., Choice]:
        lengths = self._dataset.store.lengths

        @jax.jit
        def chosen(domains: Domains, step: jax.Array, seed: jax.Array) -> Choice:
            every = jnp.asarray(lengths)
            return choose(every, domains, per_domain, windowing, step, seed)

        return chosen


def _host_device() -> jax.Device:
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        # JAX was told to see no CPU: the accelerator does it.
        return jax.local_devices()[0]
