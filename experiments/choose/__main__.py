"""Runs ``python -m experiments.choose``."""

from experiments import cli
from experiments.choose import command


def main() -> None:
    """Runs the command, and exits with its status."""
    cli.run_on(command.main, command.__doc__, command.GROUPS)


if __name__ == "__main__":
    main()
