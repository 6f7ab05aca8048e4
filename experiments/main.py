r"""Trains on several corpora and reports how well it does on one never seen.

  python -m experiments.main --flagfile=experiments/flagfiles/quickstart.flags
  python -m experiments.main --corpora_dir=corpora --sources=emodb,ravdess,savee \
      --target=emovo --methods=deep_all,da_mldg

Prepares the records that are missing, trains each method, tests it on the target, and
prints a table. Everything a run writes lies in --workdir; the same command continues
what was interrupted.
"""

from experiments import cli
from experiments.config import Config
from experiments.console import say
from experiments.experiment import Outcome, carry_out_alone
from experiments.flags import GROUPS
from experiments.next_steps import next_steps
from experiments.plan import make_plan


def main() -> None:
    """Runs the command, and exits with its status."""
    cli.run(_main, __doc__, groups=list(GROUPS))


def _main(config: Config) -> None:
    def say_next(outcome: Outcome) -> None:
        if text := next_steps(outcome.results, config):
            say(text)

    carry_out_alone(make_plan, config, say_next)


if __name__ == "__main__":
    main()
