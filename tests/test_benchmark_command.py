"""The command of the benchmark: what it tells, stores and refuses."""

import contextlib
import json
from typing import ClassVar

import pytest

from experiments.benchmark import command
from experiments.benchmark.measures import MEASURES
from experiments.benchmark.process import (
    WorkerError,
)
from experiments.benchmark.protocol import Ready
from tests.cli import run

SMALL = {"depth": 10, "width": 2, "per_domain": 2, "frames": 16, "features": 8}


class FakeWorker(contextlib.nullcontext):
    """Says that a step takes a millisecond for each channel, or breaks off."""

    broken = ""
    started: ClassVar[list] = []

    def __init__(self, setting, implementation):
        super().__init__(self)
        self.setting = setting
        self.started.append(setting)
        if setting.variant == self.broken:
            raise WorkerError(f"The worker '{setting.name}' broke off (exit status 7).")
        self.ready = Ready(
            2.0,
            "cpu",
            {"jax": "1"},
            flop_per_call=1e9,
            bytes_per_call=1e6,
            call_seconds=1e-3,
        )

    def measure(self, calls, profile=None):
        if profile:
            (profile / "plugins").mkdir(parents=True)
            (profile / "plugins" / "vm.xplane.pb").write_bytes(b"trace")
        return 1e-3 * self.setting.width * self.setting.steps

    def finish(self):
        return 2**20

    def close(self):
        pass


@pytest.fixture
def fake(monkeypatch):
    class Fresh(FakeWorker):
        started: ClassVar[list] = []

    monkeypatch.setattr("experiments.benchmark.session.Worker", Fresh)
    return Fresh


def test_everything_is_told_and_stored(fake, tmp_path, capsys):
    file, folder = tmp_path / "all.json", tmp_path / "traces"
    arguments = ["--host_devices=2", f"--json={file}", f"--profile={folder}"]
    assert command.status(["benchmark", *arguments]) == 0
    text = capsys.readouterr().out
    for measure in MEASURES.values():
        assert f"\n{measure.title} " in text
    assert "ResNet-10 of width 16" in text
    # Where lines are broken depends on the processor's name.
    assert "2 made of it by force" in " ".join(text.split())
    assert str(folder / "deep_all") in text
    records = json.loads(file.read_text())
    assert {r["measure"] for r in records} == {"peaks", *MEASURES, "projection"}
    step = next(r for r in records if r["name"] == "jax sam")
    assert step["seconds_per_step"] == 0.016
    assert step["samples_per_second"] == 33 / 0.016
    assert step["ratio"] == 1
    assert step["setting"]["width"] == 16
    total = sum(r["hours_in_turn"] for r in records if r["measure"] == "projection")
    assert f"{total:.2f}" in text
    caches = {s.cache_dir for s in fake.started if s.cache_dir}
    assert sum("compile" in folder for folder in caches) == 1


def test_one_that_breaks_off_does_not_take_the_others_along(fake, tmp_path, capsys):
    fake.broken = "rsc"
    file = tmp_path / "steps.json"
    arguments = ["--measure=steps", "--variants=deep_all,rsc", f"--json={file}"]
    assert command.status(["benchmark", *arguments]) == 1
    told = capsys.readouterr()
    assert "'jax rsc' broke off (exit status 7)" in told.err
    assert "jax deep_all" in told.out
    names = {r["name"] for r in json.loads(file.read_text())}
    assert "jax deep_all" in names
    assert "jax rsc" not in names


def test_a_device_that_serves_one_process_is_given_to_one(fake, capsys):
    class Alone(fake):
        waiting = 0

        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.ready = self.ready._replace(platform="tpu")
            Alone.waiting += 1
            assert Alone.waiting == 1

        def finish(self):
            Alone.waiting -= 1
            return super().finish()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.benchmark.session.Worker", Alone)
        arguments = ["--measure=steps,input", "--variants=deep_all,sam"]
        assert command.status(["benchmark", *arguments]) == 0
    assert "1.00 (1.00-1.00)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--variants=mldg", "Unknown variant 'mldg'"),
        ("--variants=", "--variants is empty"),
        ("--peers=theano", "Unknown peer 'theano'"),
        ("--measure=speed", "Unknown measure 'speed'"),
        ("--focus=", "--focus is empty"),
        ("--scenario=8", "Unknown scenario '8'"),
        ("--lanes=1", "--lanes=1: give whole numbers above 1"),
        ("--lanes=ten", "--lanes=ten"),
        ("--compute_dtype=float16", "--compute_dtype"),
        ("--rounds=0", "--rounds"),
        ("--depth=11", "--depth"),
        ("--width=much", "--width"),
        ("surplus", "Unexpected argument 'surplus'"),
        ("--json=no/such/folder/file.json", "--json"),
    ],
)
def test_wrong_usage_is_told(argument, message, capsys):
    assert command.status(["benchmark", argument]) == 2
    assert message in capsys.readouterr().err


def test_two_sizes_of_a_step_are_one_too_many(capsys):
    assert command.status(["benchmark", "--batch_size=32", "--per_domain=16"]) == 2
    message = capsys.readouterr().err
    assert "--batch_size=32 and --per_domain=16" in message


def test_a_peer_that_is_missing_is_told_with_the_remedy(monkeypatch, capsys):
    found = {"jax": object(), "tensorflow": object()}
    monkeypatch.setattr("importlib.util.find_spec", found.get)
    assert (
        command.status(
            ["benchmark", "--peers=tensorflow,pytorch_func", "--variants=deep_all"]
        )
        == 2
    )
    message = capsys.readouterr().err
    assert "Not installed: torch." in message
    assert "pip install -r benchmarks/requirements.txt" in message


def test_help_names_every_flag(capsys):
    assert command.status(["benchmark", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(
        f"--{name}" in text
        for name in ("variants", "peers", "rounds", "json", "profile")
    )


def test_the_parent_loads_neither_jax_nor_a_peer(tmp_path):
    code = (
        "import sys, experiments.benchmark.command; "
        "sys.exit(bool({'jax', 'torch', 'tensorflow'} & set(sys.modules)))"
    )
    (tmp_path / "loads.py").write_text(code)
    assert run("loads", cwd=tmp_path).returncode == 0
