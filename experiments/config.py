"""All settings of a command as one immutable value; nothing below reads a flag.

In a notebook, make one with keyword arguments; every default is the paper's where the
paper gives one.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Iterable, Mapping

from damldg_jax.algorithms import Hyperparameters
from damldg_jax.corpora.scenarios import SCENARIOS
from damldg_jax.emotions import PAPER_EMOTIONS
from damldg_jax.errors import unknown
from damldg_jax.features import SIGN, EncoderChoice, Features, resolve
from damldg_jax.labelling import Scale
from damldg_jax.networks import NetworkSettings, check
from damldg_jax.optimizers import OptimizerSettings
from damldg_jax.targets import TARGETS, Target, Wishes
from damldg_jax.tent import LEARNING_RATE
from experiments.beginning import STARTS, ends_encoder
from experiments.choices import CHOICES
from experiments.contradictions import refuse
from experiments.given import NUMBERS, scale, whole_numbers, words
from experiments.ranges import RANGES
from experiments.xla import MATMUL_PRECISIONS

DEFAULT_EPOCHS = 50
PATHS = (
    "corpora_dir",
    "data_dir",
    "workdir",
    "embeddings_dir",
    "encoder_weights",
    "init_from",
)

# Settings that are several names.
_LISTS = (
    *("corpora", "sources", "scenario", "also_test", "emotions", "methods"),
    "variants",
)


@dataclasses.dataclass(frozen=True)
class Config:
    """Settings of a command; the flags of the same names describe them."""

    # Data.
    corpora_dir: pathlib.Path | None = None
    data_dir: pathlib.Path = pathlib.Path("data/records")
    corpora: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    target: str = ""
    scenario: tuple[str, ...] = ()
    also_test: tuple[str, ...] = ()
    target_kind: str = "emotion"
    emotions: tuple[str, ...] = PAPER_EMOTIONS
    excitement_as_happiness: bool = Wishes.excitement_as_happiness
    dimension_range: Scale = Wishes.scale
    min_utterances: int = Wishes.min_utterances
    features: str = "log_mel"
    embeddings_dir: pathlib.Path | None = None
    encoder_weights: pathlib.Path | None = None
    encoder_layer: tuple[int, ...] = ()
    encoder_output: str = "statistics"
    encoder_whole_window: bool = False
    skip_unreadable: bool = False
    skip_duplicates: bool = False
    variants: tuple[str, ...] = ()
    normalization: str = "none"
    normalization_prior: float = 1.0
    overwrite: bool = False
    workers: int | None = None
    beam: bool = False
    beam_options: str = ""
    # Output.
    workdir: pathlib.Path = pathlib.Path("runs/latest")
    # Training.
    methods: tuple[str, ...] = ("deep_all", "da_mldg")
    trials: int = 1
    seed: int = 0
    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 32
    domains: str = "corpora"
    domains_per_corpus: int | None = None
    optimizer: str = "sgd"
    learning_rate: float = OptimizerSettings.learning_rate
    momentum: float = OptimizerSettings.momentum
    weight_decay: float = OptimizerSettings.weight_decay
    weight_average: str = "none"
    average_decay: float = 0.99
    balance: str = "none"
    label_smoothing: float = Wishes.label_smoothing
    dimension_loss: str = Wishes.dimension_loss
    dimension_bins: int = Wishes.dimension_bins
    risk_mean: str = "domains"
    crop_seconds: float = 2.0
    augment: bool = True
    mask_frames: float = 0.0
    mask_features: float = 0.0
    masks: int = 2
    validation_fraction: float = 0.2
    test_fraction: float = 0.2
    evaluation_statistics: str = "recomputed"
    tent_steps: int = 0
    tent_learning_rate: float = LEARNING_RATE
    split_seed: int = 0
    vary_split: bool = False
    evaluate_every: int | None = None
    # Meta-learning.
    inner_learning_rate: float = Hyperparameters.inner_learning_rate
    num_held_out: int = Hyperparameters.num_held_out
    second_order: bool = Hyperparameters.second_order
    margin_gradient: bool = Hyperparameters.margin_gradient
    energy_statistics: str = Hyperparameters.energy_statistics
    temperature: float = Hyperparameters.temperature
    margin: str = Hyperparameters.margin
    relative_margin: bool = Hyperparameters.relative_margin
    hold_out_steps: int = Hyperparameters.hold_out_steps
    inner_steps: int = Hyperparameters.inner_steps
    # Other algorithms.
    group_dro_step_size: float = Hyperparameters.group_dro_step_size
    irm_penalty: float = Hyperparameters.irm_penalty
    vrex_penalty: float = Hyperparameters.vrex_penalty
    penalty_warmup: int = Hyperparameters.penalty_warmup
    coral_penalty: float = Hyperparameters.coral_penalty
    mixup_alpha: float = Hyperparameters.mixup_alpha
    mixstyle_alpha: float = Hyperparameters.mixstyle_alpha
    mixstyle_probability: float = Hyperparameters.mixstyle_probability
    sam_radius: float = Hyperparameters.sam_radius
    # Model.
    init_from: pathlib.Path | None = None
    init_channels: str = "match"
    model: str | None = None
    model_depth: int = 18
    model_width: int = 64
    network_norm: str = NetworkSettings.norm
    hidden_units: tuple[int, ...] = NetworkSettings.hidden_units
    tuned_layers: int = NetworkSettings.blocks
    tuned_start: str = STARTS[0]
    # Precision and memory.
    compute_dtype: str = NetworkSettings.compute_dtype
    matmul_precision: str = MATMUL_PRECISIONS[0]
    remat: bool = NetworkSettings.remat
    micro_batches: int = NetworkSettings.micro_batches
    data_dtype: str = "float32"
    debug_nans: bool = False
    # Devices.
    parallel: str = "data"
    trials_at_once: int | None = None
    steps_per_dispatch: int | None = None
    input: str = "auto"
    distributed: bool = False
    coordinator_address: str = ""
    process_id: int | None = None
    num_processes: int | None = None
    connect_timeout: int = 300
    peer_timeout: int = 30

    def __post_init__(self) -> None:
        """Lets a notebook give text for paths and lists for tuples.

        Raises:
          InputError: a value is none that there is, or two exclude another.
        """
        for name in PATHS:
            if isinstance(path := getattr(self, name), str):
                object.__setattr__(self, name, pathlib.Path(path))
        for name in _LISTS:
            object.__setattr__(self, name, words(getattr(self, name)))
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            # Without a default there may be no value either.
            if value != getattr(Config, name) and str(value) not in allowed:
                raise unknown(name, str(value), allowed)
        object.__setattr__(self, "model_depth", int(self.model_depth))
        for name, its in RANGES.items():
            value = getattr(self, name)
            if value is not None or getattr(Config, name) is not None:
                object.__setattr__(self, name, its.read(name, value))
        for name in NUMBERS:
            object.__setattr__(self, name, whole_numbers(name, getattr(self, name)))
        self._resolve()
        object.__setattr__(self, "dimension_range", scale(self.dimension_range))
        check(self.network, self._network_settings())
        refuse(self, Config)
        for variant in self.variants:
            self.altered(variant)

    @functools.cached_property
    def extractor(self) -> Features:
        """What is computed from a recording."""
        return self._resolve(self._named_corpora())

    def altered(self, variant: str) -> "Config":
        """The settings by which altered copies of recordings are prepared and read.

        Args:
          variant: how they are altered: a key of ``ALTERATIONS``, or a chain of some.

        Returns:
          The settings; records lie in a folder of their own.
        """
        return dataclasses.replace(
            self,
            features=f"{self.features}{SIGN}{variant}",
            data_dir=self.data_dir / "altered" / variant,
            variants=(),
        )

    def _resolve(self, corpora: Iterable[str] = ()) -> Features:
        encoder = None
        if self.encoder_weights is not None:
            encoder = EncoderChoice(
                self.encoder_weights,
                self.encoder_layer,
                self.encoder_output,
                self.encoder_whole_window,
            )
        return resolve(self.features, self.embeddings_dir, corpora, encoder)

    def _named_corpora(self) -> tuple[str, ...]:
        """Names of the corpora that take part; the last may be another word."""
        names = [entry.partition("=")[0] for entry in self.corpora]
        for name in self.scenario:
            if scenario := SCENARIOS.get(name):
                names += [*scenario.sources, *scenario.targets]
        names += [*self.sources, *self.also_test, self.target]
        return tuple(name for name in names if name)

    @property
    def network(self) -> str:
        """Name of the network; by default the one that suits the features."""
        return self.model or self.extractor.network

    @property
    def network_settings(self) -> NetworkSettings:
        """The settings that concern the network.

        Raises:
          InputError: it goes on with a speech encoder, whose weights cannot be read.
        """
        return self._network_settings(ends_encoder(self))

    def _network_settings(self, last_norm: bool = False) -> NetworkSettings:
        return NetworkSettings(
            depth=self.model_depth,
            width=self.model_width,
            norm=self.network_norm,
            hidden_units=self.hidden_units,
            compute_dtype=self.compute_dtype,
            remat=self.remat,
            micro_batches=self.micro_batches,
            blocks=self.tuned_layers,
            last_norm=last_norm,
        )

    @property
    def optimizer_settings(self) -> OptimizerSettings:
        """The settings that concern the optimiser."""
        return OptimizerSettings(self.learning_rate, self.momentum, self.weight_decay)

    @property
    def keep_linearization(self) -> bool:
        """Whether memory is not so short that a tangent must be computed anew."""
        return not self.remat and self.micro_batches == 1

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The settings that concern algorithms."""
        names = (field.name for field in dataclasses.fields(Hyperparameters))
        return Hyperparameters(**{name: getattr(self, name) for name in names})

    def make_target(self, scales: Mapping[str, Scale] | None = None) -> Target:
        """What is to be told from speech.

        Args:
          scales: lowest and highest value of dimensions in corpora that declare them;
            in others it is ``dimension_range``.

        Returns:
          The target.

        Raises:
          InputError: the emotions do not do for it.
        """
        wishes = Wishes(
            emotions=self.emotions,
            excitement_as_happiness=self.excitement_as_happiness,
            dimension_loss=self.dimension_loss,
            dimension_bins=self.dimension_bins,
            scales=scales or {},
            scale=self.dimension_range,
            min_utterances=self.min_utterances,
            label_smoothing=self.label_smoothing,
        )
        return TARGETS[self.target_kind](wishes)
