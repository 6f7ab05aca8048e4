"""Listing the recordings that a user's own CSV file describes."""

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from damldg_jax.corpora.declaration import Listing, Utterance
from damldg_jax.corpora.files import did_you_mean, first_few, printable
from damldg_jax.corpora.rows import OPTIONAL, REQUIRED, parse_row
from damldg_jax.errors import InputError

_SHOWN = 20
_DELIMITERS = (",", ";", "\t")
_HEADER = 10_000
# What Excel takes for the mark between columns, in a line of its own.
_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?[,;\t]*[\r\n]*', re.IGNORECASE)


def list_manifest(name: str, path: Path, language: str = "") -> Listing:
    """Reads the recordings that a manifest lists, one in each row.

    Args:
      name: the corpus that the manifest describes.
      path: a CSV file in UTF-8 with a header; the columns are `REQUIRED` and any
        of `OPTIONAL`. Paths in it start at the folder of the manifest. Semicolons or
        tabs may stand for the commas, as spreadsheets write them in some countries.
      language: of the rows that do not say.

    Returns:
      The recordings, sorted by name, and a notice of columns not used.

    Raises:
      InputError: the manifest cannot be read, or rows of it cannot be used; all
        of them are told at once, with their lines.
    """
    rows = _read(path)
    columns = [column.strip().lower() for column in next(rows, (0, []))[1]]
    _check_columns(path, columns)
    found: dict[str, Utterance] = {}
    lines: dict[str | Path, int] = {}
    problems: dict[str, list[int]] = {}
    for line, row in rows:
        try:
            utterance = parse_row(path.parent, columns, row, language)
            # One file may have two names, in two forms of Unicode.
            for identity in (utterance.name, utterance.path):
                if identity in lines:
                    raise InputError(
                        f"'{printable(str(utterance.path))}' repeats line "
                        f"{lines[identity]}"
                    )
            lines |= {utterance.name: line, utterance.path: line}
            found[utterance.name] = replace(utterance, line=line)
        except InputError as error:
            problems.setdefault(printable(str(error)), []).append(line)
    _check_rows(path, bool(found), problems)
    unused = [column for column in columns if column not in REQUIRED + OPTIONAL]
    names = ", ".join(printable(column) or "one without a name" for column in unused)
    notice = f"{name}: columns of {path} that are not used: {names}."
    utterances = tuple(found[key] for key in sorted(found))
    return Listing(utterances, (notice,) if unused else ())


def _read(path: Path) -> Iterator[tuple[int, list[str]]]:
    line = 1
    if os.path.exists(path) and not os.path.isfile(path):
        raise _not_read(path, "it is no file")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            delimiter, skipped = _delimiter(file)
            line += skipped
            reader = csv.reader(file, strict=True, delimiter=delimiter)
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield line, row
                line = reader.line_num + 1 + skipped
    except UnicodeDecodeError as error:
        raise InputError(
            f"The manifest {path} is not in UTF-8. Save it as 'CSV UTF-8'."
        ) from error
    except csv.Error as error:
        raise InputError(
            f"The manifest {path} is not valid CSV from line {line} on: "
            f"{printable(str(error))}. Check its quotes."
        ) from error
    except (OSError, ValueError) as error:
        raise _not_read(path, error) from error


def _not_read(path: Path, problem: object) -> InputError:
    hint = "" if os.path.exists(path) else did_you_mean(path, ".csv")
    return InputError(
        f"Cannot read the manifest {path}: {problem}.{hint} "
        "Name a CSV file: --corpora=name=path/to/manifest.csv."
    )


def _delimiter(file: TextIO) -> tuple[str, int]:
    """What separates the columns, by the header; and how many lines lie above that."""
    header, start = file.readline(_HEADER), 0
    separator = _SEPARATOR.fullmatch(header)
    if separator:
        start, header = len(header), file.readline(_HEADER)
    file.seek(0)
    file.read(start)
    marks = (
        mark
        for mark in _DELIMITERS
        if set(REQUIRED) <= {c.strip(' "\r\n').lower() for c in header.split(mark)}
    )
    return next(marks, separator[1] if separator else ","), int(bool(separator))


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = [column for column in REQUIRED if column not in columns]
    twice = [c for c in REQUIRED + OPTIONAL if columns.count(c) > 1]
    if not missing and not twice:
        return
    problem = (
        f"lacks {', '.join(missing)}" if missing else f"repeats {', '.join(twice)}"
    )
    raise InputError(
        f"The first line of the manifest {path}, '{_header(columns)}', {problem}. It "
        f"must name the columns {', '.join(REQUIRED)}, and may name "
        f"{', '.join(OPTIONAL)}, with commas between them."
    )


def _header(columns: list[str]) -> str:
    header = printable(",".join(columns))
    return header if len(header) < 200 else f"{header[:200]}..."


def _check_rows(path: Path, any_good: bool, problems: dict[str, list[int]]) -> None:
    if problems:
        rows = sum(map(len, problems.values()))
        told = [f"{_lines(of)}: {text}" for text, of in problems.items()]
        rest = sum(map(len, list(problems.values())[_SHOWN:]))
        more = [f"and {rest} more rows"] if rest else []
        raise InputError(
            f"Correct {rows} row(s) of the manifest {path}:\n  "
            + "\n  ".join(told[:_SHOWN] + more)
        )
    if not any_good:
        raise InputError(f"The manifest {path} is empty. Give each recording a row.")


def _lines(lines: list[int]) -> str:
    """Which lines have one and the same problem."""
    if len(lines) == 1:
        return f"line {lines[0]}"
    return f"{len(lines)} rows, lines {first_few([str(line) for line in lines])}"
