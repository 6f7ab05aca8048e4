"""Runs ``python -m experiments.pretrain``."""

from experiments import cli
from experiments.pretrain import command

if __name__ == "__main__":
    command.choose_defaults()
    cli.run(command.main, command.__doc__, groups=command.GROUPS)
