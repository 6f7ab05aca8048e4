"""Runs ``python -m experiments.benchmark``; what it does is in command.py."""

import sys

from experiments.benchmark.command import status


def main() -> None:
    """Runs the command, and exits with its status."""
    sys.exit(status(sys.argv))


if __name__ == "__main__":
    main()
