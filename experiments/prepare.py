"""Turns corpora into TFRecords of log-mel spectrograms.

  python -m experiments.prepare --corpora_dir=corpora --corpora=emodb,ravdess

Corpora whose records are there and whose files have not changed are left as they are.
A preparation that was interrupted starts again with the corpus it was at. Any other
flags of experiments.main are accepted, so that both can share a flagfile.
"""

import dataclasses
from collections.abc import Mapping

from damldg_jax import records
from damldg_jax.corpora.declaration import Listing
from damldg_jax.corpora.sources import Source
from damldg_jax.corpora.synthetic import write_corpus
from damldg_jax.dataset import RejectedRecordings
from damldg_jax.errors import InputError
from damldg_jax.extraction import extract, fingerprint
from damldg_jax.features import FEATURES
from damldg_jax.provenance import Provenance, read_description
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
      InputError: a corpus cannot be found or read; unusable recordings of all corpora
        are told in one message.
    """
    rejected: dict[str, Mapping[str, str]] = {}
    for source in sources.values():
        try:
            _prepare_corpus(source, config)
        except RejectedRecordings as error:
            rejected[source.name] = error.rejected
    if rejected:
        raise InputError(_tell(rejected))


def _prepare_corpus(source: Source, config: Config) -> None:
    features = FEATURES[config.features]
    settings = dataclasses.asdict(features)
    stored = read_description(config.data_dir, source.name)
    if stored and not config.overwrite:
        _check_settings(source.name, stored[0].feature_settings, settings, config)
    if stored and not _has_recordings(source):
        _check_skipped(stored[1].skipped, config)
        say(f"{source.name}: uses the records in {config.data_dir}.")
        return
    listing = _list(source)
    provenance = Provenance(
        corpus=source.name,
        feature_settings=settings,
        num_features=features.num_features,
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
    features = FEATURES[config.features]
    bar = progress(
        extract(listing.utterances, features, features.sample_rate),
        f"Preparing {provenance.corpus}",
        "utterance",
        total=len(listing.utterances),
    )
    with bar:
        summary = records.write(
            config.data_dir, provenance, bar, config.skip_unreadable
        )
    for notice in listing.notices:
        say(notice)
    counts = ", ".join(f"{emotion} {n}" for emotion, n in summary.counts.items())
    skipped = f"; {len(summary.skipped)} left out" if summary.skipped else ""
    say(
        f"{provenance.corpus}: {sum(summary.counts.values())} utterances, "
        f"{summary.seconds / 60:.1f} minutes ({counts}){skipped}."
    )


def _list(source: Source) -> Listing:
    if source.synthetic and source.location is not None:
        write_corpus(
            source.name,
            source.location,
            progress=lambda keys: progress(keys, f"Making {source.name}", "utterance"),
        )
    return source.listing()


def _has_recordings(source: Source) -> bool:
    return source.location is not None and (
        source.synthetic or source.location.exists()
    )


def _check_settings(
    corpus: str, stored: Mapping, wanted: Mapping, config: Config
) -> None:
    names = sorted(
        name for name in {*stored, *wanted} if stored.get(name) != wanted.get(name)
    )
    if names:
        differences = ", ".join(
            f"{name} {stored.get(name)} instead of {wanted.get(name)}" for name in names
        )
        raise InputError(
            f"The records of '{corpus}' in {config.data_dir} were made with other "
            f"settings: {differences}. Choose another --data_dir, or let them be made "
            "anew by --overwrite."
        )


def _check_skipped(skipped: Mapping[str, str], config: Config) -> None:
    if skipped and not config.skip_unreadable:
        raise RejectedRecordings(skipped)


def _tell(rejected: Mapping[str, Mapping[str, str]]) -> str:
    count = sum(map(len, rejected.values()))
    lines = [f"{count} recording(s) cannot be used:"]
    for corpus, reasons in rejected.items():
        lines.append(f"{corpus}:")
        lines += [f"  {reason}" for reason in reasons.values()]
    lines.append("Mend or remove them, or go on without them: --skip_unreadable.")
    return "\n".join(lines)


def _main(config: Config) -> None:
    prepare(corpora_to_prepare(config), config)


if __name__ == "__main__":
    cli.run(_main, __doc__, groups=["Data"])
