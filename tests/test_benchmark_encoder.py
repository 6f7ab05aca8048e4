"""The benchmark of speech encoders measures what it says."""

import sys

from benchmarks import speech_encoder


def test_rates_are_told(monkeypatch, capsys):
    given = ["--width=64", "--blocks=2", "--layer=1", "--recordings=4", "--rounds=2"]
    monkeypatch.setattr(sys, "argv", ["speech_encoder", *given])
    speech_encoder.main()
    told = capsys.readouterr().out
    assert told.startswith("layer 1 of 2, width 64: ")
    rates = told.partition(": ")[2].removesuffix(" x real time\n").split(", ")
    assert len(rates) == 2
    assert all(int(rate) > 0 for rate in rates)
