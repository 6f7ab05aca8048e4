"""The benchmark: its arithmetic, its workers, and the command end to end."""

import json

import pytest

from damldg_jax.models import STAGE_SIZES
from experiments.benchmark import command, protocol
from experiments.benchmark.flop import Forward, forward_flop, step_flop
from experiments.benchmark.process import Implementation, Worker, WorkerError
from experiments.benchmark.protocol import Ready, Setting
from experiments.benchmark.report import Measurement, make_records, paired_ratio, table
from tests.cli import run

TINY = ("--depth=10", "--width=2", "--frames=32", "--features=8", "--per_domain=2")


def test_the_networks_are_those_of_the_library():
    assert protocol.STAGE_SIZES == STAGE_SIZES


def test_forward_flop_by_hand():
    # 16 x 8 after the stem, 8 x 4 after the pool; then 8 x 4, 4 x 2, 2 x 1, 1 x 1.
    setting = Setting(depth=10, width=1, frames=32, features=16, classes=3)
    stem = 2 * 49 * 1 * 1 * 128
    stage1 = 2 * (9 + 9) * 32
    stage2 = 2 * (9 * 1 * 2 + 9 * 2 * 2 + 1 * 2) * 8
    stage3 = 2 * (9 * 2 * 4 + 9 * 4 * 4 + 2 * 4) * 2
    stage4 = 2 * (9 * 4 * 8 + 9 * 8 * 8 + 4 * 8) * 1
    linear = 2 * 8 * 3
    assert stem == 12544
    assert stage1 + stage2 + stage3 + stage4 + linear == 1152 + 896 + 896 + 1792 + 48
    assert forward_flop(setting) == Forward(total=17328, stem=12544)


@pytest.mark.parametrize(
    ("variant", "flop"),
    [
        # F = 17328 and C = 12544: G = 39440 and T = 53792; two samples in S', one in V.
        ("deep_all", 3 * 39440),
        ("mldg_first_order", 3 * 39440),
        ("mldg_second_order", 3 * 39440 + 2 * 53792),
        ("da_mldg_first_order", 5 * 39440),
        ("da_mldg_second_order", 5 * 39440 + 2 * 53792),
        ("da_mldg_fixed_margin", 3 * 39440 + 2 * 17328 + 2 * 53792),
    ],
)
def test_step_flop_by_hand(variant, flop):
    setting = Setting("jax", variant, 10, 1, 1, frames=32, features=16, classes=3)
    assert step_flop(setting) == flop


def test_ratios_are_taken_within_rounds():
    # The second round was disturbed: both took ten times as long.
    slow, fast = [[2, 4, 3], [30], [4]], [[1], [10], [1]]
    assert paired_ratio(slow, fast) == (3, 3, 4)
    with pytest.raises(ValueError, match="shorter"):
        paired_ratio(slow, fast[:2])


def measurement(implementation, variant, rounds, flop=None):
    setting = Setting(implementation, variant, 10, 1, 1, frames=32, features=16)
    ready = Ready(0.5, "cpu", {implementation: "1"}, flop)
    return Measurement(setting, ready, rounds, 2**20)


def test_records_tell_what_was_measured():
    peak = measurement("jax", "matrix_peak", [[2.0, 1.0]], flop=1e6)
    measured = [
        measurement("jax", "deep_all", [[1.0, 1.0], [2.0, 2.0]]),
        measurement("jax", "mldg_second_order", [[3.0, 3.0], [8.0, 8.0]]),
        measurement("tensorflow", "mldg_second_order", [[6.0, 6.0], [8.0, 8.0]]),
    ]
    deep_all, mldg, peer = make_records(measured, peak)
    assert deep_all["name"] == "jax deep_all"
    assert deep_all["seconds"] == [1, 1, 2, 2]
    assert deep_all["seconds_per_step"] == 1.5
    assert deep_all["ratio_to_deep_all"] == 1
    assert deep_all["fraction_of_peak"] == deep_all["flop_per_step"] / 1.5 / 1e6
    assert mldg["ratio_to_deep_all"] == 3.5
    assert mldg["ratio_to_deep_all_range"] == [3, 4]
    assert mldg["ratio_of_jax_to_this"] is None
    assert peer["ratio_to_deep_all"] is None
    assert peer["ratio_of_jax_to_this"] == 0.75
    text = table([deep_all, mldg, peer])
    assert "3.50 (3.00-4.00)" in text
    assert "0.75 (0.50-1.00)" in text
    assert "2 rounds of 2 steps" in text


def test_a_worker_that_fails_is_named_with_what_it_said(tmp_path, monkeypatch):
    (tmp_path / "failing.py").write_text("raise SystemExit('no such luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    failing = Implementation("failing", "jax", ())
    with pytest.raises(WorkerError, match=r"'jax deep_all'(.|\n)*no such luck"):
        Worker(Setting(), failing)


def test_what_a_worker_prints_is_no_answer(tmp_path, monkeypatch):
    (tmp_path / "chatty.py").write_text(
        "from experiments.benchmark.protocol import *\n"
        "def build(setting):\n"
        "    print('loading')\n"
        "    step = lambda: print('stepping')\n"
        "    return Workload(step, 'cpu', {}, process_peak_bytes)\n"
        "serve(build)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker(Setting(), Implementation("chatty", "jax", ())) as worker:
        assert worker.ready.device == "cpu"
        assert len(worker.measure(3)) == 3
        assert len(worker.measure(1)) == 1
        assert worker.finish() > 2**20


def test_two_variants_end_to_end(tmp_path):
    result = run(
        "experiments.benchmark",
        *TINY,
        "--rounds=1",
        "--steps=2",
        "--variants=deep_all,mldg_first_order",
        "--json=steps.json",
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert "jax mldg_first_order" in result.stdout
    records = json.loads((tmp_path / "steps.json").read_text())
    assert [r["variant"] for r in records] == ["deep_all", "mldg_first_order"]
    for record in records:
        assert record["implementation"] == "jax"
        assert len(record["seconds"]) == 2
        assert min(record["seconds"]) <= record["seconds_per_step"]
        assert record["peak_bytes"] > 2**20
        assert 0 < record["fraction_of_peak"] < 1
        assert record["setting"]["width"] == 2
        assert "jax" in record["versions"]
    assert records[0]["ratio_to_deep_all"] == 1


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--variants=mldg", "Unknown variant 'mldg'"),
        ("--variants=", "--variants is empty"),
        ("--peers=theano", "Unknown peer 'theano'"),
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
    assert all(f"--{name}" in text for name in ("variants", "peers", "rounds", "json"))


def test_the_parent_loads_neither_jax_nor_a_peer(tmp_path):
    code = (
        "import sys, experiments.benchmark.command; "
        "sys.exit(bool({'jax', 'torch', 'tensorflow'} & set(sys.modules)))"
    )
    (tmp_path / "loads.py").write_text(code)
    assert run("loads", cwd=tmp_path).returncode == 0
