"""A flag has the name, the default and the range of its setting in ``Config``."""

import pathlib
from collections.abc import Callable
from typing import Any

from absl import flags

from experiments.config import Config
from experiments.ranges import RANGES

_TITLES = (
    *("Data", "Output", "Training", "Meta-learning", "Other algorithms", "Model"),
    *("Precision and memory", "Devices"),
)
# Names of the flags under the titles by which ``--help`` sorts them.
GROUPS: dict[str, list[str]] = {title: [] for title in _TITLES}
_DEFAULTS = Config()


def define(group: str, kind: Callable[..., Any], name: str, *args: Any) -> None:
    """Defines a flag whose default and range are the configuration's.

    Args:
      group: the title under which it is listed, one of ``GROUPS``.
      kind: the function of absl that defines such flags.
      name: of the setting and of the flag.
      *args: what this function takes besides name and default.
    """
    default = getattr(_DEFAULTS, name)
    kwargs = {}
    if name in RANGES:
        kwargs = {"lower_bound": RANGES[name].low, "upper_bound": RANGES[name].high}
    if isinstance(default, tuple):
        default = [f"{x:g}" if isinstance(x, float) else str(x) for x in default]
    elif default is not None and (
        isinstance(default, pathlib.Path) or kind is flags.DEFINE_enum
    ):
        default = str(default)
    kind(name, default, *args, **kwargs)
    GROUPS[group].append(name)


def names(of: object) -> str:
    """Names for a sentence, separated by commas."""
    return ", ".join(map(str, of))
