"""The benchmark: its workers, and the command end to end."""

import contextlib
import json
from typing import ClassVar

import numpy as np
import pytest

from damldg_jax import training
from experiments.benchmark import command
from experiments.benchmark.inputs import constant_batch
from experiments.benchmark.measures import MEASURES
from experiments.benchmark.process import Implementation, Worker, WorkerError
from experiments.benchmark.protocol import Ready, timed
from experiments.benchmark.setting import Setting
from experiments.benchmark.steps import BUILDERS
from tests.cli import run

TINY = ("--depth=10", "--width=2", "--frames=32", "--features=8", "--per_domain=2")
SMALL = {"depth": 10, "width": 2, "per_domain": 2, "frames": 16, "features": 8}


def test_time_is_that_of_a_call_and_the_last_is_waited_for():
    waited = []

    def step():
        return lambda: waited.append(len(waited))

    assert timed(step, 4) < 1
    assert waited == [0, 1, 2, 3]
    done = []
    assert timed(lambda: done.append(0), 3) < 1
    assert len(done) == 3


def losses(kind):
    """Losses of the first three steps with a kind of input."""
    step, cost = BUILDERS[kind](Setting(**SMALL, input=kind, shared=False))
    found = [float(step()()["loss"].item()) for _ in range(3)]
    assert cost().bytes_per_call > 0
    return found


def test_input_that_is_streamed_is_the_same():
    resident = losses("resident")
    assert len(set(resident)) == 3
    assert losses("streamed") == resident


def test_the_step_without_input_takes_the_batch_as_it_is(monkeypatch):
    # A worker replaces it for good.
    monkeypatch.setattr(training, "sample_batch", training.sample_batch)
    step, _ = BUILDERS["constant"](Setting(**SMALL, input="constant", shared=False))
    assert training.sample_batch is constant_batch
    assert np.isfinite(step()()["loss"]).all()


def test_cutting_alone_gives_another_batch_each_time():
    step, _ = BUILDERS["alone"](Setting(**SMALL, input="alone"))
    first, second = step()(), step()()
    assert first.inputs.shape == (3, 2, 16, 8, 1)
    assert (first.inputs != second.inputs).any()


def test_a_worker_that_fails_is_named_with_what_it_said(tmp_path, monkeypatch):
    (tmp_path / "failing.py").write_text("raise SystemExit('no such luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    failing = Implementation("failing", "jax", ())
    with pytest.raises(WorkerError, match=r"'jax deep_all'(.|\n)*no such luck"):
        Worker(Setting(), failing)


def test_what_a_worker_prints_is_no_answer(tmp_path, monkeypatch):
    (tmp_path / "chatty.py").write_text(
        "from experiments.benchmark.protocol import *\n"
        "from experiments.benchmark.protocol import Workload, serve\n"
        "def build(setting):\n"
        "    print('loading')\n"
        "    step = lambda: print('stepping')\n"
        "    return Workload(step, 'cpu', {}, process_peak_bytes)\n"
        "serve(build)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker(Setting(), Implementation("chatty", "jax", ())) as worker:
        assert worker.ready.device == "cpu"
        assert 0 < worker.measure(3) < 1
        assert 0 < worker.measure(1) < 1
        assert worker.finish() > 2**20


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
    assert "2 made of it by force" in text
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


def test_a_step_end_to_end_with_a_trace(tmp_path):
    result = run(
        "experiments.benchmark",
        *TINY,
        *("--rounds=2", "--steps=2", "--turn_seconds=0", "--scenario=7"),
        *("--measure=steps", "--variants=deep_all", "--focus=deep_all"),
        *("--json=steps.json", "--profile=traces"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert "jax deep_all" in result.stdout
    records = json.loads((tmp_path / "steps.json").read_text())
    (record,) = (r for r in records if r["measure"] == "steps")
    assert record["implementation"] == "jax"
    assert len(record["seconds_per_call"]) == 2
    assert record["peak_bytes"] > 2**20
    assert 0 < record["fraction_of_matrix_peak"] < 1
    assert 0 < record["fraction_of_convolution_peak"] < 1
    assert record["fraction_of_bandwidth"] > 0
    assert record["setting"]["num_train_domains"] == 1
    assert "jax" in record["versions"]
    assert record["ratio"] == 1
    (trace,) = (tmp_path / "traces" / "deep_all").rglob("*.xplane.pb")
    assert trace.parent.parent.name == "profile"
    assert trace.stat().st_size > 1000


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
