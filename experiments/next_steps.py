"""What may be done with finished runs."""

import pathlib
import shlex
from collections.abc import Iterable

from damldg_jax.corpora.scenarios import INNER
from damldg_jax.errors import InputError
from damldg_jax.prediction.places import find_file
from experiments.config import Config


def next_steps(folders: Iterable[pathlib.Path], config: Config) -> str:
    """Names the commands that come after a run.

    Args:
      folders: of runs that are finished, in their order; the last is predicted by.
      config: all settings.

    Returns:
      A sentence of commands that can be copied; empty where nothing is finished.
    """
    folders = list(folders)
    if not folders:
        return ""
    workdir = shlex.quote(str(config.workdir))
    commands = [f"python -m experiments.report {workdir} --output=report"]
    if config.target == INNER:
        commands.append(f"python -m experiments.choose {workdir}")
    if _is_heard(config) and _has_model(folders[-1]):
        run = shlex.quote(str(folders[-1]))
        commands.append(f"python -m experiments.predict --checkpoint={run} call.wav")
    return "\n  ".join(["Next:", *commands])


def _is_heard(config: Config) -> bool:
    """Whether a recording is all that the model needs, and no further flag."""
    needs_more = config.features == "files" or ":" in config.features
    return not (needs_more or config.encoder_weights or config.extractor.picture)


def _has_model(folder: pathlib.Path) -> bool:
    try:
        find_file(folder)
    except InputError:
        return False
    return True
