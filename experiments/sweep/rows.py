"""The rows of a sweep: which tests they ask for, and whose corpora are lacking."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from damldg_jax.corpora.scenarios import (
    ALL,
    ALSO_TEST,
    SCENARIOS,
    WITHIN,
    WITHIN_CORPUS,
    Split,
)
from damldg_jax.corpora.sources import Source
from damldg_jax.errors import InputError, unknown
from experiments.config import Config
from experiments.listings import is_available
from experiments.plan import make_plan

# Rows over any corpora, those of --corpora, and what they are as a --target.
_OF_OWN_CORPORA = {"leave_one_out": ALL, WITHIN_CORPUS: WITHIN}
ROWS = (*SCENARIOS, *_OF_OWN_CORPORA)
# Deep-All does with any sources, so nothing is asked of the methods yet.
_ANY_METHOD = ("deep_all",)


class Row(NamedTuple):
    """What a row asks for.

    Attributes:
      name: of ``ROWS``.
      splits: whose corpora are there.
      left_out: of each test that is left out, by its title, the corpora that lack.
      sources: where the corpora of the splits lie, by name.
    """

    name: str
    splits: tuple[Split, ...]
    left_out: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, Source]


def read_rows(names: Sequence[str], config: Config) -> list[Row]:
    """Works out what rows ask for.

    Args:
      names: of ``ROWS``; all scenarios that suit the features if there are none.
      config: says where corpora lie.

    Returns:
      The rows, in the order given.

    Raises:
      InputError: a name is unknown or given twice, settings choose tests in another
        way, or no row has all its corpora.
    """
    for name in ("scenario", "target", "sources"):
        if value := getattr(config, name):
            text = value if isinstance(value, str) else ",".join(value)
            raise InputError(
                f"--{name}={text}: what a sweep does is chosen by --rows, such as "
                f"--rows=1,2 or --rows=leave_one_out with --corpora. Leave --{name} "
                "out."
            )
    for name in names:
        if name not in ROWS:
            raise unknown("row", name, ROWS)
        if names.count(name) > 1:
            raise InputError(f"The row '{name}' is given twice in --rows.")
    rows = [_read_row(name, config) for name in names or _suiting(config)]
    if not any(row.splits for row in rows):
        lacking = sorted(
            {c for row in rows for cs in row.left_out.values() for c in cs}
        )
        raise InputError(
            f"No row has all its corpora: {', '.join(lacking)} are not there. Give "
            "the folder that holds them, --corpora_dir=path/to/corpora, each in a "
            "folder of its name; or the folder of each, "
            "--corpora=emodb=path/to/folder,...; or, if their records are prepared, "
            "the folder of these, --data_dir."
        )
    return rows


def is_within(split: Split) -> bool:
    """Whether speakers of one corpus are on both sides."""
    return split.scenario == WITHIN_CORPUS


def _suiting(config: Config) -> list[str]:
    """The scenarios of recordings or of pictures, as the features are."""
    pictures = config.extractor.picture is not None
    return [
        name for name, scenario in SCENARIOS.items() if scenario.pictures == pictures
    ]


def _read_row(name: str, config: Config) -> Row:
    own = _OF_OWN_CORPORA.get(name, "")
    within = SCENARIOS[name].within if name in SCENARIOS else own == WITHIN
    plan = make_plan(
        dataclasses.replace(
            config,
            scenario=() if own else (name,),
            target=own,
            methods=_ANY_METHOD,
            also_test=() if within else config.also_test,
        )
    )
    lacking = {n for n, s in plan.sources.items() if not is_available(s, config)}
    own_target = {s.sources: s.target for s in plan.splits if s.scenario != ALSO_TEST}
    splits, left_out = [], {}
    for split in plan.splits:
        # For a further test alone nothing is trained.
        needed = {*split.sources, split.target, own_target[split.sources]}
        if missing := lacking & needed:
            left_out[_title(split)] = tuple(sorted(missing))
        else:
            splits.append(split)
    used = {corpus for s in splits for corpus in (*s.sources, s.target)}
    sources = {n: s for n, s in plan.sources.items() if n in used}
    return Row(name, tuple(splits), left_out, sources)


def _title(split: Split) -> str:
    return split.target if is_within(split) else f"-> {split.target}"
