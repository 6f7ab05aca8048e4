"""Checks what the flags ask for and lists the runs that follow from it."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from damldg_jax.corpora.scenarios import (
    ALL,
    ALSO_TEST,
    INNER,
    SCENARIOS,
    WITHIN,
    WITHIN_CORPUS,
    Split,
    leave_one_out,
    leave_two_out,
    within_each,
)
from damldg_jax.corpora.sources import Source, parse_entries, resolve
from damldg_jax.errors import InputError, unknown
from experiments.config import Config
from experiments.division import Division, divide
from experiments.method_checks import check_methods, check_methods_of_split
from experiments.split_checks import check_split


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a command will do.

    Attributes:
      sources: where each corpus lies, by name.
      splits: sources and target of each experiment, each pair once.
      divide: ``(dataset, split, config, duplicates) -> Division``, who is on which side
        of a split.
    """

    sources: dict[str, Source]
    splits: tuple[Split, ...]
    divide: Callable[..., Division] = divide

    @property
    def trained(self) -> set[str]:
        """Names of the corpora that are trained on."""
        return {name for split in self.splits for name in split.sources}


def make_plan(config: Config) -> Plan:
    """Checks the settings of a command against each other.

    Args:
      config: the settings.

    Returns:
      The plan; every corpus that a split names is among its sources.

    Raises:
      InputError: a name is unknown, or the settings do not go together.
    """
    if config.make_target().settle:
        raise InputError(
            f"--target_kind={config.target_kind}: nobody of an unseen corpus is known "
            "from the sources. Networks are pre-trained on speakers by "
            "python -m experiments.pretrain."
        )
    check_methods(config)
    sources = parse_entries(config.corpora, config.corpora_dir)
    # What is only to be tested on is no source.
    names = tuple(name for name in sources if name not in config.also_test)
    splits = _once(_splits(config, names))
    splits = _once([*splits, *_also_tested(splits, config.also_test)])
    for split in splits:
        check_split(split, config)
        check_methods_of_split(config, split)
        for name in (*split.sources, split.target):
            if name not in sources:
                sources[name] = resolve(name, config.corpora_dir, tuple(sources))
    check_features(config, sources)
    return Plan(sources, splits)


def corpora_to_prepare(config: Config) -> dict[str, Source]:
    """The corpora that a command names in any way, for preparation alone.

    Raises:
      InputError: a name is unknown, or none is given.
    """
    if config.scenario or config.target:
        # Whether the methods suit is not asked of a preparation.
        return make_plan(dataclasses.replace(config, methods=("deep_all",))).sources
    sources = parse_entries(config.corpora, config.corpora_dir)
    for name in (*config.sources, *config.also_test):
        if name not in sources:
            sources[name] = resolve(name, config.corpora_dir, tuple(sources))
    if not sources:
        raise InputError("Name the corpora to prepare: --corpora=emodb,ravdess,...")
    return sources


def corpora_to_alter(config: Config) -> dict[str, Source]:
    """Those of which altered copies are trained on; all, if a command names no target.

    Raises:
      InputError: as ``corpora_to_prepare``.
    """
    sources = corpora_to_prepare(config)
    if not (config.scenario or config.target):
        return sources
    trained = make_plan(dataclasses.replace(config, methods=("deep_all",))).trained
    return {name: source for name, source in sources.items() if name in trained}


def _splits(config: Config, corpora: Sequence[str]) -> tuple[Split, ...]:
    if config.scenario:
        if config.sources or config.target:
            raise InputError(
                "--scenario names sources and target itself: leave --sources and "
                "--target out."
            )
        for name in config.scenario:
            if name not in SCENARIOS:
                raise unknown("scenario", name, SCENARIOS)
        return tuple(s for name in config.scenario for s in SCENARIOS[name].splits())
    if not config.target:
        raise InputError(
            "Name the unseen corpus, --target=emovo, or --target=all for each of "
            "--corpora in turn, --target=within for each by itself; or a --scenario."
        )
    if config.target in _EACH:
        if config.sources:
            raise InputError(
                f"With --target={config.target} give --corpora instead of --sources."
            )
        return _EACH[config.target](corpora)
    sources = config.sources or tuple(c for c in corpora if c != config.target)
    return (Split("custom", sources, config.target),)


_EACH: dict[str, Callable[[Sequence[str]], tuple[Split, ...]]] = {
    ALL: leave_one_out,
    WITHIN: within_each,
    INNER: leave_two_out,
}


def _once(splits: Iterable[Split]) -> tuple[Split, ...]:
    """Each pair of sources and target once, for the first scenario that has it.

    Sources come in one order, so that the order of names on the command line changes
    nothing.
    """
    found: dict[tuple[tuple[str, ...], str], Split] = {}
    for split in splits:
        names = tuple(sorted(split.sources))
        found.setdefault((names, split.target), split._replace(sources=names))
    return tuple(found.values())


def _also_tested(splits: Sequence[Split], names: Sequence[str]) -> list[Split]:
    """Tests of the same models on further corpora."""
    for split in splits:
        if names and split.scenario == WITHIN_CORPUS:
            raise InputError(
                f"--also_test={','.join(names)} goes with models that are trained on "
                "other corpora than they are tested on: leave it out where each corpus "
                "is divided by speaker."
            )
        if known := [name for name in names if name in split.sources]:
            raise InputError(
                f"'{known[0]}' of --also_test is among the sources "
                f"{', '.join(split.sources)}: it would not be unseen. Take it out of "
                "--also_test, or choose other sources."
            )
    return [Split(ALSO_TEST, s.sources, name) for s in splits for name in names]


def check_features(config: Config, sources: Mapping[str, Source]) -> None:
    """Refuses features of recordings for pictures, and the other way round.

    Args:
      config: names the features.
      sources: the corpora, by name.

    Raises:
      InputError: a corpus is of the other kind.
    """
    of_pictures = config.extractor.picture is not None
    for name, source in sources.items():
        if source.pictures != of_pictures:
            what = "pictures" if source.pictures else "recordings"
            raise InputError(
                f"'{name}' is of {what}, and --features={config.features} is not. "
                "For PACS there is --flagfile=experiments/flagfiles/pacs.flags, for "
                "rotated digits --flagfile=experiments/flagfiles/digits.flags."
            )
