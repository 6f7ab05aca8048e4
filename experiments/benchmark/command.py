r"""Measures training steps, of this package and of the same steps in other frameworks.

  python -m experiments.benchmark
  python -m experiments.benchmark --depth=18 --width=64 --json=paper.json
  python -m experiments.benchmark --measure=steps --depth=18 --width=64 \
      --peers=pytorch_func,tensorflow --variants=deep_all,da_mldg_second_order

Prints, for the device at hand, the time of a step of every method beside what the
device does at best; what input costs; trials in turn and together; one device and all;
one step of a call and several; compilation; and how long the paper's whole evaluation
would take. Without flags the network is smaller than the paper's (--depth=18
--width=64), so that two cores are done in minutes.

Each workload is a process of its own, which compiles and then waits. In each round
every one in turn makes a few calls while the others rest, in an order that is reversed
from round to round, so that what disturbs the machine disturbs all alike. Ratios
compare times of the same round. (A TPU serves one process at a time: there each is
measured by itself.) A process at rest keeps one to three GB of memory, at
the sizes of the paper. Peers need 'pip install -r benchmarks/requirements.txt' (see
benchmarks/README.md).
"""

import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator, Sequence

from absl import flags

from damldg_jax.errors import InputError
from experiments.benchmark.flags import (
    make_flags,
    read_effort,
    read_measures,
    read_options,
)
from experiments.benchmark.measures import MEASURES, PEAK_MEASURE, peak_setting
from experiments.benchmark.options import Device, Options
from experiments.benchmark.process import (
    IMPLEMENTATIONS,
    WorkerError,
    check_installed,
)
from experiments.benchmark.projection import (
    project,
    projection_records,
    projection_table,
)
from experiments.benchmark.records import Peaks, Record, make_records
from experiments.benchmark.report import account, table
from experiments.benchmark.rows import Row, groups_of
from experiments.benchmark.session import Session
from experiments.interruption import status_of

_CACHE_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
_PROFILED_CALLS = 5
# No second process gets at such a device while one has it.
_EXCLUSIVE = ("tpu",)


def main(argv: Sequence[str]) -> None:
    """Measures what the command line asks for, and reports.

    Raises:
      InputError: wrong usage, or packages that are missing.
      WorkerError: a worker broke off; what others did is reported before.
    """
    values = make_flags()
    rest = values(argv)[1:]
    if rest:
        raise InputError(
            f"Unexpected argument '{rest[0]}': flags are written --name=value."
        )
    with tempfile.TemporaryDirectory() as folder:
        shared = "" if _CACHE_VARIABLE in os.environ else f"{folder}/shared"
        options = read_options(values, folder, shared)
        names = read_measures(values)
        check_installed([IMPLEMENTATIONS[name] for name in ("jax", *options.peers)])
        output = _output(values.json)
        with Session(read_effort(values)) as session:
            device = _look(session, options, values.host_devices)
            session.one_at_a_time = device.platform in _EXCLUSIVE
            records: list[Record] = []
            for found in _measure(session, options, device, names):
                records += found
                if output:
                    output.write_text(json.dumps(records, indent=1) + "\n", "utf-8")
            print(f"\n{account(records, options, device, values.rounds)}")
            if values.profile:
                _profile(session, options, pathlib.Path(values.profile))
            if session.failed:
                raise WorkerError("\n".join(session.failed.values()))


def _output(name: str | None) -> pathlib.Path | None:
    output = pathlib.Path(name) if name else None
    if output and not output.absolute().parent.is_dir():
        raise InputError(f"--json: there is no folder {output.absolute().parent}.")
    return output


def _look(session: Session, options: Options, host_devices: int) -> Device:
    """Measures memory, and learns from the worker what there is."""
    setting = peak_setting(options, "bandwidth", "float32", "default")
    session.measure([setting], "memory")
    if setting in session.failed:
        raise WorkerError(session.failed[setting])
    return Device.of(session.measured[setting].ready, host_devices)


def _measure(
    session: Session, options: Options, device: Device, names: Sequence[str]
) -> Iterator[list[Record]]:
    """Measures one thing after the other; prints and yields each when it is there."""
    rows = PEAK_MEASURE.rows(options, device)
    known = [row for row in rows if row.setting not in session.measured]
    for group in groups_of(known, len(known)):
        session.measure(group.settings, "peaks")
    peaks = Peaks.of(session.measured, options)
    yield _report("peaks", PEAK_MEASURE.title, rows, session, peaks)
    for name in names:
        measure = MEASURES[name]
        rows = measure.rows(options, device)
        for group in groups_of(rows, options.at_once):
            session.measure(group.settings, name, group.keep, measure.times)
        yield _report(name, measure.title, rows, session, peaks)
    if "steps" in names and (costs := project(session.measured, options)):
        projected = projection_records(costs, options)
        print(f"\n{projection_table(projected)}", flush=True)
        yield projected


def _report(
    name: str, title: str, rows: Sequence[Row], session: Session, peaks: Peaks
) -> list[Record]:
    records = make_records(name, rows, session.measured, peaks)
    if records:
        print(f"\n{table(name, title, records)}", flush=True)
    return records


def _profile(session: Session, options: Options, folder: pathlib.Path) -> None:
    for variant in options.focus:
        place = folder / variant
        session.profile(options.setting(variant), place, _PROFILED_CALLS)
        print(f"Trace of {_PROFILED_CALLS} calls of {variant}: {place}")


def status(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit status.

    0 success, 2 wrong usage, 130 interrupted, 143 terminated, 1 a worker that broke
    off.
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
    except KeyboardInterrupt as error:
        print("Interrupted: records are those of the tables above.", file=sys.stderr)
        return status_of(error)
    return 0
