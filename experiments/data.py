"""Reads prepared records into one data set."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from damldg_jax.corpora.sources import Source
from damldg_jax.dataset import Dataset, build_dataset
from damldg_jax.duplicates import Duplicate, find_duplicates
from damldg_jax.features import SIGN
from damldg_jax.labelling import Scale
from damldg_jax.records import packed
from experiments.config import Config
from experiments.console import progress, say


class Prepared(NamedTuple):
    """The data of a command.

    Attributes:
      dataset: all its corpora.
      skipped: recordings left out of each corpus, with the reason of each.
      hashes: of each corpus, of the content of its records.
      duplicates: pairs of its utterances that are the same recording.
      notices: what the user should know.
      altered_hashes: of altered copies of corpora, of the content of their records.
    """

    dataset: Dataset
    skipped: Mapping[str, Mapping[str, str]]
    hashes: Mapping[str, str]
    duplicates: tuple[Duplicate, ...]
    notices: tuple[str, ...]
    altered_hashes: Mapping[str, str] = MappingProxyType({})

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Names of the corpora that are generated."""
        return self.dataset.synthetic


def load(
    corpora: Mapping[str, Source], config: Config, trained: Collection[str] = ()
) -> Prepared:
    """Reads the records of corpora.

    Args:
      corpora: where they lie, by name; all must be prepared.
      config: where the records lie and what is to be told from speech.
      trained: corpora of which the altered copies are read, too.

    Returns:
      The data.

    Raises:
      InputError: records are damaged or of other features, or nothing of a corpus
        has a label.
    """
    # Sorted, so that the order of names on the command line changes nothing.
    wanted = [(name, name, config) for name in sorted(corpora)]
    wanted += [
        (f"{name}{SIGN}{variant}", name, config.altered(variant))
        for variant in config.variants
        for name in sorted(trained)
    ]
    everything = {
        key: packed.read(own.data_dir, name, own.extractor.settings(name), say)
        for key, name, own in progress(wanted, "Reading records", "corpus")
    }
    altered = {key: name for key, name, _ in wanted if key != name}
    examples = {key: contents.examples for key, contents in everything.items()}
    target = config.make_target(_scales(corpora))
    dataset = build_dataset(examples, target, altered)
    duplicates = tuple(find_duplicates(dataset.fingerprints))
    # In the order of the command line again.
    stored = {name: everything[name] for name in corpora}
    synthetic = tuple(n for n, s in stored.items() if s.provenance.synthetic)
    notices = [text for found in stored.values() for text in found.provenance.notices]
    return Prepared(
        dataset=dataset._replace(synthetic=synthetic),
        skipped={n: s.summary.skipped for n, s in stored.items() if s.summary.skipped},
        hashes={n: s.summary.content_hash for n, s in stored.items()},
        altered_hashes={k: everything[k].summary.content_hash for k in altered},
        duplicates=duplicates,
        notices=(*notices, *dataset.notices, *_about_copies(dataset, duplicates)),
    )


def _scales(corpora: Mapping[str, Source]) -> dict[str, Scale]:
    found = {name: source.dimension_range for name, source in corpora.items()}
    return {name: scale for name, scale in found.items() if scale}


def _about_copies(dataset: Dataset, duplicates: Sequence[Duplicate]) -> list[str]:
    if not duplicates:
        return []
    first = duplicates[0]
    return [
        f"{len(duplicates)} pair(s) of recordings are the same one under two names, "
        f"such as {dataset.name_of(first.first)} and {dataset.name_of(first.second)}: "
        "where both are on one side of a split it counts twice. "
        "python -m experiments.corpora lists them."
    ]


def data_hash(hashes: Mapping[str, str]) -> str:
    """One hash for the data of several corpora."""
    text = "".join(f"{name}:{hashes[name]};" for name in sorted(hashes))
    return hashlib.sha256(text.encode()).hexdigest()
