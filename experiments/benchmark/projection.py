"""How long the paper's whole evaluation would take, from what was measured."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tabulate

from damldg_jax.corpora import CORPORA
from damldg_jax.corpora.scenarios import SCENARIOS
from damldg_jax.emotions import PAPER_EMOTIONS
from experiments.benchmark.options import Options, Shape
from experiments.benchmark.records import Measured, Record, step_ratio
from experiments.benchmark.report import wrap
from experiments.benchmark.variants import (
    DEFAULT_VARIANT,
    EVALUATIONS,
    PAPER_METHODS,
    PREDICTED,
)

# Of the sources' speakers, as ``Config.validation_fraction`` has it.
_VALIDATION = 0.2


class Cost(NamedTuple):
    """What a method costs on a scenario.

    Attributes:
      scenario: its name.
      method: its name.
      utterances: of the sources, as published, with one of the paper's emotions.
      steps: of one trial.
      seconds_per_step: as measured, of one run alone.
      together: by what the time of a step is multiplied where trials run together.
      evaluation_seconds: of one trial, if known.
    """

    scenario: str
    method: str
    utterances: int
    steps: int
    seconds_per_step: float
    together: float
    evaluation_seconds: float

    def hours(self, trials: int, together: bool) -> float:
        """Of all trials, in turn or together, evaluation included."""
        factor = self.together if together else 1.0
        training = self.steps * self.seconds_per_step * factor
        return trials * (training + self.evaluation_seconds) / 3600


def utterances_of(corpora: Sequence[str]) -> int:
    """Utterances of corpora, as published, with one of the paper's emotions."""
    return sum(
        CORPORA[name].published.get(emotion, 0)
        for name in corpora
        for emotion in PAPER_EMOTIONS
    )


def steps_of(utterances: int, epochs: int, shape: Shape) -> int:
    """Steps of a run: in an epoch as many draws as there are utterances."""
    return epochs * math.ceil(utterances / (shape.domains * shape.per_domain))


def project(measured: Measured, options: Options) -> list[Cost]:
    """Works out what the paper's evaluation costs.

    Args:
      measured: of all workloads.
      options: shapes, and epochs.

    Returns:
      A cost for each scenario and method that were measured.
    """
    gains = _gains(measured, options)
    costs = []
    for shape in options.shapes:
        for scenario in shape.scenarios:
            (split,) = SCENARIOS[scenario].splits()
            utterances = utterances_of(split.sources)
            evaluation = _evaluation(measured, options, utterances)
            for method in PAPER_METHODS:
                setting = options.setting(DEFAULT_VARIANT[method], shape)
                if setting in measured:
                    cost = Cost(
                        scenario,
                        method,
                        utterances,
                        steps_of(utterances, options.epochs, shape),
                        measured[setting].seconds,
                        gains.get(setting.variant, max(gains.values(), default=1.0)),
                        evaluation,
                    )
                    costs.append(cost)
    return costs


def _evaluation(measured: Measured, options: Options, utterances: int) -> float:
    """Seconds that a trial evaluates on its validation speakers, once an epoch."""
    settings = [options.setting(name) for name in EVALUATIONS]
    if not all(setting in measured for setting in settings):
        return 0.0
    recompute, predict = (measured[setting].seconds for setting in settings)
    share = _VALIDATION * utterances / PREDICTED
    return options.epochs * (recompute + share * predict)


def _gains(measured: Measured, options: Options) -> Mapping[str, float]:
    """Of each variant the smallest ratio of a step of trials together to one alone."""
    gains: dict[str, float] = {}
    for setting in measured:
        if setting.runs > 1:
            alone = options.setting(setting.variant)
            if ratio := step_ratio(measured, setting, alone):
                best = gains.get(setting.variant, 1.0)
                gains[setting.variant] = min(best, ratio.median)
    return gains


def projection_records(costs: Sequence[Cost], options: Options) -> list[Record]:
    """The costs as ``--json`` stores them."""
    return [
        {
            "measure": "projection",
            "name": f"scenario {cost.scenario}, {cost.method}",
            **cost._asdict(),
            "trials": options.trials,
            "epochs": options.epochs,
            "hours_in_turn": cost.hours(options.trials, together=False),
            "hours_together": cost.hours(options.trials, together=True),
        }
        for cost in costs
    ]


def projection_table(records: Sequence[Record]) -> str:
    """The projection as text: hours of each scenario, by method, and their sum."""
    methods = list(dict.fromkeys(record["method"] for record in records))
    rows = []
    for scenario in dict.fromkeys(record["scenario"] for record in records):
        its = [record for record in records if record["scenario"] == scenario]
        hours = (f"{record['hours_in_turn']:.2f}" for record in its)
        first = its[0]
        rows.append(
            (scenario, first["utterances"], first["steps"], *hours, *_sums(its))
        )
    rows.append(("all", "", "", *[""] * len(methods), *_sums(records)))
    headers = ["Projection", "utterances", "steps", *methods, "sum h", "together h"]
    align = ("left", *["right"] * (len(headers) - 1))
    text = tabulate.tabulate(rows, headers, colalign=align, disable_numparse=True)
    return "\n".join([text, *wrap(_note(records[0]))])


def _note(record: Record) -> str:
    evaluated = (
        f"with the evaluation of {_VALIDATION:.0%} of the sources after each epoch"
        if record["evaluation_seconds"]
        else "without any evaluation, which was not measured"
    )
    return (
        f"Hours of {record['trials']} trials of {record['epochs']} epochs one after "
        f"the other, at the times measured above, {evaluated}; together: as fast as "
        "the fastest way above, where one was measured. Utterances of the sources "
        "with one of the paper's five emotions, as published. Start-up and "
        "compilation come on top, once a command, and the test on the target."
    )


def _sums(records: Sequence[Record]) -> tuple[str, str]:
    in_turn = sum(record["hours_in_turn"] for record in records)
    together = sum(record["hours_together"] for record in records)
    return f"{in_turn:.2f}", f"{together:.2f}"
