"""Tables I to IV of the paper, the printed figures beside ours."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from damldg_jax.significance.means import means
from experiments.report import published
from experiments.report.document import Table
from experiments.report.families import scenario_of
from experiments.report.protocols import Protocol
from experiments.report.result_tables import transductive_notes
from experiments.report.scores import Cell, Test, cells, spread

_NOT_RUN = "not run"
_PAPER = "paper"
# What is computed from a recording without anything that was learnt.
_SPECTROGRAMS = ("log_mel", "log_mel_deltas", "pcen", "mfcc")
_ACCURACY = "Accuracy in percent."


def paper_tables(protocols: Sequence[Protocol], selection: str) -> tuple[Table, ...]:
    """The four tables.

    Args:
      protocols: all; each has rows or columns of its own.
      selection: rule by which a step is chosen.

    Returns:
      Tables I to IV; what has not been run says so.
    """
    plain = [p for p in protocols if _is_spectrogram(p)]
    embedded = [p for p in protocols if not _is_spectrogram(p)]
    tables = (
        _within(protocols, selection),
        _left_out(protocols, selection, "II_pacs", "PACS", "PACS"),
        _left_out(protocols, selection, "II_english", "English corpora", "ENGLISH"),
        _scenarios(plain, selection, "III", published.SPECTROGRAMS, "spectrograms"),
        _scenarios(embedded, selection, "IV", published.EMBEDDINGS, "embeddings"),
    )
    notes = transductive_notes(protocols)
    return tuple(dataclasses.replace(t, notes=(*t.notes, *notes)) for t in tables)


def _is_spectrogram(protocol: Protocol) -> bool:
    return protocol.settings.get("features", "log_mel") in _SPECTROGRAMS


def _accuracy(cell: Cell | None, selection: str) -> str:
    if cell is None or selection not in cell.selections():
        return _NOT_RUN
    return spread(cell.values(selection, "accuracy"))


def _within(protocols: Sequence[Protocol], selection: str) -> Table:
    found = [cells(protocol) for protocol in protocols]
    methods = [
        (p.letter, of_one, method, title)
        for p, of_one in zip(protocols, found, strict=True)
        for method, title in p.methods.items()
        if any(target in sources for (target, sources), m in of_one if m == method)
    ]
    rows = []
    for corpus, (mean, deviation) in published.WITHIN.items():
        ours = [
            _accuracy(of_one.get(((corpus, (corpus,)), method)), selection)
            for _, of_one, method, _ in methods
        ]
        rows.append((corpus, f"{mean:.2f} ± {deviation:.2f}", *(ours or [_NOT_RUN])))
    titles = [f"{title} ({letter})" for letter, _, _, title in methods] or ["here"]
    return Table(
        name="I_within_corpus",
        title="Table I: within each corpus, speakers divided 80/20",
        header=("corpus", _PAPER, *titles),
        rows=tuple(rows),
        notes=(f"{_ACCURACY} In a column of ours: protocol in brackets.",),
    )


def _left_out(
    protocols: Sequence[Protocol], selection: str, name: str, title: str, of: str
) -> Table:
    """Table II: each of four domains left out in turn."""
    printed = getattr(published, of)
    averages: Mapping[str, float] = getattr(published, f"{of}_AVERAGE")
    names = list(printed)
    rows = []
    for method, title_of_method in published.METHODS.items():
        if method in averages:
            numbers = [f"{printed[target][method]:.2f}" for target in names]
            average = f"{averages[method]:.2f}"
            rows.append((title_of_method, _PAPER, *numbers, average))
        for protocol in protocols:
            found = cells(protocol)
            tests = [(t, tuple(sorted({*names} - {t}))) for t in names]
            row = [found.get((test, method)) for test in tests]
            if any(row):
                told = [_accuracy(cell, selection) for cell in row]
                average = _average(row, selection)
                rows.append((title_of_method, protocol.letter, *told, average))
    ran = any(row[1] != _PAPER for row in rows)
    notes = [_ACCURACY] if ran else [f"{_ACCURACY} Here: {_NOT_RUN}."]
    if of == "ENGLISH":
        notes.append(
            "The paper's last two averages are not the means of their rows, which "
            "are 31.87 and 33.19."
        )
    return Table(
        name=name,
        title=f"Table II: {title}, each left out",
        header=("method", "from", *names, "average"),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _average(row: Sequence[Cell | None], selection: str) -> str:
    values = [c.values(selection, "accuracy") for c in row if c]
    if len(values) < len(row) or not all(values):
        return "-"
    return f"{100 * float(np.mean([np.mean(v) for v in values])):.2f}"


def _scenarios(
    protocols: Sequence[Protocol],
    selection: str,
    number: str,
    printed: Mapping[str, Sequence[float]],
    what: str,
) -> Table:
    rows = []
    for method, title in published.METHODS.items():
        if method in printed:
            rows.append((title, _PAPER, *_printed(printed[method])))
        for protocol in protocols:
            ours = _by_scenario(cells(protocol), method)
            if any(ours):
                rows.append((title, protocol.letter, *_measured(ours, selection)))
    ran = any(row[1] != _PAPER for row in rows)
    return Table(
        name=f"{number}_scenarios",
        title=f"Table {number}: the seven scenarios, {what}",
        header=("method", "from", *published.SCENARIOS, "UM", "WM", "GM"),
        rows=tuple(rows),
        notes=(
            f"{_ACCURACY} UM: unweighted mean, WM: weighted by the target's "
            "utterances, GM: geometric mean." + f" Here: {_NOT_RUN}." * (not ran),
        ),
    )


def _printed(numbers: Sequence[float]) -> list[str]:
    told = [f"{number:.2f}" for number in numbers]
    return told + ["-"] * (3 + len(published.SCENARIOS) - len(told))


def _by_scenario(
    found: Mapping[tuple[Test, str], Cell], method: str
) -> list[Cell | None]:
    its = {
        scenario_of(test): cell for (test, of), cell in found.items() if of == method
    }
    return [its.get(name) for name in published.SCENARIOS]


def _measured(row: Sequence[Cell | None], selection: str) -> list[str]:
    told = [_accuracy(cell, selection) for cell in row]
    done = [cell for cell in row if cell and selection in cell.selections()]
    if len(done) < len(row):
        return [*told, "-", "-", "-"]
    values = [100 * float(np.mean(cell.values(selection, "accuracy"))) for cell in done]
    sizes = [int(cell.runs[0].first["num_utterances"]) for cell in done]
    return [*told, *(f"{x:.2f}" for x in means(values, sizes))]
