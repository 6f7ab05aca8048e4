"""The report as one page that needs no other file."""

from collections.abc import Sequence

import numpy as np

from damldg_jax.audit import WARNING, CorpusAudit, Finding
from experiments.audit_report.histogram import histogram, shared_edges
from experiments.audit_report.pictures import spectrograms
from experiments.audit_report.tables import Table, speakers, tables
from experiments.audit_report.text import summary
from experiments.pages import html
from experiments.pages.html import escaped, prose

# Figures of a recording with a histogram each: title, unit, digits.
_HISTOGRAMS = {
    "seconds": ("Duration", "seconds", 1),
    "rms_db": ("Level", "dBFS", 0),
}

_FOOTER = (
    "Levels are root mean squares of whole recordings, in dB below full scale. Silent "
    "ends are more than 40 dB below the loudest 10 ms of their recording. A recording "
    "is clipped where samples in a row lie at full scale. The outermost bars also "
    "stand for what lies beyond the axis."
)


def page(audits: Sequence[CorpusAudit], found: Sequence[Finding]) -> str:
    """Makes the page.

    Args:
      audits: the corpora, whose recordings still lie where they were.
      found: what there is to say, warnings first.

    Returns:
      HTML. Names of files and whatever else comes from the corpora are escaped.
    """
    edges = _edges(audits)
    sections = [
        html.section("findings", "Findings", _findings(found)),
        # The tables of speakers are with their corpora.
        html.section("tables", "Tables", *map(_table, tables(audits)[: -len(audits)])),
        *(_corpus(audit, edges) for audit in audits),
    ]
    links = [("findings", "Findings"), ("tables", "Tables")]
    links += [(f"corpus-{audit.name}", audit.name) for audit in audits]
    return html.page(
        "Corpora checked",
        f"<p>{escaped(summary(audits, found))}</p>",
        links,
        sections,
        _FOOTER,
    )


def _findings(found: Sequence[Finding]) -> str:
    if not found:
        return "<p>Nothing was found.</p>"
    return f'<ul class="findings">{"".join(map(_finding, found))}</ul>'


def _finding(finding: Finding) -> str:
    kind = "Warning" if finding.severity == WARNING else "Note"
    names = ""
    # A few are told in the text.
    if len(finding.recordings) > 3:
        listed = ", ".join(map(escaped, finding.recordings))
        names = (
            f"<details><summary>All {len(finding.recordings)} names</summary>"
            f"<p>{listed}</p></details>"
        )
    told = prose(finding.text)
    return f'<li class="{kind.lower()}"><b>{kind}</b> {told}{names}</li>'


def _table(table: Table) -> str:
    return html.table(table.title, table.header, table.rows)


def _corpus(audit: CorpusAudit, edges: dict[str, np.ndarray]) -> str:
    parts = [f"<p>{escaped(audit.location)}</p>"]
    if audit.synthetic:
        parts.append("<p>Synthetic: it shows that the software works.</p>")
    if audit.sounds:
        drawn = [_histogram(audit, name, edges[name]) for name in _HISTOGRAMS]
        parts.append(f'<div class="grid">{"".join(drawn)}</div>')
    parts.append(_table(speakers(audit)))
    if pictures := spectrograms(audit):
        parts.append(
            "<h3>A recording of middle length of each emotion</h3><p>Log-mel "
            "spectrograms: time to the right, on one scale; 60 Hz to 7800 Hz upwards, "
            "in mels; the brighter the louder, over 70 dB.</p>"
            f'<div class="grid">{pictures}</div>'
        )
    return html.section(f"corpus-{audit.name}", audit.name, *parts)


def _edges(audits: Sequence[CorpusAudit]) -> dict[str, np.ndarray]:
    """One axis for all corpora, so that they can be compared."""
    heard = [audit for audit in audits if audit.sounds]
    if not heard:
        return {}
    return {
        name: shared_edges([[getattr(s, name) for s in a.sounds] for a in heard])
        for name in _HISTOGRAMS
    }


def _histogram(audit: CorpusAudit, name: str, edges: np.ndarray) -> str:
    title, unit, digits = _HISTOGRAMS[name]
    spread = audit.spread(name)
    told = (
        f"{spread.smallest:.{digits}f} to {spread.largest:.{digits}f} {unit}, "
        f"median {spread.median:.{digits}f}"
    )
    values = [getattr(sound, name) for sound in audit.sounds]
    drawn = histogram(
        values, edges, unit, f"Histogram of {title.lower()}, {audit.name}: {told}"
    )
    return (
        f"<figure>{drawn}<figcaption><b>{title}</b> {told}; upwards the number of "
        "recordings</figcaption></figure>"
    )
