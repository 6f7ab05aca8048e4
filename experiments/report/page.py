"""The report as one page that needs no other file."""

from collections.abc import Sequence

from experiments.pages import html
from experiments.pages.html import escaped, prose
from experiments.report.document import Figure, Section, Table
from experiments.report.figures.look import in_page, page_style

_FOOTER = (
    "Every table lies in tables/ as CSV and LaTeX, and every figure in figures/ as SVG "
    "with its data as CSV."
)


def page(title: str, introduction: str, sections: Sequence[Section]) -> str:
    """Makes the page.

    Args:
      title: of the report.
      introduction: a paragraph below it.
      sections: of the report; those within the first level can be folded.

    Returns:
      HTML. Names of files and whatever else comes from data are escaped.
    """
    links = [(f"section-{n}", section.title) for n, section in enumerate(sections)]
    return html.page(
        title,
        f"<p>{prose(introduction)}</p>",
        links,
        [
            html.section(identity, section.title, _inside(section))
            for (identity, _), section in zip(links, sections, strict=True)
        ],
        _FOOTER,
        page_style(),
    )


def _inside(section: Section) -> str:
    points = "".join(f"<li>{prose(point)}</li>" for point in section.points)
    figures = "".join(map(_figure, section.figures))
    return "".join(
        [
            *(f"<p>{prose(text)}</p>" for text in section.paragraphs),
            f'<ul class="points">{points}</ul>' if points else "",
            *map(_table, section.tables),
            f'<div class="figures">{figures}</div>' if figures else "",
            *map(_folded, section.sections),
        ]
    )


def _folded(section: Section) -> str:
    return (
        f"<details><summary>{escaped(section.title)}</summary>"
        f"{_inside(section)}</details>"
    )


def _table(table: Table) -> str:
    notes = "".join(f'<p class="note">{prose(note)}</p>' for note in table.notes)
    if not table.rows:
        return f"<h3>{escaped(table.title)}</h3><p>Nothing to tell.</p>{notes}"
    return html.table(table.title, table.header, table.rows) + notes


def _figure(figure: Figure) -> str:
    caption = escaped(figure.caption)
    svg = in_page(figure.svg).replace(
        "<svg ", f'<svg role="img" aria-label="{caption}" ', 1
    )
    return (
        f'<figure id="{escaped(figure.name)}"><h3>{escaped(figure.title)}</h3>{svg}'
        f"<figcaption>{caption}</figcaption></figure>"
    )
