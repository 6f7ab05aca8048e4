"""Under which circumstances numbers came about: versions, devices, features.

Beside the settings and the data, on which they are meant to depend.
"""

import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

import jax

import damldg_jax
from damldg_jax.dataset import Dataset
from experiments.config import Config
from experiments.outputs import write_json
from experiments.runs import Run

_PACKAGES = (
    *("jax", "jaxlib", "flax", "optax", "chex", "orbax-checkpoint"),
    *("numpy", "scipy", "scikit-learn", "librosa", "soundfile", "soxr"),
    "tensorflow-datasets",
)


def versions() -> dict[str, str | None]:
    """Versions of all that computes, by name; None for what is not installed."""
    return {
        "damldg_jax": damldg_jax.__version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
    }


def devices() -> list[str]:
    """The kind of each device."""
    return [device.device_kind for device in jax.devices()]


def write_circumstances(
    run: Run,
    dataset: Dataset,
    config: Config,
    seconds: float,
    initial_weights: Mapping[str, Any] | None = None,
) -> None:
    """Writes ``circumstances.json`` of a run that is finished.

    Args:
      run: that is trained and tested.
      dataset: its data.
      config: all settings.
      seconds: that it took.
      initial_weights: an account of those that it began with; None for random ones.
    """
    corpora = sorted(run.split.corpora)
    features = config.extractor
    content = {
        "versions": versions(),
        "devices": devices(),
        "seconds": seconds,
        "feature_settings": {name: features.settings(name) for name in corpora},
        "initial_weights": initial_weights,
        "classes": dataset.target.classes,
        "synthetic": [name for name in corpora if name in dataset.synthetic],
    }
    write_json(run.folder / "circumstances.json", content)


def _version(package: str) -> str | None:
    """None where it is not installed: what made the records need not be here."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
