"""Looks a finished run over, by what its log and its results say."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from damldg_jax.symptoms import find_symptoms
from experiments.outputs import METRICS, read_metrics
from experiments.runs import Run

# Looked at by step; other metrics are not.
_BY_STEP = ("loss", "gamma", "domain_weight")


def look_over(
    run: Run, entries: Sequence[Mapping[str, Any]], criterion: str
) -> list[str]:
    """Finds what speaks for numbers that mean little.

    Args:
      run: that is trained and tested.
      entries: of ``results.json``, those of the last step first.
      criterion: name of the score by which steps are compared.

    Returns:
      A sentence for each symptom, with what to try.
    """
    lines = read_metrics(run.folder / METRICS)
    steps = [line for line in lines if "finite" in line]
    metrics = {
        name: np.array([step[name] for step in steps], np.float64)
        for name in _BY_STEP
        if steps and name in steps[0]
    }
    name = f"validation_{criterion}_by_corpus"
    validated = [line[name] for line in lines if name in line]
    confusion = entries[0].get("confusion")
    return find_symptoms(
        metrics,
        validated[-1] if validated else {},
        # No constant guess correlates with anything.
        entries[0].get("chance_uar", 0.0)
        if confusion is None
        else 1.0 / len(confusion),
        None if confusion is None else np.sum(confusion, axis=0),
        [domain.name for domain in run.division.domains],
    )
