"""Runs ``python -m experiments.linear_svm``."""

from experiments import cli
from experiments.linear_svm import command

if __name__ == "__main__":
    command.choose_defaults()
    cli.run(command.main, command.__doc__, groups=command.GROUPS)
