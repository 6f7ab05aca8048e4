"""Two processes share a sweep, one of them is killed, and nothing is done twice."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from experiments.plan import make_plan
from experiments.prepare import prepare
from tests.cli import environment, run
from tests.test_features_end_to_end import settings, write_corpora

# Of rows 4 and 5, each of three sources: one program for both.
NAMES = ("savee", "ravdess", "emodb", "cafe", "emovo", "shemo", "aesdd")
UNITS = ("emodb+ravdess+savee", "emodb+emovo+shemo")
STEPS, SAVED = 600, 100


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    write_corpora(folder, frames=4, corpora=NAMES)
    config = settings(folder, names=NAMES, target="", scenario="4,5")
    prepare(make_plan(config).sources, config, copies=True)
    return folder


def arguments(place, *more):
    entries = [f"{name}={place}/{name}/manifest.csv" for name in NAMES]
    return [
        f"--corpora={','.join(entries)}",
        "--rows=4,5,6",
        "--methods=deep_all",
        "--emotions=anger,happiness,sadness",
        "--features=files",
        f"--embeddings_dir={place}/embeddings",
        f"--data_dir={place}/records",
        f"--workdir={place}/shared",
        f"--steps={STEPS}",
        f"--evaluate_every={SAVED}",
        "--batch_size=16",
        "--hidden_units=",
        "--validation_fraction=0",
        "--evaluation_statistics=running",
        *more,
    ]


class Process:
    """A sweep in a process of its own, and what it has said."""

    def __init__(self, place, name):
        self._path = place / f"{name}.log"
        with self._path.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "experiments.sweep", *arguments(place)],
                cwd=place,
                env=environment(place),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    @property
    def said(self):
        return self._path.read_text()

    @property
    def began(self):
        return re.findall(r"^Now: (.*) deep_all\.$", self.said, re.MULTILINE)


@pytest.fixture
def two(place):
    found = [Process(place, name) for name in ("one", "other")]
    yield found
    for its in found:
        its.process.kill()
        its.process.wait()


def wait_for(condition, *processes):
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline
        assert all(its.process.poll() is None for its in processes)
        time.sleep(0.01)


def test_two_share_and_one_ends_what_a_killed_one_has_begun(place, two):
    runs = place / "shared" / "runs"
    folder = runs / "emodb+ravdess+savee-to-cafe" / "deep_all" / "trial_0"
    wait_for(lambda: (folder / f"checkpoints/{SAVED}").exists(), *two)
    killed, other = sorted(two, key=lambda its: its.began != [UNITS[0]])
    # It must not be done before the other one is at work too.
    killed.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: other.began, other)
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait(60)
    assert not (folder / "result.json").exists()
    assert other.process.wait(240) == 0, other.said
    assert killed.began == [UNITS[0]]
    assert other.began == [UNITS[1], UNITS[0]]
    assert "Left out: row 6: no crema_d." in other.said
    for log in runs.glob("*/deep_all/trial_0/metrics.jsonl"):
        steps = [json.loads(line)["step"] for line in log.read_text().splitlines()]
        assert steps == list(range(1, STEPS + 1))
    # It went on from a checkpoint, and did not begin again.
    bar = re.search(r"(\d+) of 600 \[", other.said.split(f"Now: {UNITS[0]}")[1])
    assert int(bar[1]) >= SAVED
    results = json.loads((place / "shared" / "results.json").read_text())
    assert [(e["scenario"], e["target"]) for e in results["runs"]] == [
        ("4", "cafe"),
        ("5", "aesdd"),
    ]


def test_the_status_of_what_is_done(place):
    """After the test above."""
    done = run("experiments.sweep", *arguments(place, "--status"), cwd=place)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 runs are done, none is left." in done.stdout
    assert not list((place / "shared" / "sweep").iterdir())
