"""Pieces of a page; all text is escaped."""

import html
import re
from collections.abc import Sequence

from damldg_jax.corpora.files import printable
from experiments.pages.style import STYLE

# A flag in a sentence, without the comma or full stop after it.
_FLAG = re.compile(r"(?<![\w-])(--\w[\w=/.,-]*\w)")


def escaped(text: str) -> str:
    """Text in which nothing is a sign of HTML, nor of a terminal."""
    return html.escape(printable(text), quote=True)


def prose(text: str) -> str:
    """Escaped text with its line breaks, and flags as code."""
    lines = "<br>".join(escaped(line) for line in text.splitlines())
    return _FLAG.sub(r"<code>\1</code>", lines)


def section(identity: str, title: str, *parts: str) -> str:
    """A section with a heading that can be linked to."""
    body = "".join(parts)
    heading = f"<h2>{escaped(title)}</h2>"
    return f'<section id="{escaped(identity)}">{heading}{body}</section>'


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls by itself where the page is too narrow for it."""
    # Words begin, and numbers end, below each other.
    words = [all(row[n][:1].isalpha() for row in rows) for n in range(len(header))]
    kinds = [' class="words"' if of_words else "" for of_words in words]
    head = "".join(
        f'<th scope="col"{kind}>{escaped(cell)}</th>'
        for cell, kind in zip(header, kinds, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escaped(row[0])}</th>'
        + "".join(
            f"<td{kind}>{escaped(cell)}</td>"
            for cell, kind in zip(row[1:], kinds[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    title = escaped(title)
    return (
        f"<h3>{title}</h3>"
        f'<div class="scroll" role="region" tabindex="0" aria-label="{title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def page(
    title: str,
    introduction: str,
    links: Sequence[tuple[str, str]],
    sections: Sequence[str],
    footer: str,
    style: str = "",
) -> str:
    """Makes a page.

    Args:
      title: of the page.
      introduction: HTML below the title.
      links: identity and name of the sections that the contents list.
      sections: HTML.
      footer: text at the end.
      style: CSS beside that of all pages.

    Returns:
      HTML that needs no other file.
    """
    items = "".join(
        f'<li><a href="#{escaped(i)}">{escaped(name)}</a></li>' for i, name in links
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escaped(title)}</title><style>{STYLE}{style}</style></head><body>"
        f"<header><h1>{escaped(title)}</h1>{introduction}</header>"
        f'<nav aria-label="Contents"><ul>{items}</ul></nav>'
        f"<main>{''.join(sections)}</main>"
        f"<footer>{escaped(footer)}</footer></body></html>\n"
    )
