"""A report as Markdown, LaTeX tables and CSV files."""

import pathlib
from collections.abc import Sequence

from damldg_jax.corpora.files import printable
from experiments.outputs import write_csv, write_text
from experiments.report.document import Figure, Section, Table

_LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def write_tables(folder: pathlib.Path, sections: Sequence[Section]) -> None:
    """Writes each table as ``<name>.tex`` and ``<name>.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in _tables(sections):
        write_text(folder / f"{table.name}.tex", latex(table))
        write_csv(folder / f"{table.name}.csv", table.header, table.rows)


def write_figures(folder: pathlib.Path, sections: Sequence[Section]) -> None:
    """Writes each figure as ``<name>.svg`` and its data as ``<name>.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    for figure in _figures(sections):
        write_text(folder / f"{figure.name}.svg", figure.svg)
        write_csv(folder / f"{figure.name}.csv", figure.header, figure.rows)


def markdown(title: str, sections: Sequence[Section], figures: str) -> str:
    """Makes ``report.md``.

    Args:
      title: of the report.
      sections: of it.
      figures: folder of the pictures, as the file is to name it.

    Returns:
      Markdown; names from data are escaped.
    """
    lines = [f"# {_plain(title)}", ""]
    for section in sections:
        lines += _markdown_section(section, 2, figures)
    return "\n".join(lines).rstrip() + "\n"


def latex(table: Table) -> str:
    """Makes a table for LaTeX, with the rules of the package booktabs.

    Args:
      table: to write.

    Returns:
      A ``table`` environment with a caption and a label.
    """
    columns = "l" * min(2, len(table.header)) + "r" * (len(table.header) - 2)
    body = [" & ".join(map(_latex, row)) + r" \\" for row in table.rows]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            f"  \\caption{{{_latex(table.title)}. {_latex(' '.join(table.notes))}}}",
            f"  \\label{{tab:{table.name}}}",
            f"  \\begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            "    " + " & ".join(map(_latex, table.header)) + r" \\",
            r"    \midrule",
            *(f"    {line}" for line in body),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _tables(sections: Sequence[Section]) -> list[Table]:
    return [t for top in sections for section in top.walk() for t in section.tables]


def _figures(sections: Sequence[Section]) -> list[Figure]:
    return [f for top in sections for section in top.walk() for f in section.figures]


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in _one_line(text))


def _markdown_section(section: Section, level: int, figures: str) -> list[str]:
    lines = [f"{'#' * level} {_plain(section.title)}", ""]
    for paragraph in section.paragraphs:
        lines += [_plain(paragraph), ""]
    lines += [f"- {_plain(point)}" for point in section.points]
    lines += [""] * bool(section.points)
    for table in section.tables:
        lines += [f"**{_plain(table.title)}**", "", *_markdown_table(table), ""]
        lines += [text for note in table.notes for text in (_plain(note), "")]
    for figure in section.figures:
        picture = f"![{_plain(figure.title)}]({figures}/{figure.name}.svg)"
        lines += [picture, "", _plain(figure.caption), ""]
    for within in section.sections:
        lines += _markdown_section(within, level + 1, figures)
    return lines


def _markdown_table(table: Table) -> list[str]:
    ruler = ["---"] + ["---:"] * (len(table.header) - 1)
    rows = [map(_plain, table.header), ruler, *(map(_plain, r) for r in table.rows)]
    return [f"| {' | '.join(row)} |" for row in rows]


def _plain(text: str) -> str:
    """Text in which nothing is a sign of Markdown or HTML."""
    text = _one_line(text)
    for sign in "\\`*_[]|":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
