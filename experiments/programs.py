"""Everything of a command that is compiled, once."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.algorithms import ALGORITHMS, Algorithm
from damldg_jax.assembly import Network
from damldg_jax.averaging import averaging
from damldg_jax.batches import Domains
from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError
from damldg_jax.evaluation import PredictFn, Predictions, compile_predict
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.optimizers import OPTIMIZERS
from damldg_jax.parallel import replicate, to_host
from damldg_jax.recompute import RecomputeFn, compile_recompute
from damldg_jax.training import TrainProgram, TrainState, compile_train_step
from damldg_jax.types import BatchStats, Params
from experiments.beginning import beginning
from experiments.config import Config
from experiments.console import progress, say_once
from experiments.devices import choose_layout, local, steps_per_call
from experiments.division import Division
from experiments.initial_weights import account, description, load
from experiments.interruption import WATCH
from experiments.placement import Placement
from experiments.tent import Tent
from experiments.windowing import make_windowing, silence_of


class Training(NamedTuple):
    """What trains the runs of a method.

    Attributes:
      algorithm: pure functions.
      step: the compiled step.
    """

    algorithm: Algorithm
    step: TrainProgram


def build_network(
    dataset: Dataset, config: Config, axis_name: str | None = None
) -> Network:
    """Builds the network of a command.

    Args:
      dataset: all its corpora.
      config: all settings.
      axis_name: of the devices that share a training batch, or None.

    Returns:
      The network's pure functions.
    """
    features, target = config.extractor, dataset.target
    return NETWORKS[config.network].factory(
        config.network_settings,
        num_outputs=target.num_outputs,
        num_features=features.num_features,
        channels=features.channels,
        axis_name=axis_name,
        objective=target.objective,
        silence=silence_of(config),
    )


class Programs:
    """What is compiled once for all runs of a command.

    Attributes:
      initial_weights: an account of those that runs begin with, once one has; None
        while they are random.
      tent: adapts scales and biases to a target.
    """

    def __init__(self, dataset: Dataset, config: Config):
        """Puts the data on the devices and builds the network.

        Args:
          dataset: all corpora of the command.
          config: all settings.
        """
        self.config = config
        self.dataset = dataset
        self.initial_weights: dict[str, Any] | None = None
        self.layout = choose_layout(config)
        self.normalization = NORMALIZATIONS[config.normalization]
        self.optimizer = averaging(
            OPTIMIZERS[config.optimizer](config.optimizer_settings),
            config.weight_average,
            config.average_decay,
        )
        self.windowing = make_windowing(config, dataset.frame_rate)
        self.placement = Placement(
            dataset, config, self.layout, self.windowing, self.normalization
        )
        self.network = build_network(dataset, config, self.layout.axis_name)
        # For one device.
        self.alone = build_network(dataset, config)
        self._local = local(self.layout)
        parts = self.alone, self.windowing, self.placement, self._local, config
        self.tent = Tent(*parts)
        self._trainings: dict[tuple[str, int, int], Training] = {}
        self._recomputes: dict[tuple[int, int], RecomputeFn] = {}
        self._predict: PredictFn = compile_predict(
            self.alone,
            self.windowing.num_frames,
            self.windowing.silence,
            self._local,
            self.placement.whole,
        )

    @property
    def transductive(self) -> bool:
        """Whether unlabelled utterances of the target are used together."""
        return self.normalization is not None and self.normalization.transductive

    def begin_with(self, state: TrainState) -> TrainState:
        """A state before its first step, with the weights that are to be begun with.

        Args:
          state: as it was initialised, in host memory; its last layer stays.

        Raises:
          InputError: the weights cannot be read, are of another network, or are others
            than those that a run before this one began with.
        """
        begun = beginning(self.config)
        if begun is None:
            return state
        loaded = load(self.config, state.params, state.batch_stats)
        say_once(description(self.config, loaded))
        told = account(self.config, loaded)
        if self.initial_weights not in (None, told):
            raise InputError(
                f"{begun.told} has been changed since earlier runs of this command "
                "began with it. Put it back, or begin anew in another --workdir."
            )
        self.initial_weights = told
        return state._replace(params=loaded.params, batch_stats=loaded.batch_stats)

    def training(self, method: str, num_domains: int, per_domain: int) -> Training:
        """What trains a method's runs on batches of a shape; compiled once for each."""
        # With other domains the program is another one, though made alike.
        key = method, num_domains, per_domain
        if key not in self._trainings:
            self._trainings[key] = self._make_training(method, per_domain)
        return self._trainings[key]

    def _make_training(self, method: str, per_domain: int) -> Training:
        algorithm = ALGORITHMS[method].factory(
            self.network, self.config.hyperparameters, self.layout.axis_name
        )
        step = compile_train_step(
            algorithm,
            self.optimizer,
            self.windowing,
            per_domain,
            self.layout,
            steps_per_call(self.config),
        )
        return Training(algorithm, step)

    def _recompute(self, num_domains: int, per_domain: int) -> RecomputeFn:
        key = num_domains, per_domain
        if key not in self._recomputes:
            # What is evaluated then is not masked.
            windowing = self.windowing._replace(masks=None)
            self._recomputes[key] = compile_recompute(
                self.alone,
                windowing,
                per_domain,
                self._local,
                self.placement.recompute_excerpts(per_domain, windowing),
            )
        return self._recomputes[key]

    def statistics(
        self,
        division: Division,
        params: Params,
        batch_stats: BatchStats,
        per_domain: int,
    ) -> BatchStats:
        """The statistics to evaluate with.

        Args:
          division: of the run.
          params: theta, in host memory.
          batch_stats: running statistics, likewise.
          per_domain: utterances of each domain in a batch.

        Returns:
          The running ones, or such as are recomputed on the training utterances; in
          host memory.

        Raises:
          Interrupted: the process was told to end.
        """
        if self.config.evaluation_statistics == "running":
            return batch_stats
        domains = self.placement.domains(division)
        return self._recomputed(division, params, batch_stats, domains, per_domain)

    def target_statistics(
        self,
        division: Division,
        params: Params,
        batch_stats: BatchStats,
        per_domain: int,
    ) -> BatchStats:
        """The statistics of the target's own utterances, of which no label is needed.

        Li et al. 2016 (https://arxiv.org/abs/1603.04779), AdaBN.

        Args:
          division: of the run.
          params: theta, in host memory.
          batch_stats: of the same structure, likewise.
          per_domain: utterances in a batch.

        Returns:
          The statistics, in host memory.

        Raises:
          Interrupted: the process was told to end.
        """
        domains = self.placement.target(division)
        return self._recomputed(division, params, batch_stats, domains, per_domain)

    def _recomputed(
        self,
        division: Division,
        params: Params,
        batch_stats: BatchStats,
        domains: Domains,
        per_domain: int,
    ) -> BatchStats:
        WATCH.leave_if_asked()
        recompute = self._recompute(len(domains.sizes), per_domain)
        given = replicate((params, batch_stats), self._local)
        store = self.placement.local_store(division)
        return to_host(recompute(*given, store, replicate(domains, self._local)))

    def predict(
        self,
        division: Division,
        params: Params,
        batch_stats: BatchStats,
        utterances: np.ndarray,
        what: str,
    ) -> Predictions:
        """Predicts utterances of the data set, on this process's devices of the layout.

        Args:
          division: of the run.
          params: theta, in host memory.
          batch_stats: statistics to evaluate with, likewise.
          utterances: [n] indices.
          what: is being done, printed before a bar that vanishes at the end.

        Returns:
          The predictions, in the order of ``utterances``.

        Raises:
          Interrupted: the process was told to end, before the last batch.
        """
        given = replicate((params, batch_stats), self._local)
        store, lengths = (
            self.placement.local_store(division),
            self.dataset.store.lengths,
        )

        def bar(batches: list) -> Iterator:
            shown = progress(batches, what, "batch", leave=False)
            return WATCH.between(shown)

        return self._predict(*given, store, lengths, utterances, bar)
