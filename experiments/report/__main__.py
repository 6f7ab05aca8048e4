"""Runs ``python -m experiments.report``."""

from experiments import cli
from experiments.report import command

if __name__ == "__main__":
    cli.run_on(command.main, command.__doc__, command.GROUPS)
