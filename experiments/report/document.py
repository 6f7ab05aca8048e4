"""What a report is made of, whatever it is written as."""

import dataclasses
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
      name: of its files, in letters, digits and underscores.
      title: above it.
      header: of the columns.
      rows: as long as the header each.
      notes: below it.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture with its data.

    Attributes:
      name: of its files, in letters, digits and underscores.
      title: above it.
      caption: below it, and what is read out to who cannot see it.
      svg: the picture, for a light ground.
      header: of the columns of the data.
      rows: of the data, text or numbers.
    """

    name: str
    title: str
    caption: str
    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
      title: of the section.
      paragraphs: of text.
      points: of a list, after them.
      tables: after those.
      figures: after the tables.
      sections: further ones within.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    sections: tuple["Section", ...] = ()

    def walk(self) -> Iterator["Section"]:
        """Yields the section and all within, in reading order."""
        yield self
        for section in self.sections:
            yield from section.walk()
