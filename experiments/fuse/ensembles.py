"""What is to be fused: options, and the runs of each ensemble."""

import dataclasses
import pathlib
from typing import NamedTuple

from damldg_jax.corpora.scenarios import Split
from experiments.report.run_folders import RunRecord
from experiments.report.scores import Test
from experiments.results import run_folder

OVER = ("trials", "directories", "both")


class Options(NamedTuple):
    """What is asked for.

    Attributes:
      over: one of ``OVER``.
      weights: of each directory, above 0.
      mean: one of ``damldg_jax.fusion.MEANS``.
      methods: of each directory, one; none for each method with its namesakes.
      targets: to be fused on; none for all.
      trials_per_ensemble: 0 for all in one.
      mix_transductive: whether such runs may be fused with others.
    """

    over: str
    weights: tuple[float, ...]
    mean: str = "log"
    methods: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    trials_per_ensemble: int = 0
    mix_transductive: bool = False


class Part(NamedTuple):
    """A run that is fused.

    Attributes:
      directory: name of the one that it is from.
      run: with its predictions.
      weight: that it counts with.
    """

    directory: str
    run: RunRecord
    weight: float

    @property
    def name(self) -> str:
        """Of the run, as messages and results tell of it."""
        return f"{self.directory}/{self.run.method}/trial_{self.run.first['trial']}"


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Runs on the same test that are fused into one.

    Attributes:
      test: target and sources.
      method: key of what is fused.
      title: of it.
      trial: number of the ensemble.
      parts: at least two.
    """

    test: Test
    method: str
    title: str
    trial: int
    parts: tuple[Part, ...]

    def folder(self, workdir: pathlib.Path) -> pathlib.Path:
        """Where its files lie."""
        target, sources = self.test
        scenario = self.parts[0].run.first.get("scenario", "")
        split = Split(scenario, sources, target)
        return run_folder(workdir, split, self.method, self.trial)
