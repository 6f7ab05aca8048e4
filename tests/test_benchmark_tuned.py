"""The benchmark of tuned layers measures what it says."""

import re
import sys

from benchmarks import tuned_layers


def test_memory_and_time_are_told(monkeypatch, capsys):
    given = ["--width=4", "--domains=2", "--per_domain=2", "--frames=3", "--rounds=1"]
    given.append("--methods=deep_all")
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setattr(sys, "argv", ["tuned_layers", *given])
    tuned_layers.main()
    first, *told = capsys.readouterr().out.splitlines()
    assert first.startswith("1 layer(s) of width 4, ")
    assert len(told) == 2
    for line, name in zip(told, ("deep_all", "deep_all --remat"), strict=True):
        assert re.fullmatch(rf"{name}: \d+ MiB, \d+\.\d\d s", line)
