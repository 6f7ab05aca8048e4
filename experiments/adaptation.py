"""Adapts what was trained to the target, of whose utterances no label is looked at."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.adaptations import asked_for
from experiments.programs import Programs
from experiments.runs import Run, schedule
from experiments.trained_models import Trained


class OnTarget(NamedTuple):
    """What the target is predicted by.

    Attributes:
      trained: parameters and statistics; as they were where nothing is adapted.
      account: what ``results.json`` tells of it; empty where nothing is.
    """

    trained: Trained
    account: Mapping[str, Any]


def adapt(run: Run, programs: Programs, trained: Trained) -> OnTarget:
    """Adapts parameters, then statistics, as far as that is asked for.

    Args:
      run: that is tested.
      programs: compiled functions and data.
      trained: what a rule of selection has chosen; it stays as it is.

    Returns:
      What the target is to be predicted by.

    Raises:
      InputError: numbers were not finite.
      Interrupted: the process was told to end.
    """
    config, names = programs.config, asked_for(programs.config)
    if not names:
        return OnTarget(trained, {})
    batch_size = schedule(run.division, config).batch_size
    params, batch_stats, step = trained
    account: dict[str, Any] = {"adapted": names}
    if config.tent_steps:
        given = run, params, batch_stats, batch_size
        params, entropies = programs.tent.adapt(*given)
        account["tent_entropy"] = [float(entropies[place]) for place in (0, -1)]
    if config.evaluation_statistics == "target":
        # Of the parameters that it is evaluated with.
        given = run.division, params, batch_stats, batch_size
        batch_stats = programs.target_statistics(*given)
    return OnTarget(Trained(params, batch_stats, step), account)
