"""Puts the sections of a report together."""

from collections.abc import Iterator, Sequence

from experiments.console import progress
from experiments.report import comparisons, pictures, result_tables
from experiments.report.conditions import conditions
from experiments.report.document import Section, Table
from experiments.report.families import Family, families
from experiments.report.margin_pictures import margin_figures
from experiments.report.paper_tables import paper_tables
from experiments.report.protocols import (
    Protocol,
    differences,
    sort_by_protocol,
    transductive_kind,
)
from experiments.report.run_folders import Found
from experiments.report.scores import Test, cells, name_tests

_SYNTHETIC = "Synthetic corpora: they show that the software works, and nothing else."


def compose(found: Found, selection: str) -> list[Section]:
    """Makes all sections.

    Args:
      found: runs and warnings.
      selection: rule by which a step is chosen, ``"last"`` or ``"best"``.

    Returns:
      The sections, what matters most first.
    """
    protocols = sort_by_protocol(found.runs)
    tests = [run.test for protocol in protocols for run in protocol.runs]
    every = families(tests)
    sections = [_summary(protocols, every, found, selection)]
    if len(protocols) > 1:
        sections.append(_protocols(protocols))
    sections += [
        _protocol(protocol, selection)
        for protocol in progress(protocols, "Drawing", "protocol")
    ]
    if len(protocols) > 1 and (section := _across(protocols, selection)):
        sections.append(section)
    sections.append(_paper(protocols, selection))
    return sections


def _summary(
    protocols: Sequence[Protocol],
    every: Sequence[Family],
    found: Found,
    selection: str,
) -> Section:
    paragraphs = []
    synthetic = [r for r in found.runs if r.circumstances.get("synthetic")]
    if synthetic:
        paragraphs.append(_SYNTHETIC)
    count = len(found.runs)
    paragraphs.append(
        f"{count} runs of {len(protocols)} protocol(s). UAR is the mean recall of the "
        "classes that a corpus has: a constant guess has chance UAR, whatever its "
        "accuracy. Differences are judged in each protocol's section."
    )
    verdicts = [s for p in protocols for s in comparisons.over_targets(p, selection)[2]]
    return Section(
        title="Summary",
        paragraphs=tuple(paragraphs),
        points=(*found.warnings, *verdicts),
        tables=tuple(_overviews(protocols, every, selection)),
    )


def _overviews(
    protocols: Sequence[Protocol], every: Sequence[Family], selection: str
) -> Iterator[Table]:
    """A table for each family; those that are transductive have their own."""
    for family in every:
        for transductive in (False, True):
            alike = [p for p in protocols if p.transductive == transductive]
            table = result_tables.overview(alike, family, selection, transductive)
            if table.rows:
                yield table


def _protocols(protocols: Sequence[Protocol]) -> Section:
    letters = tuple(protocol.letter for protocol in protocols)
    counts = ", ".join(f"{p.letter}: {len(p.runs)} runs" for p in protocols)
    table = Table(
        name="protocols",
        title="In what the protocols differ",
        header=("setting", *letters),
        rows=tuple(differences(protocols)),
    )
    return Section(
        title="Protocols",
        paragraphs=(
            "Runs of other settings, versions, features or data are not averaged "
            f"together. {counts}.",
        ),
        tables=(table,),
    )


def _protocol(protocol: Protocol, selection: str) -> Section:
    every = families(test for test, _ in cells(protocol))
    recall = result_tables.recalls(protocol, selection)
    drawn = [pictures.scores_figure(protocol, f, selection) for f in every]
    letter = protocol.letter
    titles = ", ".join(protocol.methods.values())
    return Section(
        title=f"Protocol {letter}: {titles}",
        tables=(result_tables.results(protocol), *([recall] if recall else [])),
        figures=tuple(figure for figure in drawn if figure),
        sections=(
            _differences(protocol),
            *_warned(protocol),
            *_comparisons(protocol, selection),
            *_margins(protocol),
            *_tests(protocol, every, selection),
        ),
    )


def _differences(protocol: Protocol) -> Section:
    return Section(
        title="How this protocol differs from the paper's",
        points=conditions(protocol),
    )


def _warned(protocol: Protocol) -> list[Section]:
    """What runs were told of in training."""
    trials: dict[tuple[str, str, str], list[str]] = {}
    for run in protocol.runs:
        for warning in run.first.get("warnings", ()):
            key = run.title, run.test[0], warning
            trials.setdefault(key, []).append(str(run.first["trial"]))
    points = [
        f"{title} -> {target}, trial {', '.join(its)}: {warning}"
        for (title, target, warning), its in trials.items()
    ]
    title = "What speaks against some of the runs"
    return [Section(title=title, points=tuple(points))] if points else []


def _comparisons(protocol: Protocol, selection: str) -> list[Section]:
    """The methods against each other, over targets and on each."""
    letter, sections = protocol.letter, []
    kind = transductive_kind([protocol])
    for verdicts, name, where in (
        (comparisons.over_targets(protocol, selection), "means", "over targets"),
        (comparisons.by_target(protocol, selection), "targets", "on each target"),
    ):
        if verdicts.pairs:
            title = f"Which differences are more than noise, {where}{kind}"
            table = comparisons.table(verdicts, f"comparisons_{name}_{letter}", title)
            sections.append(
                Section(title=title, points=verdicts.sentences, tables=(table,))
            )
    return sections


def _margins(protocol: Protocol) -> list[Section]:
    if figures := margin_figures(protocol):
        return [Section(title="How far corpora are apart", figures=tuple(figures))]
    return []


def _tests(
    protocol: Protocol, every: Sequence[Family], selection: str
) -> list[Section]:
    """A section of pictures for each test of a family of several, and of each alone.

    Where a target was tested on after training on several sets of sources, the first
    one stands for all.
    """
    shown: dict[Test, None] = {}
    for family in every:
        for group in family.groups:
            shown[group[0]] = None
    names = name_tests([test for test, _ in cells(protocol)])
    sections = []
    for test in shown:
        figures = [
            *pictures.test_figures(protocol, test, names[test], selection),
            *pictures.training_figures(protocol, test, names[test]),
        ]
        if figures:
            title = f"Pictures of {names[test]}"
            sections.append(Section(title=title, figures=tuple(figures)))
    return sections


def _across(protocols: Sequence[Protocol], selection: str) -> Section | None:
    verdicts = comparisons.across(protocols, selection)
    if not verdicts.pairs:
        return None
    title = "Methods of different protocols on the same utterances"
    return Section(
        title=title,
        paragraphs=(
            "They differ by all that the protocols differ in, not by the method alone.",
            *result_tables.transductive_notes(protocols),
        ),
        points=verdicts.sentences,
        tables=(comparisons.table(verdicts, "comparisons_across", title),),
    )


def _paper(protocols: Sequence[Protocol], selection: str) -> Section:
    return Section(
        title="Beside the paper",
        paragraphs=(
            "What King Gandhi, Tsouvalas and Meratnia print (PerCom Workshops 2023, "
            "doi 10.1109/PerComWorkshops53856.2022.9767445), means of ten trials, and "
            "what was run here. How each protocol differs from theirs stands in its "
            "section. --scenario and experiments.sweep run what is missing.",
        ),
        tables=paper_tables(protocols, selection),
    )
