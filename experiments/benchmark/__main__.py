"""Runs ``python -m experiments.benchmark``; what it does is in command.py."""

import sys

from experiments.benchmark.command import status
from experiments.interruption import catch_signals

catch_signals()
sys.exit(status(sys.argv))
