"""All settings of a command as one immutable value; nothing below reads a flag.

In a notebook, make one with keyword arguments; every default is the paper's where the
paper gives one.
"""

import dataclasses
import pathlib

from damldg_jax.algorithms import Hyperparameters
from damldg_jax.algorithms.hyperparameters import ENERGY_STATISTICS
from damldg_jax.emotions import PAPER_EMOTIONS
from damldg_jax.errors import InputError, unknown
from damldg_jax.features import FEATURES
from damldg_jax.models import STAGE_SIZES

DEFAULT_EPOCHS = 50

# Settings that take one of a few words.
CHOICES = {
    "features": tuple(FEATURES),
    "evaluation_statistics": ("recomputed", "running"),
    "energy_statistics": ENERGY_STATISTICS,
    "risk_mean": ("domains", "samples"),
    "model_depth": tuple(map(str, STAGE_SIZES)),
    "parallel": ("data", "none"),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """Settings of a command; the flags of the same names describe them."""

    # Data.
    corpora_dir: pathlib.Path | None = None
    data_dir: pathlib.Path = pathlib.Path("data/records")
    corpora: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    target: str = ""
    scenario: str = ""
    emotions: tuple[str, ...] = PAPER_EMOTIONS
    features: str = "log_mel"
    skip_unreadable: bool = False
    overwrite: bool = False
    # Output.
    workdir: pathlib.Path = pathlib.Path("runs/latest")
    # Training.
    methods: tuple[str, ...] = ("deep_all", "da_mldg")
    trials: int = 1
    seed: int = 0
    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 32
    learning_rate: float = 0.05
    momentum: float = 0.9
    risk_mean: str = "domains"
    crop_seconds: float = 2.0
    augment: bool = True
    validation_fraction: float = 0.2
    evaluation_statistics: str = "recomputed"
    split_seed: int = 0
    evaluate_every: int | None = None
    # Meta-learning.
    inner_learning_rate: float = Hyperparameters.inner_learning_rate
    num_held_out: int = Hyperparameters.num_held_out
    second_order: bool = Hyperparameters.second_order
    margin_gradient: bool = Hyperparameters.margin_gradient
    energy_statistics: str = Hyperparameters.energy_statistics
    temperature: float = Hyperparameters.temperature
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
    model_depth: int = 18
    model_width: int = 64
    # Devices.
    parallel: str = "data"

    def __post_init__(self) -> None:
        """Lets a notebook give text for paths and lists for tuples.

        Raises:
          InputError: a choice is not among those there are, or two exclude another.
        """
        for name in ("corpora_dir", "data_dir", "workdir"):
            if isinstance(path := getattr(self, name), str):
                object.__setattr__(self, name, pathlib.Path(path))
        for name in ("corpora", "sources", "emotions", "methods"):
            words = getattr(self, name)
            words = words.split(",") if isinstance(words, str) else words
            object.__setattr__(self, name, tuple(words))
        for name, allowed in CHOICES.items():
            if str(getattr(self, name)) not in allowed:
                raise unknown(name, str(getattr(self, name)), allowed)
        if self.epochs is not None and self.steps is not None:
            raise InputError(
                f"--epochs={self.epochs} and --steps={self.steps} both give the length "
                "of training: leave one out."
            )

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The settings that concern algorithms."""
        names = (field.name for field in dataclasses.fields(Hyperparameters))
        return Hyperparameters(**{name: getattr(self, name) for name in names})
