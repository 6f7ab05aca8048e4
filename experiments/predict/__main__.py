"""Runs ``python -m experiments.predict``."""

from experiments import cli
from experiments.predict import command

if __name__ == "__main__":
    cli.run_on(command.main, command.__doc__, command.GROUPS)
