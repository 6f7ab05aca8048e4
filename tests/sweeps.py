"""Sweeps without training: folders of corpora, and results from nowhere."""

import dataclasses
import functools
import json

import pytest

from experiments.config import Config
from experiments.experiment import Outcome
from experiments.session import Session
from experiments.sweep import command
from experiments.sweep.claims import Claims
from tests.test_results import entry


def there(folder, *names, **changes):
    """Settings for corpora whose folders are there, and nothing in them."""
    for name in names:
        (folder / name).mkdir(exist_ok=True)
    given = {
        "corpora_dir": folder,
        "data_dir": folder / "records",
        "workdir": folder / "run",
        "methods": "deep_all,coral",
        "steps": 10,
    }
    return Config(**{**given, **changes})


class Pretender:
    """Carries plans out by writing results; remembers which, and may be disturbed.

    Attributes:
      done: sources, target and method of each test, in order.
      failed: what runs of a method come to that diverge.
      error: what is raised for a method.
    """

    def __init__(self):
        self.done, self.failed, self.error = [], {}, {}

    def __call__(self, plan, config, session, latest=True):
        (method,) = config.methods
        if method in self.error:
            raise self.error[method]
        results = {}
        for split in plan.splits:
            self.done.append(("+".join(split.sources), split.target, method))
            for trial in range(config.trials):
                name = f"{'+'.join(split.sources)}-to-{split.target}"
                folder = config.workdir / "runs" / name / method / f"trial_{trial}"
                folder.mkdir(parents=True, exist_ok=True)
                if not (method in self.failed and trial == 0):
                    write_result(folder, split, method, trial)
        failed = [self.failed[method]] if method in self.failed else []
        return Outcome(results, failed, [], None, [])


def write_result(folder, split, method, trial, seconds=60.0):
    content = entry(split.target, method, trial=trial) | {
        "scenario": split.scenario,
        "sources": split.sources,
        "seconds": seconds,
    }
    (folder / "result.json").write_text(json.dumps([content]))


@pytest.fixture
def pretender(monkeypatch):
    found = Pretender()
    monkeypatch.setattr(command, "carry_out", found)
    # Who comes at the same moment is not waited for long.
    monkeypatch.setattr(
        command, "Claims", functools.partial(Claims, renewed_every=0.02)
    )
    # What it writes is always what is asked for.
    monkeypatch.setattr(command, "is_in_the_way", lambda *given: False)
    monkeypatch.setattr(Session, "bring_up_to_date", lambda *given: None)
    return found


def results(config):
    return json.loads((config.workdir / "results.json").read_text())


def varied(config, **changes):
    return dataclasses.replace(config, **changes)
