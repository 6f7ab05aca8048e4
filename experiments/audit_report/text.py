"""The report as text, for a terminal."""

import textwrap
from collections.abc import Sequence

from tabulate import tabulate

from damldg_jax.audit import NOTE, WARNING, CorpusAudit, Finding
from experiments.audit_report.tables import Table, tables

_WIDTH = 79
_HEADINGS = {WARNING: "Warnings", NOTE: "Notes"}


def report(audits: Sequence[CorpusAudit], found: Sequence[Finding]) -> str:
    """Writes tables and findings.

    Args:
      audits: the corpora.
      found: what there is to say, warnings first.

    Returns:
      Lines of text.
    """
    parts = [_table(table) for table in tables(audits)]
    for severity, heading in _HEADINGS.items():
        texts = [finding.text for finding in found if finding.severity == severity]
        if texts:
            parts.append("\n".join([f"{heading}:", *map(_item, texts)]))
    if generated := [audit.name for audit in audits if audit.synthetic]:
        parts.append(f"Synthetic, and evidence of nothing: {', '.join(generated)}.")
    return "\n\n".join([*parts, summary(audits, found)])


def summary(audits: Sequence[CorpusAudit], found: Sequence[Finding]) -> str:
    """Says in a sentence how much was looked at and how much was found."""
    recordings = sum(len(audit.recordings) for audit in audits)
    minutes = sum(sound.seconds for audit in audits for sound in audit.sounds) / 60
    counts = [
        sum(finding.severity == severity for finding in found)
        for severity in (WARNING, NOTE)
    ]
    return (
        f"Corpora: {len(audits)}; recordings: {recordings}; minutes: {minutes:.1f}. "
        f"Warnings: {counts[0]}; notes: {counts[1]}."
    )


def _table(table: Table) -> str:
    # Cells are text already: tabulate is not to read numbers into them.
    align = ["left"] + ["right"] * (len(table.header) - 1)
    body = tabulate(table.rows, table.header, disable_numparse=True, colalign=align)
    return f"{table.title}:\n{body}"


def _item(text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
