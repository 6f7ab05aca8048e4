"""Runs ``python -m experiments.benchmark``; what it does is in command.py."""

import sys

from experiments.benchmark.command import status

sys.exit(status(sys.argv))
