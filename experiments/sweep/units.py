"""What a sweep hands out: trainings, each with all tests of its models."""

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

from damldg_jax.corpora.scenarios import Split
from damldg_jax.corpora.sources import Source
from experiments.config import Config
from experiments.method_checks import suits
from experiments.plan import Plan
from experiments.results import run_folder
from experiments.sweep.rows import Row, is_within


@dataclasses.dataclass(frozen=True)
class Unit:
    """All trials of a method on some sources, tested on all targets that rows ask for.

    Targets of the same sources stay together, as they have their training in common.

    Attributes:
      method: key of the table of algorithms.
      splits: of the same sources.
      sources: where their corpora lie.
      config: of this unit; it names nothing but what is needed here.
    """

    method: str
    splits: tuple[Split, ...]
    sources: tuple[Source, ...]
    config: Config

    @property
    def name(self) -> str:
        """Names the unit to the user, and in the folder of the sweep."""
        split = self.splits[0]
        inside = " within" if is_within(split) else ""
        return f"{'+'.join(split.sources)}{inside} {self.method}"

    @property
    def plan(self) -> Plan:
        """What is to be carried out."""
        return Plan({source.name: source for source in self.sources}, self.splits)

    def folders(self) -> Iterator[tuple[Split, int, pathlib.Path]]:
        """The folder of each run, with its split and trial."""
        for split in self.splits:
            for trial in range(self.config.trials):
                folder = run_folder(self.config.workdir, split, self.method, trial)
                yield split, trial, folder

    def is_finished(self) -> bool:
        """Whether all its runs have results."""
        return all((folder / "result.json").exists() for *_, folder in self.folders())


def make_units(rows: Sequence[Row], config: Config) -> list[Unit]:
    """Divides rows into units; what rows have in common is done once.

    Args:
      rows: what is asked for.
      config: of the sweep.

    Returns:
      The units in the order of the rows, those of the same data one after the other.
    """
    sources = {name: source for row in rows for name, source in row.sources.items()}
    groups: dict[tuple[tuple[str, ...], bool], dict[str, Split]] = {}
    for row in rows:
        for split in row.splits:
            targets = groups.setdefault((split.sources, is_within(split)), {})
            targets.setdefault(split.target, split)
    return [
        unit
        for targets in groups.values()
        for unit in _of_group(tuple(targets.values()), sources, config)
    ]


def _of_group(
    splits: tuple[Split, ...], sources: dict[str, Source], config: Config
) -> Iterator[Unit]:
    names = sorted({name for s in splits for name in (*s.sources, s.target)})
    entries = [e for e in config.corpora if e.partition("=")[0].strip() in names]
    narrowed = dataclasses.replace(
        config,
        corpora=tuple(entries),
        # For embeddings in files, which look at the corpora that are named.
        sources=tuple(names),
        also_test=(),
        # The paper's column is a mean over divisions too.
        vary_split=config.vary_split or is_within(splits[0]),
    )
    for method in config.methods:
        if suits(method, len(splits[0].sources), config):
            yield Unit(
                method,
                splits,
                tuple(sources[name] for name in names),
                dataclasses.replace(narrowed, methods=(method,)),
            )
