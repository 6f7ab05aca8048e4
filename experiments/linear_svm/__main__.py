"""Runs ``python -m experiments.linear_svm``."""

from experiments import cli
from experiments.linear_svm import command


def main() -> None:
    """Runs the command, and exits with its status."""
    command.choose_defaults()
    cli.run(command.main, command.__doc__, groups=command.GROUPS)


if __name__ == "__main__":
    main()
