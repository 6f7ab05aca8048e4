"""Turns corpora into TFRecords of log-mel spectrograms or other features.

Makes the packed copies too, which runs read: where both are, no run needs TensorFlow.

  python -m experiments.prepare --corpora_dir=corpora --corpora=emodb,ravdess

Corpora whose records are there and whose files have not changed are left as they are.
A preparation that was interrupted goes on where it was when given again. Any other
flags of experiments.main are accepted, so that both can share a flagfile.
"""

import os
from collections.abc import Mapping, Sequence

from damldg_jax.corpora.declaration import Listing, Utterance
from damldg_jax.corpora.files import printable
from damldg_jax.corpora.sources import Source
from damldg_jax.dataset import RejectedRecordings
from damldg_jax.errors import InputError
from damldg_jax.extraction import find_rejected, fingerprint
from damldg_jax.features import SIGN
from damldg_jax.records import locks, needed, packed, parts, staging
from damldg_jax.records.beam import on_beam
from damldg_jax.records.provenance import (
    Provenance,
    Summary,
    check_settings,
    older_versions,
    read_description,
)
from damldg_jax.workers import Each, in_threads
from experiments import cli
from experiments.config import Config
from experiments.console import progress, say
from experiments.listings import list_all, stored_of
from experiments.plan import corpora_to_alter, corpora_to_prepare


def prepare(
    sources: Mapping[str, Source], config: Config, copies: bool = False
) -> None:
    """Prepares what is missing or has changed.

    Args:
      sources: the corpora.
      config: where the records go, of which features.
      copies: also make the packed copies, so that runs can start where there is no
        TensorFlow; those of corpora with recordings that cannot be used excepted. And
        tell what is noticed of corpora, which a run tells itself.

    Raises:
      InputError: corpora cannot be found or read, all of which are told in one
        message; then all recordings that cannot be used, likewise; or the records
        cannot be written, or, for a copy, read.
    """
    if config.extractor.notice:
        say(config.extractor.notice)
    staging.remove_abandoned(config.data_dir)
    listings = list_all(sources, config)
    rejected: dict[str, RejectedRecordings] = {}
    for name, listing in listings.items():
        try:
            _prepare_corpus(sources[name], listing, config, notices=copies)
        except RejectedRecordings as error:
            rejected[name] = error
    problems = [_tell(rejected, listings)] if rejected else []
    if copies:
        problems += _pack(sorted(sources.keys() - rejected), config)
    if problems:
        raise InputError("\n".join(problems))


def _prepare_corpus(
    source: Source, listing: Listing | None, config: Config, notices: bool
) -> None:
    if listing is None:
        _, summary = read_description(config.data_dir, source.name)
        _check_skipped(summary.skipped, config)
        say(f"{source.name}: uses the records in {config.data_dir}.")
        return
    provenance = Provenance(
        corpus=source.name,
        feature_settings=config.extractor.settings(source.name),
        num_features=config.extractor.num_features,
        fingerprint=fingerprint(listing.utterances),
        synthetic=source.synthetic,
        notices=_without_paths(listing.notices, source),
        dtype=config.extractor.stored_dtype,
    )
    lock = locks.place(config.data_dir, source.name)
    # Where nothing is to be done, nothing need be writable.
    if not _is_done(source, provenance, listing, config):
        with locks.held(lock, say):
            # Whom we waited for may have done it.
            if not _is_done(source, provenance, listing, config):
                _write(provenance, listing, config)
                for notice in listing.notices if notices else ():
                    say(printable(notice))
    elif parts.folder_of(config.data_dir, source.name).exists():
        with locks.attempted(lock) as free:
            if free:
                parts.remove(config.data_dir, source.name)


def _is_done(
    source: Source, provenance: Provenance, listing: Listing, config: Config
) -> bool:
    """Whether the records are there, and what they lack still cannot be used."""
    stored = stored_of(source, config)
    if stored is None:
        return False
    check_settings(config.data_dir, stored[0], provenance.feature_settings)
    if stored[0] != provenance:
        return False
    # Permissions, say, are mended without another size or date.
    some = [u for u in listing.utterances if u.name in stored[1].skipped]
    skipped = find_rejected(some, config.extractor, source.name)
    if len(skipped) < len(stored[1].skipped):
        return False
    _check_skipped(skipped, config)
    count = sum(stored[1].counts.values())
    say(f"{_title(source.name, config)}: {count} utterances, unchanged.")
    return True


