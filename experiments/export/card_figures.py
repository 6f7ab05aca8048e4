"""The figures of a model card: scores with intervals, and the domain shift."""

import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from damldg_jax.prediction.description import Description
from damldg_jax.prediction.places import FOLDER
from damldg_jax.shift import auroc, margin, margin_null
from damldg_jax.significance import MEASURES, Outcome, interval
from experiments.adaptations import named
from experiments.report.document import Section, Table
from experiments.report.margin_pictures import energies_by_corpus
from experiments.report.predicted import Predicted
from experiments.report.run_folders import RunRecord, find_runs
from experiments.report.scores import ends

_TITLES = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro F1"}
_FLOORS = {
    "majority_accuracy": "accuracy of always saying the most frequent class",
    "chance_uar": "UAR of any constant answer",
}
_NO_RUN = (
    "The run's folder was not at hand when this card was written, so that there is no "
    "{what}: export from the folder of a run to have it."
)


class Tested(NamedTuple):
    """A finished run, of which a model is one.

    Attributes:
      run: its files.
      selection: rule by which the model's step was chosen.
    """

    run: RunRecord
    selection: str

    @property
    def predicted(self) -> Predicted:
        """What the model said of the target."""
        return self.run.predictions[self.selection]


def find_tested(path: pathlib.Path) -> Tested | None:
    """Finds the run that a model's file lies in.

    Args:
      path: of the file.

    Returns:
      The run; None if the file lies elsewhere, or the run has no such selection.

    Raises:
      InputError: the run's files are damaged.
    """
    folder = path.resolve().parents[1]
    if path.parent.name != FOLDER or not (folder / "result.json").is_file():
        return None
    (run, *_) = find_runs([folder]).runs
    return Tested(run, path.stem) if path.stem in run.predictions else None


def figures_section(described: Description, tested: Tested | None) -> Section:
    """Tells how well the model did on the target.

    Args:
      described: what the model's file says.
      tested: the run that it comes from, or None.

    Returns:
      The section; with intervals where the run is known and classes are told.
    """
    entry = described.training.get("tested")
    if not isinstance(entry, Mapping):
        return Section("Figures", ("The model's file tells no figures.",))
    told = _about_adaptation(entry)
    if described.dimension_bins is not None:
        return Section("Figures", told, tables=(_dimensions(entry),))
    rows = [_score(name, entry, tested) for name in MEASURES]
    rows += [(title, _percent(entry.get(name)), "-") for name, title in _FLOORS.items()]
    rows.append(("expected calibration error", _percent(entry.get("ece")), "-"))
    recall = entry.get("recall")
    for name, value in (recall if isinstance(recall, Mapping) else {}).items():
        rows.append((f"recall of {name}", _percent(value), "-"))
    header = ("score", "percent", "95 % interval")
    title = f"On {entry.get('target', 'the target')}, whole utterances"
    table = Table("figures", title, header, tuple(rows), _about_intervals(tested))
    return Section("Figures", told, tables=(table,))


def _about_adaptation(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Says of figures that they are not those of the model as it is."""
    found = named(entry)
    if not found:
        return ()
    what = "; ".join(f"{x.adapted}, {x.title}: {x.meaning}" for x in found)
    return (
        "TRANSDUCTIVE: these are figures of a copy of the model that was adapted to "
        f"the target before it was tested ({what}), and so are the target's energies. "
        "The model itself is not adapted; how well it does was not measured.",
    )


def _score(
    name: str, entry: Mapping[str, Any], tested: Tested | None
) -> tuple[str, ...]:
    between = "-"
    if tested is not None:
        said = tested.predicted
        outcome = Outcome(
            said.labels, said.predicted[None], said.speakers, said.utterances
        )
        between = ends(interval([outcome], name))
    return _TITLES[name], _percent(entry.get(name)), between


def _about_intervals(tested: Tested | None) -> tuple[str, ...]:
    if tested is None:
        return (_NO_RUN.format(what="interval"),)
    count = len({*tested.predicted.speakers})
    return (
        f"Intervals are of this one model and allow for other speakers: whole speakers "
        f"of the target, {count} in all, are drawn anew 2 000 times (Read on says "
        "how). They do not allow for other seeds or other corpora.",
    )


def warnings_of(tested: Tested | None) -> tuple[str, ...]:
    """What a run has said of itself that makes its figures mean little.

    Args:
      tested: the run that the model comes from, or None.

    Returns:
      Sentences for the limits of the model.
    """
    if tested is None:
        return (_NO_RUN.format(what="word on what the training warned of"),)
    found = tested.run.first.get("warnings")
    told = found if isinstance(found, list) else []
    return tuple(f"The training warned: {sentence}" for sentence in told)


def _dimensions(entry: Mapping[str, Any]) -> Table:
    values = entry.get("ccc")
    values = values if isinstance(values, Mapping) else {}
    rows = [(name, _plain(value)) for name, value in values.items()]
    rows.append(("mean", _plain(entry.get("mean_ccc"))))
    title = f"On {entry.get('target', 'the target')}, whole utterances"
    note = "CCC: concordance correlation coefficient; 1 at best, 0 of a constant."
    return Table("figures", title, ("dimension", "CCC"), tuple(rows), (note,))


def shift_section(tested: Tested | None) -> Section:
    """Tells how far the target lies from the sources, as the network sees them.

    Args:
      tested: the run that the model comes from, or None.

    Returns:
      The section.
    """
    if tested is None:
        return Section("Shift", (_NO_RUN.format(what="margin"),))
    parts = energies_by_corpus(tested.run)
    if len(parts) < 2:
        return Section("Shift", ("The run knows energies of no two corpora.",))
    target = tested.run.test[0]
    energies, speakers = parts[target]
    rows = tuple(
        (
            name,
            f"{margin(energies, own):.3f}",
            _limit(own, of),
            f"{auroc(energies, own):.2f}",
        )
        for name, (own, of) in parts.items()
        if name != target
    )
    table = Table(
        "shift",
        f"Domain-shift margin between {target} and each source, after the last step",
        ("source", "margin", "halves of the source", "AUROC"),
        rows,
        (
            "Margin: difference of mean energies (Eq. 3 of the paper). Halves: 95 % of "
            "the halves of the source, divided by speaker, are no further apart; a "
            "margin must exceed that to tell of more than who speaks. No halves there "
            "are where one speaker alone was kept. Those of the "
            f"target: {_limit(energies, speakers)}.",
            "AUROC: probability that an utterance of the source has a higher energy "
            "than one of the target; 0.5 if energy does not tell them apart.",
        ),
    )
    return Section("Shift", tables=(table,))


def _limit(energies: np.ndarray, speakers: np.ndarray) -> str:
    null = margin_null(energies, speakers)
    return f"{np.quantile(null, 0.95):.3f}" if len(null) else "-"


def _percent(value: Any) -> str:
    return f"{100 * value:.1f}" if _is_number(value) else "-"


def _plain(value: Any) -> str:
    return f"{value:.3f}" if _is_number(value) else "-"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
