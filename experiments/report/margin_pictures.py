"""The domain-shift margins between all corpora, as a protocol's networks see them."""

from collections.abc import Mapping, Sequence

import numpy as np

from damldg_jax.shift import margin, margin_null
from experiments.adaptations import of_target_alone
from experiments.report.document import Figure
from experiments.report.figures.matrices import margins
from experiments.report.protocols import Protocol
from experiments.report.run_folders import RunRecord

# Energies are of the last step alone.
_LAST = "last"


def margin_figures(protocol: Protocol) -> list[Figure]:
    """The margins between all corpora, for each method."""
    figures = []
    for method, title in protocol.methods.items():
        runs = [run for run in protocol.runs if run.method == method]
        corpora, values, limits = _margins(runs)
        if len(corpora) < 2:
            continue
        figures.append(
            margins(
                f"margins_{protocol.letter}_{method}",
                f"Domain-shift margin between corpora, {title}",
                f"Difference of mean energies (Eq. 3) of two corpora to networks of "
                f"{title} after the last step, mean over the runs that know both: "
                "targets, and source speakers that are kept for validation. On the "
                "diagonal the null: the median margin between two halves of the same "
                "corpus, divided by speaker. In brackets: no more than 95 % of the "
                "halves of either corpus are apart." + of_target_alone(runs[0].first),
                corpora,
                values,
                limits,
            )
        )
    return figures


def _margins(
    runs: Sequence[RunRecord],
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Corpora, mean margins between them, and the limits of their halves."""
    between: dict[tuple[str, str], list[float]] = {}
    halves: dict[str, list[np.ndarray]] = {}
    for run in runs:
        parts = energies_by_corpus(run)
        for one, (energy, speakers) in parts.items():
            if len(null := margin_null(energy, speakers)):
                halves.setdefault(one, []).append(null)
            for other, (others, _) in parts.items():
                if other != one:
                    between.setdefault((one, other), []).append(margin(energy, others))
    corpora = sorted({one for pair in between for one in pair})
    nothing = np.full(1, np.nan)
    joined = {n: np.concatenate(halves.get(n, [nothing])) for n in corpora}
    values = np.array(
        [
            [
                np.median(joined[one])
                if one == other
                else np.mean(between.get((one, other), nothing))
                for other in corpora
            ]
            for one in corpora
        ]
    )
    limits = np.array([np.quantile(joined[name], 0.95) for name in corpora])
    return corpora, values, limits


def energies_by_corpus(run: RunRecord) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    """Energies and speakers of the target, and of each source's unseen speakers.

    Args:
      run: that is finished.

    Returns:
      Two arrays [n] for each corpus, as the parameters after the last step see it;
      nothing where a run has not written them.
    """
    seen, said = run.sources_seen, run.predictions.get(_LAST)
    if seen is None or said is None or np.isnan(said.energies).any():
        return {}
    parts = {}
    for corpus in sorted({*seen.corpora}):
        mine = seen.corpora == corpus
        kept = mine & (seen.sides == "validation")
        which = kept if kept.any() else mine
        parts[corpus] = seen.energies[which], seen.speakers[which]
    # Within a corpus, the target is what matters.
    parts[run.test[0]] = said.energies, said.speakers
    return parts
