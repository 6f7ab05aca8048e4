"""What in the course of a run speaks for numbers that mean little.

Nothing here changes a result: the run is told of, with what to try.
"""

from collections.abc import Mapping, Sequence

import numpy as np

# A step's loss is a spike where it is as many times the median of the steps before it.
_SPIKE, _BEFORE = 10.0, 50
# Spikes of a run of which a single one, such as a batch with a wrong label, is no sign.
_FEW = 3
# Of gamma, and of a domain's weight: what moves no parameter noticeably.
_NOTHING = 1e-4
# Share of utterances in one class that counts as all of them.
_ALL = 0.99
# Steps of which nothing can be said.
_SHORT = 20


def find_symptoms(
    metrics: Mapping[str, np.ndarray],
    validation: Mapping[str, float],
    chance: float,
    predicted: np.ndarray | None,
    domains: Sequence[str],
) -> list[str]:
    """Looks a finished run over.

    Args:
      metrics: [steps] or [steps, domains] of each, as the algorithm gives them.
      validation: of each source corpus with validation speakers, the score on them
        (UAR, CCC) at the last evaluation.
      chance: what a constant guess reaches by it.
      predicted: [classes] int, how many of the target's utterances each was given;
        None where there are no classes.
      domains: names of the domains, in the order of the metrics.

    Returns:
      A sentence for each symptom, with what to try.
    """
    found = [
        _spikes(metrics.get("loss")),
        _collapse(predicted),
        _gamma(metrics.get("gamma")),
        *_dead_weights(metrics.get("domain_weight"), domains),
        *_dead_domains(validation, chance),
    ]
    return [sentence for sentence in found if sentence]


def _spikes(loss: np.ndarray | None) -> str:
    if loss is None or len(loss) < _SHORT:
        return ""
    steps = [
        number
        for number in range(_SHORT, len(loss))
        if loss[number] > _SPIKE * np.median(loss[max(0, number - _BEFORE) : number])
        # Near zero everything is many times something.
        and loss[number] > 1.0
    ]
    if len(steps) < _FEW:
        return ""
    return (
        f"The loss jumped to {_SPIKE:.0f} times its median or more in {len(steps)} "
        f"steps, first in step {steps[0] + 1}. Try a smaller --learning_rate or "
        "--inner_learning_rate."
    )


def _collapse(predicted: np.ndarray | None) -> str:
    if predicted is None or predicted.sum() < 2:
        return ""
    share = predicted.max() / predicted.sum()
    if share < _ALL:
        return ""
    return (
        f"{share:.0%} of the target's utterances were given one class: the model does "
        "not tell them apart. Try more --epochs, another --learning_rate or "
        "--normalization=training."
    )


def _gamma(gamma: np.ndarray | None) -> str:
    if gamma is None or len(gamma) < _SHORT:
        return ""
    late = np.abs(gamma[len(gamma) // 2 :])
    if late.max() > _NOTHING:
        return ""
    return (
        f"In the second half of its steps gamma was never beyond {late.max():.1e}: the "
        "meta-test loss had no part in them. Try a lower --temperature; mldg gives it "
        "the weight 1."
    )


def _dead_weights(weights: np.ndarray | None, domains: Sequence[str]) -> list[str]:
    if weights is None or len(weights) < _SHORT:
        return []
    late = weights[len(weights) // 2 :].max(axis=0)
    return [
        f"{name} had no weight (at most {most:.1e}) in the second half of the steps: "
        "it was as good as left out. Try a smaller --group_dro_step_size."
        for name, most in zip(domains, late, strict=True)
        if most < _NOTHING
    ]


def _dead_domains(validation: Mapping[str, float], chance: float) -> list[str]:
    # Where no domain is learned it is not a matter of domains.
    if not any(score > chance for score in validation.values()):
        return []
    return [
        f"On the validation speakers of {name}, which it was trained on, the run is no "
        f"better than chance ({score:.3f} by {chance:.3f}). Look at its labels by "
        "python -m experiments.corpora, or try more --epochs."
        for name, score in validation.items()
        if score <= chance
    ]
