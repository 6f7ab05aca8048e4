"""All settings of a command as one immutable value; nothing below reads a flag.

In a notebook, make one with keyword arguments; every default is the paper's where the
paper gives one.
"""

import dataclasses
import pathlib

from damldg_jax.algorithms import Hyperparameters
from damldg_jax.emotions import PAPER_EMOTIONS


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
    epochs: int = 50
    steps: int | None = None
    batch_size: int = 32
    learning_rate: float = 0.05
    momentum: float = 0.9
    crop_seconds: float = 2.0
    augment: bool = True
    validation_fraction: float = 0.2
    split_seed: int = 0
    evaluate_every: int | None = None
    # Meta-learning.
    inner_learning_rate: float = 0.01
    num_held_out: int = 1
    second_order: bool = True
    margin_gradient: bool = True
    energy_statistics: str = "batch"
    temperature: float = 1.0
    # Model.
    model_depth: int = 18
    model_width: int = 64
    # Devices.
    parallel: str = "data"

    def __post_init__(self) -> None:
        """Lets a notebook give text for paths and lists for tuples."""
        for name in ("corpora_dir", "data_dir", "workdir"):
            if isinstance(path := getattr(self, name), str):
                object.__setattr__(self, name, pathlib.Path(path))
        for name in ("corpora", "sources", "emotions", "methods"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The settings that concern algorithms."""
        names = (field.name for field in dataclasses.fields(Hyperparameters))
        return Hyperparameters(**{name: getattr(self, name) for name in names})


# What tells where things are or what is run beside, but not how a run comes out.
_NOT_OF_A_RUN = (
    *("corpora_dir", "data_dir", "workdir", "corpora", "sources", "target"),
    *("scenario", "skip_unreadable", "overwrite", "methods", "trials"),
)


def run_settings(config: Config) -> dict[str, object]:
    """The settings on which the numbers of a run depend, ready for JSON."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(config).items()
        if name not in _NOT_OF_A_RUN
    }
