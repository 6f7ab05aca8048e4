"""Runs ``python -m experiments.export``."""

from experiments import cli
from experiments.export import command

if __name__ == "__main__":
    cli.run_on(command.main, command.__doc__, command.GROUPS)
