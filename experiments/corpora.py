r"""Checks corpora before anything is trained on them, and says what to do.

  python -m experiments.corpora --corpora_dir=corpora
  python -m experiments.corpora --corpora=emodb=path/to/emodb,mine=my/manifest.csv \
      --json=corpora.json --html=corpora.html

Reads every recording of the corpora that --corpora names or, without it, of all known
ones in --corpora_dir. Tells what is missing, unusable, clipped, there twice, and more.
Nothing is changed. Any other flags of experiments.main are accepted, so that both can
share a flagfile.

Exit status: 0 whatever was found, 1 with --strict if there are warnings, 2 for wrong
usage, 130 when interrupted, 143 when terminated.
"""

import dataclasses
import os
import pathlib
import sys
from collections.abc import Mapping, Sequence

from absl import flags
from tqdm import tqdm

from damldg_jax.audit import (
    WARNING,
    Copy,
    CorpusAudit,
    Finding,
    find_copies,
    findings,
    measure,
)
from damldg_jax.corpora import CORPORA
from damldg_jax.corpora.completeness import compare
from damldg_jax.corpora.declaration import Corpus, Listing
from damldg_jax.corpora.files import printable
from damldg_jax.corpora.sources import Source
from damldg_jax.errors import InputError
from damldg_jax.workers import in_threads
from experiments import cli
from experiments.audit_report.records import records
from experiments.audit_report.text import report
from experiments.config import Config
from experiments.console import progress, say
from experiments.interruption import catch_signals, status_of
from experiments.outputs import write_json
from experiments.surroundings import find_sources

_JSON = flags.DEFINE_string(
    "json", None, "File for everything that was measured, of each recording too."
)
_HTML = flags.DEFINE_string(
    "html", None, "File for a page with tables, findings, histograms and spectrograms."
)
_STRICT = flags.DEFINE_bool(
    "strict", False, "Exit with status 1 if there are warnings, for use in scripts."
)
_GROUPS = {
    "Data": ("corpora_dir", "corpora", "workers"),
    "Output": ("json", "html", "strict"),
}


@dataclasses.dataclass(frozen=True)
class Result:
    """What the check found.

    Attributes:
      audits: the corpora that could be listed.
      copies: recordings that are there twice.
      findings: what there is to say, warnings first.
    """

    audits: tuple[CorpusAudit, ...]
    copies: tuple[Copy, ...]
    findings: tuple[Finding, ...]


def check_corpora(config: Config) -> Result:
    """Checks the corpora that the settings name.

    Args:
      config: the settings; only those that say where recordings lie count.

    Returns:
      What was found.

    Raises:
      InputError: there is no corpus, or none that can be listed.
    """
    sources, remarks = find_sources(config)
    listings, problems = _list(sources, config)
    if not listings:
        raise InputError("\n".join(told.text for told in [*remarks, *problems]))
    total = sum(len(listing.utterances) for listing in listings.values())
    with progress(None, "Measuring", "recording", total=total) as bar:
        audits = tuple(
            _audit(sources[name], listing, config, bar)
            for name, listing in listings.items()
        )
    copies = tuple(find_copies(audits))
    found = [*problems, *findings(audits, copies), *remarks]
    found.sort(key=lambda finding: finding.severity != WARNING)
    return Result(audits, copies, tuple(found))


def _list(
    sources: Mapping[str, Source], config: Config
) -> tuple[dict[str, Listing], list[Finding]]:
    listings, problems = {}, []
    for name, source in sources.items():
        try:
            listings[name] = _listing(source, config)
        except InputError as error:
            problems.append(Finding(WARNING, (name,), str(error)))
    return listings, problems


def _listing(source: Source, config: Config) -> Listing:
    if source.tfds:
        copy = config.data_dir / "tfds_audio" / source.name / "manifest.csv"
        raise InputError(
            f"The recordings of '{source.name}' are still in a dataset. Have them "
            "copied out by python -m experiments.prepare and the same flags, and name "
            f"the copy here: --corpora={source.name}={copy}."
        )
    if source.synthetic and not _exists(source):
        raise InputError(
            f"The recordings of '{source.name}' are not made yet. They are synthetic: "
            "make them by python -m experiments.prepare and the same flags, with "
            "--overwrite if their records are there."
        )
    return source.listing()


def _exists(source: Source) -> bool:
    return source.location is not None and source.location.exists()


def _audit(source: Source, listing: Listing, config: Config, bar: tqdm) -> CorpusAudit:
    recordings = []
    for recording in in_threads(config.workers)(measure, listing.utterances):
        recordings.append(recording)
        bar.update()
    return CorpusAudit(
        source.name,
        printable(str(source.location)),
        source.synthetic,
        tuple(recordings),
        listing.notices,
        compare(_declaration(source), listing.utterances),
    )


def _declaration(source: Source) -> Corpus | None:
    """What is known of the corpus, unless its recordings come by a manifest."""
    manifest = source.location is not None and source.location.suffix.lower() == ".csv"
    return None if manifest else CORPORA.get(source.name)


def _show(text: str) -> None:
    """Prints what the terminal can, and the rest as escapes."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        # Who reads has seen enough, but files are still to be written. What Python
        # flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_all(result: Result) -> None:
    """Writes each file that is asked for, whatever becomes of the others."""
    problems = []
    for value, write in ((_JSON.value, _write_json), (_HTML.value, _write_html)):
        if not value:
            continue
        try:
            write(pathlib.Path(value).expanduser(), result)
        except OSError as error:
            problems.append(f"Cannot write {value}: {error.strerror or error}.")
    if problems:
        raise InputError(" ".join(problems))


def _write_json(path: pathlib.Path, result: Result) -> None:
    write_json(path, records(result.audits, result.copies, result.findings))


def _write_html(path: pathlib.Path, result: Result) -> None:
    # Only here, as drawing takes a second to load.
    from experiments.audit_report.page import page

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(result.audits, result.findings), encoding="utf-8")


def _check_outputs() -> None:
    for name, value in (("json", _JSON.value), ("html", _HTML.value)):
        if value and os.path.isdir(os.path.expanduser(value)):
            raise InputError(f"--{name}={value} is a folder: name a file in it.")
    # It is written beside its place and then moved there, which no device survives.
    path = os.path.expanduser(_JSON.value or "")
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"--json={_JSON.value} is no ordinary file: name another one.")


def status(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit status; see the head of this file."""
    outcome = 0

    def run(config: Config) -> None:
        nonlocal outcome
        _check_outputs()
        try:
            result = check_corpora(config)
            # What was found must not be lost if a file cannot be written.
            _show(report(result.audits, result.findings))
            _write_all(result)
        except KeyboardInterrupt as error:
            say("Interrupted.")
            outcome = status_of(error)
            return
        warned = any(finding.severity == WARNING for finding in result.findings)
        outcome = int(warned and _STRICT.value)

    return cli.status(run, __doc__, _GROUPS, list(argv)) or outcome


def main() -> None:
    """Runs the command, and exits with its status."""
    catch_signals()
    sys.exit(status(sys.argv))


if __name__ == "__main__":
    main()
