"""What is adapted to the target's unlabelled utterances, and how that is told.

Results name it by ``adapted``, keys of a table joined by a plus. Only the evaluation
on the target is adapted; validation and the models that are written are not.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.config import Config


class Adaptation(NamedTuple):
    """A row of the table.

    Attributes:
      adapted: what is another than after training.
      meaning: what becomes of it, in words.
      title: name of the method.
      flag: by which it is asked for.
    """

    adapted: str
    meaning: str
    title: str
    flag: str


ADAPTATIONS = {
    # Li et al. 2016 (https://arxiv.org/abs/1603.04779).
    "batch_statistics": Adaptation(
        "statistics",
        "batch normalisation by those of the target's unlabelled utterances",
        "AdaBN",
        "--evaluation_statistics=target",
    ),
    # Wang et al. 2021 (https://arxiv.org/abs/2006.10726).
    "tent": Adaptation(
        "parameters",
        "scales and biases of normalisation layers by those of least entropy on the "
        "target's unlabelled utterances",
        "TENT",
        "--tent_steps",
    ),
}


def asked_for(config: Config) -> str:
    """The adaptations of a command, joined by a plus; nothing where there is none."""
    wanted = {
        "batch_statistics": config.evaluation_statistics == "target",
        "tent": config.tent_steps > 0,
    }
    return "+".join(name for name in ADAPTATIONS if wanted[name])


def named(entry: Mapping[str, Any]) -> list[Adaptation]:
    """The adaptations that an entry of ``results.json`` names.

    Args:
      entry: the entry; of what is fused it names those of all parts.
    """
    names = str(entry.get("adapted", "")).split("+")
    return [row for name, row in ADAPTATIONS.items() if name in names]


def of_target_alone(entry: Mapping[str, Any]) -> str:
    """What a figure of source and target must say of networks that differ for both.

    Args:
      entry: as for ``named``.

    Returns:
      A sentence behind others, with a space before it; nothing where none is adapted.
    """
    found = named(entry)
    if not found:
        return ""
    what = " and ".join(row.adapted for row in found)
    titles = ", ".join(row.title for row in found)
    return (
        f" TRANSDUCTIVE: {what} were adapted to the target ({titles}), by which it is "
        "seen, and sources are not: what lies between them is of that too."
    )
