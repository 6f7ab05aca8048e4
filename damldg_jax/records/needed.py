"""Loads TensorFlow where it is needed: it takes seconds, and may be missing."""

import importlib
from types import ModuleType

from damldg_jax.errors import InputError


def load(name: str, purpose: str) -> ModuleType:
    """Loads a module of this package that needs TensorFlow.

    Args:
      name: of the module.
      purpose: what it is needed for, told where it cannot be loaded.

    Returns:
      The module.

    Raises:
      InputError: TensorFlow or tensorflow-datasets cannot be loaded; it names the
        remedies.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"{purpose} needs TensorFlow and tensorflow-datasets, which cannot be "
            f"loaded here ({error}). Install requirements.txt; or run python -m "
            "experiments.prepare with the same flags where they are, and bring its "
            "--data_dir here. Recordings need not come along; if they do, keep their "
            "dates (cp -p, rsync -t), by which records are known to be theirs."
        ) from error
