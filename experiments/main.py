r"""Trains on several corpora and reports how well it does on one never seen.

  python -m experiments.main --flagfile=experiments/flagfiles/quickstart.flags
  python -m experiments.main --corpora_dir=corpora --sources=emodb,ravdess,savee \
      --target=emovo --methods=deep_all,da_mldg

Prepares the records that are missing, trains each method, tests it on the target, and
prints a table. Everything a run writes lies in --workdir; the same command continues
what was interrupted.
"""

from experiments import cli
from experiments.experiment import run_experiments
from experiments.flags import GROUPS


def main() -> None:
    """Runs the command, and exits with its status."""
    cli.run(run_experiments, __doc__, groups=list(GROUPS))


if __name__ == "__main__":
    main()
