r"""Turns work directories into one report: page, tables, figures.

  python -m experiments.report runs/first runs/second --output=report

Reads the finished runs of all work directories given, and writes into --output
report.html (which needs no other file), report.md, tables/ (CSV and LaTeX) and figures/
(SVG and CSV). Runs of different settings, versions, features or data are told apart and
never averaged together; damaged ones are named and left out. The same runs give the
same files.

Exit status: 0 if a report was written, 2 for wrong usage or if there is no run, 130
when interrupted, 143 when terminated.
"""

import pathlib
from collections.abc import Sequence

from absl import flags

from damldg_jax.errors import InputError
from experiments.console import say
from experiments.outputs import write_text
from experiments.report.composition import compose
from experiments.report.page import page
from experiments.report.run_folders import find_runs
from experiments.report.writing import markdown, write_figures, write_tables

_TITLE = "Cross-corpus speech emotion recognition"

_OUTPUT = flags.DEFINE_string("output", "report", "Folder of the report.")
_SELECTION = flags.DEFINE_enum(
    "selection",
    "last",
    ["last", "best"],
    "The step that comparisons and figures tell of: the last, as in the paper, or the "
    "best on held-out speakers of the sources. The tables of scores have both.",
)
GROUPS = {"Output": ("output", "selection")}


def make_report(
    workdirs: Sequence[pathlib.Path], output: pathlib.Path, selection: str = "last"
) -> list[str]:
    """Makes a report.

    Args:
      workdirs: folders with finished runs.
      output: folder to write to.
      selection: rule by which a step is chosen, ``"last"`` or ``"best"``.

    Returns:
      What was left out, and why.

    Raises:
      InputError: there is no run, or the folder cannot be written to.
    """
    found = find_runs(workdirs)
    sections = compose(found, selection)
    introduction = (
        f"Made from {len(found.runs)} runs in {', '.join(map(str, workdirs))}; "
        f"comparisons are of the {selection} step."
    )
    try:
        output.mkdir(parents=True, exist_ok=True)
        write_tables(output / "tables", sections)
        write_figures(output / "figures", sections)
        text = markdown(_TITLE, sections, "figures")
        write_text(output / "report.md", text)
        write_text(output / "report.html", page(_TITLE, introduction, sections))
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {output} ({error}). Choose another "
            "--output."
        ) from error
    return list(found.warnings)


def main(arguments: Sequence[str]) -> None:
    """Makes the report that the command line asks for."""
    if not arguments:
        raise InputError(
            "Name the work directories: python -m experiments.report runs/quickstart."
        )
    output = pathlib.Path(_OUTPUT.value).expanduser()
    workdirs = [pathlib.Path(argument).expanduser() for argument in arguments]
    for warning in make_report(workdirs, output, _SELECTION.value):
        say(warning)
    print(output / "report.html")
