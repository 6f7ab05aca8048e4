"""Measures training steps, of this package and of the same steps in other frameworks.

  python -m experiments.benchmark
  python -m experiments.benchmark --peers=pytorch_func,tensorflow --json=steps.json
  python -m experiments.benchmark --width=8 --variants=deep_all,da_mldg_second_order

Each variant of each implementation is a process of its own, which compiles and then
waits. In each round every one in turn does a few steps while the others rest, in an
order that is reversed from round to round, so that what disturbs the machine disturbs
all alike. Ratios compare times of the same round. A process at rest keeps one to
three GB of memory, at the sizes of the paper. Peers need
'pip install -r benchmarks/requirements.txt' (see benchmarks/README.md).
"""

import contextlib
import json
import pathlib
import sys
from collections.abc import Collection, Sequence

from absl import flags

from damldg_jax.errors import InputError, unknown
from experiments.benchmark.process import (
    IMPLEMENTATIONS,
    PEERS,
    Implementation,
    Worker,
    WorkerError,
    check_installed,
)
from experiments.benchmark.protocol import STAGE_SIZES, VARIANTS, Setting
from experiments.benchmark.report import Measurement, make_records, table
from experiments.console import progress

_DEFAULTS = Setting()
_SIZES = {
    "width": "Channels of the first stage of the ResNet.",
    "per_domain": "Samples of each of the three domains.",
    "frames": "Of a sample.",
    "features": "Of a frame.",
}


def make_flags() -> flags.FlagValues:
    """Makes the flags, a set of their own: experiments.main has a ``--steps`` too."""
    made = flags.FlagValues()
    flags.DEFINE_list(
        "variants",
        list(VARIANTS),
        f"What to measure. Of {', '.join(VARIANTS)}.",
        flag_values=made,
    )
    flags.DEFINE_list(
        "peers",
        [],
        "Other frameworks to measure in the variants that they have. Of "
        f"{', '.join(PEERS)}.",
        flag_values=made,
    )
    depths = list(map(str, STAGE_SIZES))
    flags.DEFINE_enum(
        "depth", str(_DEFAULTS.depth), depths, "Layers of the ResNet.", flag_values=made
    )
    numbers = {name: (getattr(_DEFAULTS, name), text) for name, text in _SIZES.items()}
    numbers["rounds"] = (5, "In each of which every process has its turn.")
    numbers["steps"] = (2, "Of a process in a round.")
    for name, (default, text) in numbers.items():
        flags.DEFINE_integer(name, default, text, lower_bound=1, flag_values=made)
    flags.DEFINE_string("json", None, "File for the records.", flag_values=made)
    return made


def settings_of(values: flags.FlagValues) -> list[Setting]:
    """The workloads that parsed flags ask for.

    Args:
      values: of the flags.

    Returns:
      A setting for each variant of each implementation that has it.

    Raises:
      InputError: an unknown variant or peer, or nothing to measure.
    """
    shape = {name: values[name].value for name in _SIZES}
    variants = _known("variant", values.variants, VARIANTS)
    implementations = ["jax", *_known("peer", values.peers, PEERS)]
    if not variants:
        raise InputError(f"--variants is empty. Allowed: {', '.join(VARIANTS)}.")
    return [
        Setting(implementation, variant, int(values.depth), **shape)
        for implementation in implementations
        for variant in variants
        if variant in IMPLEMENTATIONS[implementation].variants
    ]


def _known(kind: str, names: Sequence[str], allowed: Collection[str]) -> list[str]:
    for name in names:
        if name not in allowed:
            raise unknown(kind, name, allowed)
    return list(dict.fromkeys(names))


def measure(settings: Sequence[Setting], rounds: int, steps: int) -> list[Measurement]:
    """Measures workloads in rounds.

    Args:
      settings: what to measure.
      rounds: in each of which every worker has its turn.
      steps: of a worker in a round.

    Returns:
      A measurement for each setting.

    Raises:
      WorkerError: a worker broke off.
    """
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(setting, _implementation(setting)))
            for setting in progress(settings, "Compiling", "worker")
        ]
        seconds: list[list[list[float]]] = [[] for _ in workers]
        with progress(None, "Measuring", "turn", total=rounds * len(workers)) as bar:
            for number in range(rounds):
                order = list(range(len(workers)))
                for place in order if number % 2 == 0 else reversed(order):
                    seconds[place].append(workers[place].measure(steps))
                    bar.update()
        return [
            Measurement(worker.setting, worker.ready, times, worker.finish())
            for worker, times in zip(workers, seconds, strict=True)
        ]


def _implementation(setting: Setting) -> Implementation:
    return IMPLEMENTATIONS[setting.implementation]


def main(argv: Sequence[str]) -> None:
    """Measures what the command line asks for, and reports.

    Raises:
      InputError: wrong usage, or packages that are missing.
      WorkerError: a worker broke off.
    """
    values = make_flags()
    rest = values(argv)[1:]
    if rest:
        raise InputError(
            f"Unexpected argument '{rest[0]}': flags are written --name=value."
        )
    settings = settings_of(values)
    check_installed([_implementation(setting) for setting in settings])
    output = pathlib.Path(values.json) if values.json else None
    if output and not output.absolute().parent.is_dir():
        raise InputError(f"--json: there is no folder {output.absolute().parent}.")
    settings = [*settings, Setting(variant="matrix_peak")]
    *measured, peak = measure(settings, values.rounds, values.steps)
    records = make_records(measured, peak)
    if output:
        output.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    print(table(records))


def status(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit status.

    0 success, 2 wrong usage, 130 interrupted, 1 a worker that broke off.
    """
    if {"--help", "-h", "-help", "--helpfull"} & set(argv[1:]):
        print(f"{__doc__.strip()}\n\nFlags:")
        print(make_flags().get_help(include_special_flags=False).rstrip())
        return 0
    try:
        main(argv)
    except (InputError, flags.Error) as error:
        print(f"Error: {error}\nSee --help for all flags.", file=sys.stderr)
        return 2
    except WorkerError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: nothing was written.", file=sys.stderr)
        return 130
    return 0
