"""Everything of a command that is compiled, or lies on the device, once."""

import functools
from collections.abc import Sequence

import jax
import numpy as np
import optax

from damldg_jax.algorithms import ALGORITHMS, Algorithm
from damldg_jax.assembly import Network
from damldg_jax.augment import NO_AUGMENTATION, Augmentation
from damldg_jax.batches import Store
from damldg_jax.dataset import Dataset
from damldg_jax.evaluation import PredictFn, Predictions, compile_predict
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS, normalize
from damldg_jax.parallel import AXIS, first_replica, replicate
from damldg_jax.recompute import RecomputeFn, compile_recompute
from damldg_jax.training import TrainStep, Windowing, compile_train_step
from damldg_jax.types import BatchStats, Params
from experiments.config import Config
from experiments.console import progress
from experiments.division import Division


class Programs:
    """What is compiled once for all runs of a command."""

    def __init__(self, dataset: Dataset, config: Config):
        """Puts the data on the device and builds the network.

        Args:
          dataset: all corpora of the command.
          config: all settings.
        """
        features = config.extractor
        self.config = config
        self.dataset = dataset
        self.devices = devices(config)
        self.normalization = NORMALIZATIONS[config.normalization]
        self._frames = replicate(dataset.store.frames, self.devices)
        # By split, whose methods and trials share them.
        self._stores: dict[str, Store] = {}
        # What is normalised is padded with the mean, which is then 0.
        silence = 0.0 if self.normalization else features.silence
        self.optimizer = optax.sgd(config.learning_rate, momentum=config.momentum)
        self.windowing = Windowing(
            num_frames=features.num_frames(config.crop_seconds, dataset.frame_rate),
            silence=silence,
            augmentation=Augmentation() if config.augment else NO_AUGMENTATION,
        )
        build = functools.partial(
            NETWORKS[config.network].factory,
            config.network_settings,
            num_outputs=self.dataset.target.num_outputs,
            num_features=features.num_features,
            channels=features.channels,
            objective=self.dataset.target.objective,
            silence=silence,
        )
        self.network: Network = build(axis_name=AXIS)
        self._predict: PredictFn = compile_predict(
            self.network, self.windowing.num_frames, silence
        )
        self._recompute: RecomputeFn = compile_recompute(build(), self.windowing)

    @property
    def transductive(self) -> bool:
        """Whether unlabelled utterances of the target are used together."""
        return self.normalization is not None and self.normalization.transductive

    def store(self, division: Division) -> Store:
        """The data on the devices, normalised as the run's division has it.

        Args:
          division: of the run; its training utterances may give the statistics.

        Returns:
          The store. All stores share their frames, which are the bulk.
        """
        split = division.account["hash"]
        if split not in self._stores:
            training = np.concatenate(division.train)
            store = normalize(self.dataset, self.normalization, training)
            rest = replicate(store._replace(frames=None), self.devices)
            self._stores[split] = rest._replace(frames=self._frames)
        return self._stores[split]

    def statistics(
        self,
        store: Store,
        params: Params,
        batch_stats: BatchStats,
        domains: Sequence[np.ndarray],
        per_domain: int,
    ) -> BatchStats:
        """The statistics to evaluate with.

        Args:
          store: the data.
          params: theta.
          batch_stats: running statistics.
          domains: indices of each domain's training utterances.
          per_domain: utterances of each in a batch.

        Returns:
          The running ones, or such as are recomputed on the training utterances.
        """
        params, batch_stats, store = first_replica((params, batch_stats, store))
        if self.config.evaluation_statistics == "running":
            return batch_stats
        return self._recompute(params, batch_stats, store, domains, per_domain)

    def predict(
        self,
        store: Store,
        params: Params,
        batch_stats: BatchStats,
        utterances: np.ndarray,
        what: str,
    ) -> Predictions:
        """Predicts utterances of the data set on the first device.

        Args:
          store: the data.
          params: theta.
          batch_stats: running statistics.
          utterances: [n] indices.
          what: is being done, printed before a bar that vanishes at the end.

        Returns:
          The predictions, in the order of ``utterances``.
        """
        params, batch_stats, store = first_replica((params, batch_stats, store))
        bar = functools.partial(progress, what=what, unit="batch", leave=False)
        return self._predict(params, batch_stats, store, utterances, bar)

    @functools.cache  # noqa: B019 - lives as long as the command
    def training(self, method: str) -> tuple[Algorithm, TrainStep]:
        """The algorithm of a method, and its training step."""
        algorithm = ALGORITHMS[method].factory(
            self.network, self.config.hyperparameters, AXIS
        )
        step = compile_train_step(
            algorithm, self.optimizer, self.windowing, self.devices
        )
        return algorithm, step


def devices(config: Config) -> list[jax.Device]:
    """The devices that share a step."""
    local = jax.local_devices()
    return local if config.parallel == "data" else local[:1]
