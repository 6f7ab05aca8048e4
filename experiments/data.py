"""Reads prepared records into one data set."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from damldg_jax import records
from damldg_jax.dataset import Dataset, build_dataset
from damldg_jax.emotions import parse_emotions
from damldg_jax.features import FEATURES
from damldg_jax.provenance import read_description
from experiments.config import Config
from experiments.console import progress


class Prepared(NamedTuple):
    """The data of a command.

    Attributes:
      dataset: all its corpora.
      synthetic: names of the corpora that are generated.
      skipped: recordings left out of each corpus, with the reason of each.
      hashes: of each corpus, of the content of its records.
      notices: what the user should know.
    """

    dataset: Dataset
    synthetic: tuple[str, ...]
    skipped: Mapping[str, Mapping[str, str]]
    hashes: Mapping[str, str]
    notices: tuple[str, ...]


def load(corpora: Iterable[str], config: Config) -> Prepared:
    """Reads the records of corpora.

    Args:
      corpora: their names; all must be prepared.
      config: where the records lie and which emotions are classes.

    Returns:
      The data.

    Raises:
      InputError: records are damaged or of other features, or a corpus has none of
        the emotions.
    """
    described = {name: read_description(config.data_dir, name) for name in corpora}
    # Sorted, so that the order of names on the command line changes nothing.
    bar = progress(sorted(described), "Reading records", "corpus")
    settings = dataclasses.asdict(FEATURES[config.features])
    examples = {name: records.read(config.data_dir, name, settings) for name in bar}
    dataset = build_dataset(examples, parse_emotions(config.emotions))
    stored = {name: value for name, value in described.items() if value}
    notices = [notice for origin, _ in stored.values() for notice in origin.notices]
    return Prepared(
        dataset=dataset,
        synthetic=tuple(n for n, (origin, _) in stored.items() if origin.synthetic),
        skipped={n: s.skipped for n, (_, s) in stored.items() if s.skipped},
        hashes={n: s.content_hash for n, (_, s) in stored.items()},
        notices=(*notices, *dataset.notices),
    )


def data_hash(hashes: Mapping[str, str]) -> str:
    """One hash for the data of several corpora."""
    text = "".join(f"{name}:{hashes[name]};" for name in sorted(hashes))
    return hashlib.sha256(text.encode()).hexdigest()
