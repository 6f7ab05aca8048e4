"""Runs ``python -m experiments.pretrain``."""

from experiments import cli
from experiments.pretrain import command


def main() -> None:
    """Runs the command and exits."""
    command.choose_defaults()
    cli.run(command.main, command.__doc__, groups=command.GROUPS)


if __name__ == "__main__":
    main()
