"""The flags of the commands, in groups, and their translation into a ``Config``."""

import dataclasses
import pathlib
from typing import Any

from absl import flags

# Each defines the flags of a topic.
import experiments.flags.algorithms
import experiments.flags.data
import experiments.flags.devices
import experiments.flags.model
import experiments.flags.training  # noqa: F401
from experiments.config import PATHS, Config
from experiments.flags.define import GROUPS

__all__ = ["FLAGS", "GROUPS", "read_config"]

FLAGS = flags.FLAGS


def read_config() -> Config:
    """Makes the configuration that the parsed flags describe."""
    values: dict[str, Any] = {
        field.name: FLAGS[field.name].value for field in dataclasses.fields(Config)
    }
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(word.strip() for word in value if word.strip())
    for name in PATHS:
        path = values[name]
        values[name] = pathlib.Path(path).expanduser() if path else None
    values["model_depth"] = int(values["model_depth"])
    values["target"] = values["target"] or ""
    return Config(**values)
