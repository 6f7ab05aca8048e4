"""Runs ``python -m experiments.benchmark``; what it does is in command.py."""

import sys

from experiments.benchmark.command import status
from experiments.interruption import catch_signals


def main() -> None:
    """Runs the command, and exits with its status."""
    catch_signals()
    sys.exit(status(sys.argv))


if __name__ == "__main__":
    main()
