"""From the runs of a protocol to its figures."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from damldg_jax.calibration import calibration
from damldg_jax.shift import auroc
from experiments.adaptations import of_target_alone
from experiments.report.document import Figure
from experiments.report.families import Family
from experiments.report.figures.curves import curves
from experiments.report.figures.distributions import energies, reliability
from experiments.report.figures.matrices import confusions
from experiments.report.figures.points import clouds, forest, lay_out
from experiments.report.protocols import Protocol, transductive_kind
from experiments.report.run_folders import RunRecord
from experiments.report.scores import Cell, Test, alike, cells, name_tests

# Energies and embeddings are of the last step alone.
LAST = "last"
# Of gamma, what can be told apart in a figure.
_CURVES = 8

_Lines = dict[str, list[tuple[list[int], list[float]]]]


def scores_figure(protocol: Protocol, family: Family, selection: str) -> Figure | None:
    """UAR with intervals, of the methods on the targets of a family."""
    found, names = cells(protocol), name_tests(family.tests)
    of_each, chance = {}, {}
    for test, name in names.items():
        its = {
            cell.title: cell.interval(selection, "uar")
            for (of_test, _), cell in found.items()
            if of_test == test and _has_classes(cell, selection)
        }
        if its:
            of_each[name] = its
            cell = next(c for (t, _), c in found.items() if t == test)
            chance[name] = cell.values(selection, "chance_uar")[0]
    if not of_each:
        return None
    return forest(
        f"uar_{protocol.letter}_{family.name}",
        f"{family.title}: UAR",
        f"{family.title}: UAR on each target with its 95 % interval, over trials and "
        f"speakers. Dotted: chance.{_kind(protocol)}",
        of_each,
        chance,
    )


def test_figures(
    protocol: Protocol, test: Test, name: str, selection: str
) -> list[Figure]:
    """The figures of one test: confusions, reliability, energies, embeddings."""
    its = [c for (of, _), c in cells(protocol).items() if of == test]
    its = [c for c in its if _has_classes(c, selection)]
    key = f"{protocol.letter}_{'_'.join((test[0], *test[1]))}"
    if not its:
        return []
    figures = [
        _confusions(its, key, name, selection, _kind(protocol)),
        _reliability(its, key, name, selection, _kind(protocol)),
    ]
    if with_energies := [c for c in its if _energies(c)]:
        figures.append(_energy_figure(with_energies, key, name, _kind(protocol)))
    embedded = [c for c in its if c.runs[0].embeddings is not None]
    if drawn := _embeddings(embedded, key, name, _kind(protocol)):
        figures.append(drawn)
    return figures


def training_figures(protocol: Protocol, test: Test, name: str) -> list[Figure]:
    """How the methods learnt, and gamma while they did."""
    its = [c for (of, _), c in cells(protocol).items() if of == test]
    key = f"{protocol.letter}_{'_'.join((test[0], *test[1]))}"
    about = (
        "Means over neighbouring steps and over trials; the band reaches from the "
        "lowest to the highest trial."
    )
    wanted = (
        ("loss", "Loss", "What a method minimises, so not to be compared by level."),
        ("validation_uar", "Validation UAR", "On source speakers not trained on."),
    )
    figures = []
    for column, title, meaning in wanted:
        lines = {c.title: _series(c.runs, column) for c in its}
        if lines := {title: line for title, line in lines.items() if line}:
            text = f"{title} while training to be tested on {name}. {meaning} {about}"
            figures.append(curves(f"{column}_{key}", title, text, lines, title))
    for cell in its:
        if lines := _gamma(cell):
            text = (
                f"Domain-shift margin of {cell.title} by the domain held out in the "
                f"step, target {name}. {about}"
            )
            title = f"Gamma, {cell.title}"
            figures.append(
                curves(f"gamma_{cell.method}_{key}", title, text, lines, "gamma")
            )
    return figures


def _has_classes(cell: Cell, selection: str) -> bool:
    return (
        bool(cell.runs[0].classes)
        and selection in cell.selections()
        and alike(cell, selection)
    )


def _kind(protocol: Protocol) -> str:
    """Completes a caption by that in which the target had a part."""
    kind = transductive_kind([protocol]).removeprefix(", ")
    return f" {kind}: by the target's unlabelled recordings." if kind else ""


def _confusions(
    its: Sequence[Cell], key: str, name: str, selection: str, kind: str
) -> Figure:
    of_each = {
        cell.title: np.sum([r.entries[selection]["confusion"] for r in cell.runs], 0)
        for cell in its
    }
    return confusions(
        f"confusion_{key}",
        f"Confusion on {name}",
        f"What is said of utterances of {name}, in percent of each true class, all "
        f"trials together ({selection} step).{kind}",
        its[0].runs[0].classes,
        of_each,
    )


def _reliability(
    its: Sequence[Cell], key: str, name: str, selection: str, kind: str
) -> Figure:
    of_each = {}
    for cell in its:
        said = [run.predictions[selection] for run in cell.runs]
        labels = np.concatenate([one.labels for one in said])
        probabilities = np.concatenate([one.probabilities for one in said])
        of_each[cell.title] = calibration(labels, probabilities)
    errors = ", ".join(f"{m} {100 * c.ece:.1f} %" for m, c in of_each.items())
    return reliability(
        f"reliability_{key}",
        f"Reliability on {name}",
        f"How often predictions of a confidence are right on {name}, all trials "
        f"together ({selection} step); dotted: as often as they claim. Expected "
        f"calibration error: {errors}.{kind}",
        of_each,
    )


def _energies(cell: Cell) -> tuple[np.ndarray, np.ndarray] | None:
    """Energies of sources and target, of all trials; None where not known.

    Those of source speakers not trained on, or of all where there are no such.
    """
    sources, targets = [], []
    for run in cell.runs:
        seen, said = run.sources_seen, run.predictions.get(LAST)
        if seen is None or said is None or np.isnan(said.energies).any():
            return None
        sources.append(seen.energies[_unseen(seen.sides)])
        targets.append(said.energies)
    both = np.concatenate(sources), np.concatenate(targets)
    return both if all(len(x) and np.isfinite(x).all() for x in both) else None


def _unseen(sides: np.ndarray) -> np.ndarray:
    kept = sides == "validation"
    return kept if kept.any() else np.ones(len(sides), bool)


def _energy_figure(its: Sequence[Cell], key: str, name: str, kind: str) -> Figure:
    of_each = {cell.title: _energies(cell) for cell in its}
    areas = ", ".join(f"{m} {auroc(t, s):.2f}" for m, (s, t) in of_each.items())
    return energies(
        f"energy_{key}",
        f"Energies of sources and {name}",
        f"Energy, log sum exp of the logits, of source speakers not trained on and of "
        f"{name}, after the last step, all trials together. AUROC of telling a source "
        f"from the target by a higher energy (0.5: not at all): {areas}."
        + (of_target_alone(its[0].runs[0].first) or kind),
        of_each,
    )


def _embeddings(its: Sequence[Cell], key: str, name: str, kind: str) -> Figure | None:
    of_each = {}
    for cell in its:
        run = cell.runs[0]
        arrays = run.embeddings
        labels = np.array(run.classes)[arrays["label"]]
        cloud = lay_out(arrays["embedding"], arrays["corpus"], labels)
        if cloud is not None:
            of_each[cell.title] = cloud
    if not of_each:
        return None
    return clouds(
        f"embeddings_{key}",
        f"Embeddings, target {name}",
        f"Inputs of the last layer, laid out by t-SNE, after the last step of the "
        f"first trial: sources, and {name} as the target. Colour is the class, the "
        "mark is the corpus. As Fig. 2 of the paper."
        + (of_target_alone(its[0].runs[0].first) or kind),
        of_each,
    )


def _series(
    runs: Iterable[RunRecord], column: str
) -> list[tuple[list[int], list[float]]]:
    """Steps and values of each run that has the column."""
    found = []
    for run in runs:
        lines = [x for x in run.metrics if isinstance(x.get(column), int | float)]
        if lines:
            found.append(([x["step"] for x in lines], [x[column] for x in lines]))
    return found


def _gamma(cell: Cell) -> _Lines:
    """Steps and gamma of each trial, by the domains held out; if many, by corpus."""
    lines = _gamma_by(cell, lambda name: name)
    if len(lines) > _CURVES:
        lines = _gamma_by(cell, lambda name: name.partition("/")[0])
    # MLDG's is a constant.
    constant = {value for line in lines.values() for _, v in line for value in v}
    return lines if len(constant) > 1 else {}


def _gamma_by(cell: Cell, called: Callable[[str], str]) -> _Lines:
    """Steps and gamma of each trial, by what the domains held out are called."""
    lines: _Lines = {}
    for run in cell.runs:
        steps: dict[str, tuple[list[int], list[float]]] = {}
        for x in run.metrics:
            if isinstance(x.get("gamma"), int | float) and x.get("held_out"):
                held_out = "+".join(sorted({called(name) for name in x["held_out"]}))
                mine = steps.setdefault(held_out, ([], []))
                mine[0].append(x["step"])
                mine[1].append(x["gamma"])
        for held_out, mine in sorted(steps.items()):
            lines.setdefault(held_out, []).append(mine)
    return lines