def _write(provenance: Provenance, listing: Listing, config: Config) -> None:
    corpus, settings = provenance.corpus, provenance.feature_settings
    divided = parts.divide(
        config.data_dir, corpus, listing.utterances, config.extractor, settings
    )
    tfrecords = needed.load(
        "damldg_jax.records.tfrecords",
        f"Preparing '{corpus}', as its records are not there or its files have other "
        "names, sizes or dates now,",
    )
    total = len(listing.utterances)
    if done := parts.tidy(divided):
        say(f"{corpus}: goes on, {done} of {total} utterances were done before.")
    told = f"Preparing {_title(corpus, config)}"
    with progress(None, told, "utterance", total=total) as bar:
        summary = tfrecords.write(
            config.data_dir,
            provenance,
            divided,
            config.skip_unreadable,
            _workers(config),
            bar.update,
        )
    parts.remove(config.data_dir, corpus)
    for folder in older_versions(config.data_dir, corpus):
        say(f"{folder} holds records of another version: it can be deleted.")
    _say_outcome(_title(corpus, config), summary)


def _say_outcome(title: str, summary: Summary) -> None:
    counts = ", ".join(f"{emotion} {n}" for emotion, n in summary.counts.items())
    skipped = f"; {len(summary.skipped)} left out" if summary.skipped else ""
    # Pictures last no time.
    length = f", {summary.seconds / 60:.1f} minutes" if summary.seconds else ""
    total = sum(summary.counts.values())
    say(f"{title}: {total} utterances{length} ({counts}){skipped}.")


def _workers(config: Config) -> Each:
    if config.beam:
        return on_beam(config.beam_options, config.data_dir)
    return in_threads(config.workers)


def _without_paths(notices: tuple[str, ...], source: Source) -> tuple[str, ...]:
    """Notices as they are stored: the same wherever the corpus lies."""
    folder = os.path.dirname(source.location) if source.location else ""
    prefix = os.path.join(folder, "") if folder.strip(os.sep) else ""
    return tuple(n.replace(prefix, "") if prefix else n for n in notices)


def _check_skipped(skipped: Mapping[str, str], config: Config) -> None:
    if skipped and not config.skip_unreadable:
        raise RejectedRecordings(skipped, any_usable=True)


def _tell(
    rejected: Mapping[str, RejectedRecordings], listings: Mapping[str, Listing | None]
) -> str:
    count = sum(len(error.rejected) for error in rejected.values())
    lines = [f"{count} recording(s) cannot be used:"]
    for corpus, error in rejected.items():
        lines.append(f"{corpus}:" if error.any_usable else f"{corpus}, all of it:")
        listed = listings[corpus].utterances if listings[corpus] else ()
        places = {utterance.name: utterance for utterance in listed}
        lines += [
            printable(f"  {_told(name, reason, places.get(name))}")
            for name, reason in error.rejected.items()
        ]
    remedy = "Mend or remove them"
    if all(error.any_usable for error in rejected.values()):
        remedy += ", or go on without them: --skip_unreadable"
    return "\n".join([*lines, f"{remedy}."])


def _told(name: str, reason: str, utterance: Utterance | None) -> str:
    """What is wrong with a recording, by the path and the line that a user knows."""
    line = (
        f" (line {utterance.line} of the manifest)"
        if utterance and utterance.line
        else ""
    )
    return f"{utterance.path if utterance else name}: {reason}{line}"


def _pack(names: Sequence[str], config: Config) -> list[str]:
    """Makes the packed copies, and tells of the records that cannot be read."""
    problems = []
    for name in progress(names, "Packing", "corpus", leave=False):
        try:
            packed.keep(config.data_dir, name, config.extractor.settings(name), say)
        except InputError as error:
            problems.append(str(error))
    return problems


def _title(corpus: str, config: Config) -> str:
    """Names a corpus, and how its recordings are altered if they are."""
    _, sign, alteration = config.features.partition(SIGN)
    return f"{corpus} ({alteration})" if sign else corpus


def _main(config: Config) -> None:
    prepare(corpora_to_prepare(config), config, copies=True)
    for variant in config.variants:
        prepare(corpora_to_alter(config), config.altered(variant), copies=True)


def main() -> None:
    """Runs the command, and exits with its status."""
    cli.run(_main, __doc__, groups=["Data"])


if __name__ == "__main__":
    main()
