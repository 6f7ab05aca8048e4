r"""Does all rows of the paper's evaluation, and says how far it is.

  python -m experiments.sweep --flagfile=experiments/flagfiles/laptop.flags \
      --corpora_dir=corpora
  python -m experiments.sweep --flagfile=experiments/flagfiles/laptop.flags \
      --corpora_dir=corpora --rows=1,3,6,within --status

What is done is skipped, so it can be stopped and started at any time. Started several
times, also on several machines that see one --workdir, each process does what no other
one is at. Rows whose corpora are not there are left out, and told.

All flags of experiments.main are accepted but for those that choose sources and
targets. Row 'within' draws speakers anew in each trial, as with --vary_split. With
--rows=leave_one_out or --rows=within_corpus it is over --corpora instead.

Exit status: 0 if all is done, or left to others who are at it; 1 if runs diverged; 2
for wrong usage or data; 130 when interrupted, 143 when terminated.
"""

from absl import flags

from experiments import cli
from experiments.config import Config
from experiments.flags import GROUPS
from experiments.sweep.command import run_sweep
from experiments.sweep.rows import ROWS

_ROWS = flags.DEFINE_list(
    "rows",
    [],
    f"Rows to do. Of {', '.join(ROWS)}. Left out: all scenarios.",
)
_STATUS = flags.DEFINE_bool(
    "status", False, "Tell what is done, running and left, and do nothing."
)
# Those that choose what is trained and tested in experiments.main.
_NOT_HERE = ("sources", "target", "scenario")
_GROUPS = {
    "Sweep": ["rows", "status"],
    **{
        group: [name for name in names if name not in _NOT_HERE]
        for group, names in GROUPS.items()
    },
}


def _main(config: Config) -> None:
    rows = [name.strip() for name in _ROWS.value if name.strip()]
    run_sweep(config, rows, _STATUS.value)


def main() -> None:
    """Runs the command, and exits with its status."""
    cli.run(_main, __doc__, _GROUPS)


if __name__ == "__main__":
    main()
