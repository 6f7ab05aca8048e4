"""Runs ``python -m experiments.fuse``."""

from experiments import cli
from experiments.fuse import command, flags


def main() -> None:
    """Runs the command, and exits with its status."""
    command.choose_defaults()
    cli.run_on(command.main, command.__doc__, flags.GROUPS)


if __name__ == "__main__":
    main()
