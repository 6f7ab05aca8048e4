"""Several processes that do one command together."""

import json
import re
import shutil
import signal
import time

import jax
import numpy as np
import pytest

from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.distributed import wanted
from experiments.experiment import run_experiments
from tests import distributed_steps
from tests.processes import outcome, run_together, running, together

NAMES = ("studio", "phone", "hall")
STEPS, CHECKPOINT = 60, 10


def test_processes_together_do_what_one_does(tmp_path):
    processes, devices = 4, 2
    done = run_together(
        processes,
        devices,
        tmp_path,
        lambda index, address: [
            *("-m", "tests.distributed_steps", index, processes, address),
            tmp_path / f"{index}.npy",
        ],
    )
    assert [process.returncode for process in done] == [0] * processes, done
    everywhere = tuple(jax.local_devices()[: processes * devices])
    one = distributed_steps.trained(everywhere)
    parts = [np.load(tmp_path / f"{i}.npy") for i in range(processes)]
    np.testing.assert_allclose(parts[0], one, rtol=1e-5, atol=1e-5)
    for part in parts[1:]:
        np.testing.assert_array_equal(part, parts[0])


@pytest.fixture(scope="module")
def place(tmp_path_factory, synthetic):
    """A folder with three small corpora, each described by a manifest."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(synthetic / "corpora", folder / "corpora")
    return folder


def settings(place):
    """As small as it gets: a linear classifier of means and deviations."""
    corpora = [f"{n}={place}/corpora/synth_{n}/manifest.csv" for n in NAMES]
    return {
        **{"corpora": ",".join(corpora), "target": "hall", "methods": "deep_all"},
        **{"data_dir": f"{place}/records", "model": "pooled", "hidden_units": ""},
        **{"crop_seconds": 0.6, "batch_size": 8, "learning_rate": 0.01},
        **{"steps": STEPS, "evaluate_every": CHECKPOINT},
        "evaluation_statistics": "running",
    }


def command(place, count, workdirs, **differing):
    """Arguments of each process, by its number and the address to meet at."""

    def arguments(index, address):
        given = settings(place) | {"workdir": workdirs[min(index, len(workdirs) - 1)]}
        for name, value in differing.items():
            given[name] = value[index] if isinstance(value, list) else value
        flags = [f"--{name}={value}" for name, value in given.items()]
        met = together(index, count, address)
        return ["-m", "experiments.main", *flags, *met]

    return arguments


@pytest.fixture(scope="module")
def finished(place):
    """What two processes have said that did a command, and the first one's folder."""
    workdirs = place / "first", place / "elsewhere"
    done = run_together(2, 2, place, command(place, 2, workdirs))
    return done, workdirs[0]


def files_of(workdir):
    return {n: (workdir / n).read_bytes() for n in ("predictions.csv", "metrics.jsonl")}


def _of_gloo(line):
    return "[Gloo]" in line or "peer ranks" in line


def test_only_process_0_prints_and_writes(finished, place):
    (first, second), workdir = finished
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout.splitlines()[2].split()[:3] == ["hall", "Deep-All", "last"]
    assert second.stdout == ""
    # Its threads write at a time, and so one line into another.
    heard = [x for x in second.stderr.splitlines() if not _of_gloo(x)]
    assert heard == []
    assert "Warning" not in first.stderr
    assert not (place / "elsewhere").exists()
    result = json.loads((workdir / "results.json").read_text())["runs"]
    assert {entry["selection"] for entry in result} == {"last", "best"}
    assert len(json.loads((workdir / "config.json").read_text())["devices"]) == 4


def test_a_killed_process_ends_the_others_and_the_run_goes_on(finished, place):
    """First process 1 is killed, then process 0, who keeps the others together."""
    workdirs = place / "killed", place / "elsewhere"
    arguments = command(place, 2, workdirs)
    for victim in (1, 0):
        before = checkpoints(workdirs[0])
        with running(2, 2, place, arguments) as processes:
            wait_for_another(processes, workdirs[0], before)
            processes[victim].send_signal(signal.SIGKILL)
            began = time.monotonic()
            left = outcome(processes[1 - victim])
            assert time.monotonic() - began < 30
        assert left.returncode == 1
        *_, last = left.stderr.splitlines()
        assert last.startswith("Error: ")
        assert "Another process of this command has ended" in last
        assert "same command on all machines" in last
        if victim == 1:
            step = re.search(rf"goes on after step (\d+), from .*{workdirs[0]}", last)
            assert int(step[1]) == max(checkpoints(workdirs[0]))
        assert not (workdirs[0] / "results.json").exists()
    again = run_together(2, 2, place, arguments)
    assert [process.returncode for process in again] == [0, 0], again
    assert files_of(workdirs[0]) == files_of(finished[1])
    assert again[0].stdout == finished[0][0].stdout


