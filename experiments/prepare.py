"""Turns corpora into TFRecords of log-mel spectrograms or other features.

  python -m experiments.prepare --corpora_dir=corpora --corpora=emodb,ravdess

Corpora whose records are there and whose files have not changed are left as they are.
A preparation that was interrupted goes on where it was when given again. Any other
flags of experiments.main are accepted, so that both can share a flagfile.
"""

import dataclasses
import os
from collections.abc import Mapping

from damldg_jax import parts, records, tfds_audio
from damldg_jax.beam import on_beam
from damldg_jax.corpora.declaration import Listing
from damldg_jax.corpora.sources import Source
from damldg_jax.corpora.synthetic import write_corpus
from damldg_jax.dataset import RejectedRecordings
from damldg_jax.errors import InputError
from damldg_jax.extraction import fingerprint
from damldg_jax.provenance import (
    Provenance,
    check_settings,
    older_versions,
    read_description,
)
from damldg_jax.workers import Each, in_threads
from experiments import cli
from experiments.config import Config
from experiments.console import progress, say
from experiments.plan import corpora_to_prepare


def prepare(sources: Mapping[str, Source], config: Config) -> None:
    """Prepares what is missing or has changed.

    Args:
      sources: the corpora.
      config: where the records go, of which features.

    Raises:
      InputError: corpora cannot be found or read, all of which are told in one
        message; then all recordings that cannot be used, likewise.
    """
    if config.extractor.notice:
        say(config.extractor.notice)
    listings, problems = {}, []
    for source in sources.values():
        try:
            listings[source.name] = _list(source, config)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    rejected: dict[str, RejectedRecordings] = {}
    for name, listing in listings.items():
        try:
            _prepare_corpus(sources[name], listing, config)
        except RejectedRecordings as error:
            rejected[name] = error
    if rejected:
        raise InputError(_tell(rejected))


def _list(source: Source, config: Config) -> Listing | None:
    """Lists the recordings; None if they are gone but their records are there."""
    stored = read_description(config.data_dir, source.name)
    if stored and not _has_recordings(source):
        settings = config.extractor.settings(source.name)
        check_settings(config.data_dir, stored[0], settings)
        return None
    if source.synthetic and source.location is not None:
        write_corpus(
            source.name,
            source.location,
            progress=lambda keys: progress(keys, f"Making {source.name}", "utterance"),
        )
    return _with_manifest(source, config).listing()


def _with_manifest(source: Source, config: Config) -> Source:
    """Makes recordings with a manifest of a dataset of tensorflow-datasets."""
    if not source.tfds:
        return source
    manifest = tfds_audio.write_recordings(
        source.name,
        source.location,
        config.data_dir / "tfds_audio" / source.name,
        lambda items, total: progress(
            items, f"Copying {source.name}", "utterance", total=total
        ),
    )
    return dataclasses.replace(source, location=manifest, tfds=False)


def _prepare_corpus(source: Source, listing: Listing | None, config: Config) -> None:
    stored = read_description(config.data_dir, source.name)
    if listing is None:
        _check_skipped(stored[1].skipped, config)
        say(f"{source.name}: uses the records in {config.data_dir}.")
        return
    settings = config.extractor.settings(source.name)
    if stored and not config.overwrite:
        check_settings(config.data_dir, stored[0], settings)
    provenance = Provenance(
        corpus=source.name,
        feature_settings=settings,
        num_features=config.extractor.num_features,
        fingerprint=fingerprint(listing.utterances),
        synthetic=source.synthetic,
        notices=listing.notices,
    )
    if stored and stored[0] == provenance:
        _check_skipped(stored[1].skipped, config)
        say(f"{source.name}: {sum(stored[1].counts.values())} utterances, unchanged.")
        return
    _write(provenance, listing, config)


def _write(provenance: Provenance, listing: Listing, config: Config) -> None:
    corpus, settings = provenance.corpus, provenance.feature_settings
    divided = parts.divide(
        config.data_dir, corpus, listing.utterances, config.extractor, settings
    )
    total = len(listing.utterances)
    if done := parts.tidy(divided):
        say(f"{corpus}: goes on, {done} of {total} utterances were done before.")
    with progress(None, f"Preparing {corpus}", "utterance", total=total) as bar:
        summary = records.write(
            config.data_dir,
            provenance,
            divided,
            config.skip_unreadable,
            _workers(config),
            bar.update,
        )
    parts.remove(divided)
    for folder in older_versions(config.data_dir, corpus):
        say(f"{folder} holds records of another version: it can be deleted.")
    for notice in listing.notices:
        say(notice)
    counts = ", ".join(f"{emotion} {n}" for emotion, n in summary.counts.items())
    skipped = f"; {len(summary.skipped)} left out" if summary.skipped else ""
    say(
        f"{provenance.corpus}: {sum(summary.counts.values())} utterances, "
        f"{summary.seconds / 60:.1f} minutes ({counts}){skipped}."
    )


def _workers(config: Config) -> Each:
    if config.beam:
        return on_beam(config.beam_options, config.data_dir)
    return in_threads(config.workers)


def _has_recordings(source: Source) -> bool:
    return source.location is not None and (
        source.synthetic or os.path.exists(source.location)
    )


def _check_skipped(skipped: Mapping[str, str], config: Config) -> None:
    if skipped and not config.skip_unreadable:
        raise RejectedRecordings(skipped, any_usable=True)


def _tell(rejected: Mapping[str, RejectedRecordings]) -> str:
    count = sum(len(error.rejected) for error in rejected.values())
    lines = [f"{count} recording(s) cannot be used:"]
    for corpus, error in rejected.items():
        lines.append(f"{corpus}:" if error.any_usable else f"{corpus}, all of it:")
        lines += [f"  {reason}" for reason in error.rejected.values()]
    remedy = "Mend or remove them"
    if all(error.any_usable for error in rejected.values()):
        remedy += ", or go on without them: --skip_unreadable"
    return "\n".join([*lines, f"{remedy}."])


def _main(config: Config) -> None:
    prepare(corpora_to_prepare(config), config)


if __name__ == "__main__":
    cli.run(_main, __doc__, groups=["Data"])
