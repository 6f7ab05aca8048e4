"""A work directory belongs to one protocol: settings and data are held against it."""

import dataclasses
import importlib.metadata
import json
import pathlib
import platform
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from damldg_jax.errors import InputError
from experiments.config import Config, run_settings
from experiments.data import Prepared, data_hash
from experiments.loop import Run, schedule
from experiments.outputs import write_json

_PACKAGES = (
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "numpy",
    "librosa",
    "soundfile",
    "soxr",
)


def claim(config: Config, prepared: Prepared, runs: Sequence[Run]) -> None:
    """Writes ``config.json``, unless runs of another protocol are in the way.

    Methods, trials, sources and targets may be added to a work directory; whatever
    else determines a run must stay.

    Args:
      config: all settings.
      prepared: the data.
      runs: to be done.

    Raises:
      InputError: the directory holds runs of other settings or data; it names them
        and the remedy.
    """
    path = config.workdir / "config.json"
    content = _describe(config, prepared, runs)
    if path.exists() and not config.overwrite:
        _check(path, content)
    elif config.overwrite:
        shutil.rmtree(config.workdir / "runs", ignore_errors=True)
    write_json(path, content)


def _describe(
    config: Config, prepared: Prepared, runs: Sequence[Run]
) -> dict[str, Any]:
    return {
        "run_settings": run_settings(config),
        "settings": dataclasses.asdict(config),
        "seed": config.seed,
        "data_hash": data_hash(prepared.hashes),
        "corpora": {
            name: {
                "content_hash": content_hash,
                "counts": prepared.dataset.corpora[name].counts,
                "synthetic": name in prepared.synthetic,
                "skipped": prepared.skipped.get(name, {}),
            }
            for name, content_hash in prepared.hashes.items()
        },
        "runs": [_describe_run(run, config) for run in runs],
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _PACKAGES},
        },
        "devices": [device.device_kind for device in jax.local_devices()],
    }


def _describe_run(run: Run, config: Config) -> dict[str, Any]:
    plan = schedule(run.division, config)
    return {
        "folder": run.folder.relative_to(config.workdir).as_posix(),
        "seed": run.seed,
        "steps": plan.steps,
        "batch_size": plan.per_domain * len(run.division.train),
        "train_utterances": sum(map(len, run.division.train)),
        "validation_speakers": run.division.speakers,
    }


def _check(path: pathlib.Path, wanted: Mapping[str, Any]) -> None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        old = {**stored["run_settings"], **_hashes(stored)}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({error}). Choose another --workdir, or begin anew by "
            "--overwrite."
        ) from error
    # Through JSON and back, as the stored one has been.
    new = json.loads(json.dumps({**wanted["run_settings"], **_hashes(wanted)}))
    changed = [
        f"{name} {old[name]} -> {new[name]}"
        for name in sorted(old.keys() & new.keys())
        if old[name] != new[name]
    ]
    if changed:
        raise InputError(
            f"{path.parent} holds runs of other settings: {'; '.join(changed)}. Choose "
            "another --workdir, or begin anew by --overwrite."
        )


def _hashes(content: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"data of {name}": corpus["content_hash"]
        for name, corpus in content["corpora"].items()
    }
