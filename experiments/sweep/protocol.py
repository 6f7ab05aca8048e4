"""The settings of a sweep, which whoever joins it must have too."""

import json

from damldg_jax.errors import InputError
from damldg_jax.records import locks
from experiments.config import Config
from experiments.console import say
from experiments.outputs import write_json
from experiments.workdir import protocol_of

_FILE = "sweep.json"


def join(config: Config) -> None:
    """Writes the settings of a sweep, or compares them with those it was begun with.

    Runs refuse other settings for themselves. This is for those of a sweep that nobody
    has begun yet: one process would do some of them in one way and the next one others
    in another.

    Args:
      config: of the sweep; with ``overwrite`` it is begun anew.

    Raises:
      InputError: settings differ, or the folder cannot be written to.
    """
    path, own = config.workdir / _FILE, protocol_of(config)
    try:
        # Of two that begin it at the same moment, the second one compares.
        lock = locks.place(config.workdir, "sweep")
        with locks.held(lock, say, "begin a sweep", "--workdir"):
            if path.exists() and not config.overwrite:
                _compare(json.loads(path.read_text(encoding="utf-8")), own, config)
            else:
                write_json(path, own)
    except OSError as error:
        raise InputError(
            f"Cannot write to {config.workdir}: {error.strerror}. See to the "
            "permissions of --workdir, or choose another one."
        ) from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is damaged ({error}). Delete it.") from error


def _compare(stored: dict, own: dict, config: Config) -> None:
    changed = [
        f"{name} {stored[name]} -> {own[name]}"
        for name in own
        # What an earlier version did not know is left to the runs.
        if name in stored and stored[name] != own[name]
    ]
    if changed:
        raise InputError(
            f"The sweep in {config.workdir} was begun with other settings: "
            f"{'; '.join(changed)}. Give those, choose another --workdir, or have it "
            "done anew by --overwrite."
        )
