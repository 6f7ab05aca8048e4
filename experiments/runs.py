"""One training run: what it is, how long it takes, and which are trained together."""

import dataclasses
import hashlib
import math
import pathlib

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.batches import samples_per_domain
from damldg_jax.corpora.scenarios import Split
from damldg_jax.records import locks
from experiments.config import DEFAULT_EPOCHS, Config
from experiments.division import Division


@dataclasses.dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
      split: sources and target.
      division: utterances to train, select and test on.
      method: key of the table of algorithms.
      trial: number of the run among those that differ by their seed alone.
      seed: of the run.
      folder: of its files.
    """

    split: Split
    division: Division
    method: str
    trial: int
    seed: int
    folder: pathlib.Path

    @property
    def title(self) -> str:
        """Names the run to the user."""
        trial = f", trial {self.trial}" if self.trial else ""
        return f"{ALGORITHMS[self.method].title} -> {self.split.target}{trial}"

    @property
    def result(self) -> pathlib.Path:
        """The file that says that the run is finished, and how it came out."""
        return self.folder / "result.json"

    @property
    def lock(self) -> pathlib.Path:
        """What is locked by the command that trains it."""
        return lock_of(self.folder)


def lock_of(folder: pathlib.Path) -> pathlib.Path:
    """What is locked by the command that writes a run's folder."""
    # Not in it, as it may be deleted to be made anew.
    name = hashlib.sha256("/".join(folder.parts[-3:]).encode()).hexdigest()
    return locks.place(folder.parents[2], name[:16])


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Length of a run.

    Attributes:
      per_domain: utterances of each domain in a step.
      batch_size: those of all domains together.
      steps: in all.
      evaluate_every: steps between evaluations on the validation speakers.
    """

    per_domain: int
    batch_size: int
    steps: int
    evaluate_every: int


def schedule(division: Division, config: Config) -> Schedule:
    """Works out how long a run is."""
    domains = len(division.domains)
    per_domain = samples_per_domain(config.batch_size, domains)
    epoch = math.ceil(sum(map(len, division.train)) / (per_domain * domains))
    return Schedule(
        per_domain=per_domain,
        batch_size=per_domain * domains,
        steps=config.steps or (config.epochs or DEFAULT_EPOCHS) * epoch,
        evaluate_every=config.evaluate_every or epoch,
    )


def alike(runs: list[Run], most: int) -> list[list[Run]]:
    """Puts runs together that differ by nothing but their seed.

    Where trials draw speakers of their own, most differ by more than that.

    Args:
      runs: of a command, in the order in which they are to be done.
      most: runs in a group.

    Returns:
      The groups, in the order of their first runs.
    """
    groups: dict[tuple, list[Run]] = {}
    for run in runs:
        dealt = tuple(domain.speakers for domain in run.division.domains)
        key = (run.method, run.split, run.division.account["hash"], dealt)
        same = groups.setdefault(key, [])
        same.append(run)
    return [
        group[first : first + most]
        for group in groups.values()
        for first in range(0, len(group), most)
    ]
