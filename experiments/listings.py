"""Lists the recordings of the corpora that are to be prepared."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping

from damldg_jax import tfds_copies
from damldg_jax.corpora.declaration import Listing
from damldg_jax.corpora.digits import write_digits
from damldg_jax.corpora.sources import Source
from damldg_jax.corpora.synthetic import write_corpus
from damldg_jax.errors import InputError
from damldg_jax.records import needed, staging
from damldg_jax.records.provenance import (
    Provenance,
    Summary,
    check_settings,
    read_description,
)
from experiments.config import Config
from experiments.console import progress, say


def list_all(
    sources: Mapping[str, Source], config: Config
) -> dict[str, Listing | None]:
    """Lists the recordings of all corpora.

    Args:
      sources: the corpora.
      config: where their records lie.

    Returns:
      The recordings of each; None where they are gone but their records are there.

    Raises:
      InputError: corpora cannot be found or read; it tells of all of them.
    """
    listings, problems = {}, []
    for name, source in sources.items():
        try:
            staging.recover(config.data_dir, name, say)
            listings[name] = _list(source, config)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return listings


def _list(source: Source, config: Config) -> Listing | None:
    stored = stored_of(source, config)
    if stored and not _has_recordings(source):
        settings = config.extractor.settings(source.name)
        check_settings(config.data_dir, stored[0], settings)
        return None
    if source.generated:
        _write(source)
    return _with_manifest(source, config).listing()


def _write(source: Source) -> None:
    """Writes a corpus that needs no download."""
    if source.pictures:
        write_digits(source.name, source.location)
        return
    write_corpus(
        source.name,
        source.location,
        progress=lambda keys: progress(keys, f"Making {source.name}", "utterance"),
    )


def is_available(source: Source, config: Config) -> bool:
    """Whether a corpus, or at least its records, are where the settings say.

    Args:
      source: the corpus.
      config: where records lie.
    """
    return (
        _has_recordings(source)
        or source.generated
        or read_description(config.data_dir, source.name) is not None
    )


def stored_of(source: Source, config: Config) -> tuple[Provenance, Summary] | None:
    """What lies beside the records, unless they are to be made anew whatever it is.

    Args:
      source: the corpus.
      config: where the records lie.

    Returns:
      Where the records come from and what they hold, or None.

    Raises:
      InputError: the description is damaged.
    """
    if config.overwrite and (_has_recordings(source) or source.generated):
        return None
    return read_description(config.data_dir, source.name)


def _with_manifest(source: Source, config: Config) -> Source:
    """Makes recordings with a manifest of a dataset of tensorflow-datasets."""
    if not source.tfds:
        return source
    folder = config.data_dir / "tfds_audio" / source.name
    manifest = tfds_copies.find(source.name, source.location, folder)
    if manifest is None:
        manifest = _copy_recordings(source, folder)
    return dataclasses.replace(source, location=manifest, tfds=False)


def _copy_recordings(source: Source, folder: pathlib.Path) -> pathlib.Path:
    tfds_audio = needed.load(
        "damldg_jax.tfds_audio", f"Copying the recordings of '{source.name}'"
    )
    return tfds_audio.write_recordings(
        source.name,
        source.location,
        folder,
        lambda items, total: progress(
            items, f"Copying {source.name}", "utterance", total=total
        ),
        say,
    )


def _has_recordings(source: Source) -> bool:
    return source.location is not None and os.path.exists(source.location)
