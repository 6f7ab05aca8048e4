"""Where the report of the command that checks corpora goes."""

import os
import subprocess
import sys

import soundfile

from tests.cli import environment
from tests.speech import RATE, speech


def test_files_are_written_though_nobody_reads_the_report(tmp_path):
    soundfile.write(tmp_path / "03a01Wa.wav", speech(0), RATE)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "experiments.corpora"]
    result = subprocess.run(
        [*command, f"--corpora=emodb={tmp_path}", "--json=all.json"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(writing)
    assert result.returncode == 0, result.stderr
    assert "Error" not in result.stderr
    assert (tmp_path / "all.json").stat().st_size > 1000