def checkpoints(workdir):
    there = workdir.glob("runs/*/deep_all/trial_0/checkpoints/*")
    return {int(path.name) for path in there if path.name.isdecimal()}


def wait_for_another(processes, workdir, before):
    deadline = time.monotonic() + 120
    while not checkpoints(workdir) - before:
        assert time.monotonic() < deadline
        assert all(process.poll() is None for process in processes)
        time.sleep(0.002)


def test_processes_with_trials_of_their_own_do_what_one_does(finished, place):
    """Each trains on its devices; the first one gathers what both have written."""
    workdirs = (place / "trials",)
    own = {"trials": 2, "parallel": "trials", "steps": 10, "evaluate_every": 5}
    done = run_together(2, 1, place, command(place, 2, workdirs, **own))
    assert [process.returncode for process in done] == [0, 0], done
    alone = Config(**settings(place) | own, workdir=place / "alone")
    run_experiments(alone)
    theirs, mine = losses(workdirs[0]), losses(place / "alone")
    assert {trial for trial, _ in mine} == {0, 1}
    assert theirs == pytest.approx(mine, rel=1e-5)
    assert done[1].stdout == ""
    assert "Deep-All -> hall:" in done[0].stderr
    assert "trial 1" not in done[0].stderr


def losses(workdir):
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    metrics = [json.loads(line) for line in lines]
    return {(x["trial"], x["step"]): x["loss"] for x in metrics if "loss" in x}


def test_processes_of_other_settings_are_refused(finished, place):
    workdirs = (place / "differing",)
    given = command(place, 2, workdirs, learning_rate=[0.01, 0.02])
    for process in run_together(2, 1, place, given):
        assert process.returncode == 2
        assert "Process 1 differs from process 0: --learning_rate 0.01 -> 0.02." in (
            process.stderr
        )
    assert not workdirs[0].exists()


def test_what_process_0_finds_wrong_ends_all(finished, place):
    """Process 1 has another work directory, where nothing is in the way."""
    workdirs = finished[1], place / "elsewhere"
    given = command(place, 2, workdirs, learning_rate=0.02)
    for process in run_together(2, 1, place, given):
        assert process.returncode == 2
        assert "learning_rate 0.01 -> 0.02" in process.stderr


def test_a_coordinator_that_is_not_there_is_named(place):
    (done,) = run_together(
        1,
        1,
        place,
        lambda index, address: [
            *("-m", "experiments.main", "--target=hall", "--connect_timeout=1"),
            *("--process_id=1", "--num_processes=2"),
            f"--coordinator_address={address}",
        ],
    )
    assert done.returncode == 2
    *_, last = done.stderr.splitlines()
    assert re.match(r"Error: Process 0, 127\.0\.0\.1:\d+, cannot be reached", last)
    assert "within 1 seconds (--connect_timeout)" in last


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"process_id": 0}, "--process_id=0 without --coordinator_address and --num_"),
        ({"coordinator_address": "a:1", "num_processes": 2}, "without --process_id:"),
        ({"process_id": 2, "num_processes": 2}, "numbered from 0 to 1"),
        ({"coordinator_address": "10.0.0.1"}, "such as 10.0.0.1:9876"),
        ({"coordinator_address": ":1234"}, "such as 10.0.0.1:9876"),
        ({"coordinator_address": "a:99999"}, "such as 10.0.0.1:9876"),
    ],
)
def test_what_is_incomplete_or_wrong_is_refused(given, message):
    if len(given) < 3 and "without" not in message:
        given = {"coordinator_address": "a:1", "process_id": 0, **given}
        given = {"num_processes": 2, **given}
    with pytest.raises(InputError, match=message):
        wanted(Config(**given))


def test_one_process_has_no_peers():
    assert not wanted(Config())
    one = Config(coordinator_address="a:1", process_id=0, num_processes=1)
    assert not wanted(one)
    assert wanted(Config(distributed=True))
