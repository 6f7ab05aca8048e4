"""What the benchmark found, as text: tables, and what was measured on what."""

import os
import textwrap
from collections.abc import Callable, Mapping, Sequence

import tabulate

from experiments.benchmark.machine import cores, processor
from experiments.benchmark.options import Device, Options
from experiments.benchmark.records import Record
from experiments.benchmark.session import Ratio

_WIDTH = 100
# From a header to what stands below it.
Columns = Mapping[str, Callable[[Record], str]]


def _number(name: str, scale: float, digits: int) -> Callable[[Record], str]:
    def show(record: Record) -> str:
        value = record.get(name)
        return "-" if value is None else f"{scale * value:.{digits}f}"

    return show


def _ratio(name: str) -> Callable[[Record], str]:
    def show(record: Record) -> str:
        if record[name] is None:
            return "-"
        return str(Ratio(record[name], *record[f"{name}_range"]))

    return show


def _range(record: Record) -> str:
    seconds, steps = record["seconds_per_call"], record["steps_per_call"]
    return f"{1e3 * min(seconds) / steps:.1f}..{1e3 * max(seconds) / steps:.1f}"


def _share(record: Record) -> str:
    """What of a step the input takes, where a step without any was measured."""
    if record["ratio"] is None or record["setting"]["input"] == "constant":
        return "-"
    values = [record["ratio"], *record["ratio_range"]]
    if record["setting"]["input"] != "alone":
        values = [1 - 1 / value for value in values]
    median, low, high = (100 * value for value in values)
    return f"{median:.1f} ({low:.1f}-{high:.1f})"


_TIME: Columns = {
    "ms a step": _number("seconds_per_step", 1e3, 1),
    "min..max": _range,
}
_MEMORY: Columns = {"peak MiB": _number("peak_bytes", 2**-20, 0)}
_FRACTIONS: Columns = {
    "of matrix peak %": _number("fraction_of_matrix_peak", 100, 1),
    "of convolution peak %": _number("fraction_of_convolution_peak", 100, 1),
    "of bandwidth %": _number("fraction_of_bandwidth", 100, 0),
}
_SAMPLES: Columns = {"samples/s": _number("samples_per_second", 1, 0)}
COLUMNS: dict[str, Columns] = {
    "peaks": {
        "GFLOP/s": _number("flop_per_second", 1e-9, 0),
        "GB/s": _number("bytes_per_second", 1e-9, 1),
    },
    "steps": {
        "time / deep_all": _ratio("ratio"),
        "JAX / this": _ratio("ratio_of_jax_to_this"),
        **_TIME,
        **_SAMPLES,
        "compile s": _number("compile_seconds", 1, 1),
        **_MEMORY,
        **_FRACTIONS,
    },
    "input": {"input %": _share, **_TIME, **_MEMORY},
    "trials": {
        "time / in turn": _ratio("ratio"),
        **_TIME,
        **_SAMPLES,
        **_MEMORY,
        **_FRACTIONS,
    },
    "devices": {"time / one": _ratio("ratio"), **_TIME, **_SAMPLES, **_MEMORY},
    "dispatch": {
        "time / one a call": _ratio("ratio"),
        **_TIME,
        **_MEMORY,
        **_FRACTIONS,
    },
    "evaluation": {"ms": _number("seconds_per_step", 1e3, 1), "min..max": _range},
    "compile": {"compile s": _number("compile_seconds", 1, 2), **_MEMORY},
}

_NOTES = {
    "steps": "Ratios: median over rounds, within each round (smallest-largest). JAX / "
    "this: time of this package's same step over the peer's. Of bandwidth: bytes by "
    "XLA's count, which has each of its operations read and write memory, over what "
    "copying reaches; an upper estimate, above 100 where caches serve.",
    "input": "Input: what of a step goes away where the batch is cut already, within "
    "each round. Cutting alone: a program that cuts and does nothing else, over the "
    "whole step.",
    "trials": "Time of a step of each trial: that of a call over the trials in it.",
    "devices": "A step of the same batch.",
    "evaluation": "Done once an epoch, on noise; utterances are 1.5 samples long on "
    "average.",
    "compile": "By how much the first call took longer than the second.",
}


def table(measure: str, title: str, records: Sequence[Record]) -> str:
    """A measure's records as text, with what its columns mean below.

    Args:
      measure: key of ``COLUMNS``.
      title: of the table.
      records: of the measure.

    Returns:
      The text.
    """
    columns = COLUMNS[measure]
    cells = {header: [show(r) for r in records] for header, show in columns.items()}
    shown = {header: its for header, its in cells.items() if set(its) != {"-"}}
    rows = [
        (record["name"], *cells)
        for record, *cells in zip(records, *shown.values(), strict=True)
    ]
    align = ("left", *["right"] * len(shown))
    text = tabulate.tabulate(
        rows, [title, *shown], colalign=align, disable_numparse=True
    )
    return "\n".join([text, *wrap(_NOTES.get(measure, ""))])


def wrap(text: str) -> list[str]:
    """Lines of a note below a table."""
    return textwrap.wrap(text, _WIDTH)


def account(
    records: Sequence[Record], options: Options, device: Device, rounds: int
) -> str:
    """Says in plain lines what was measured, on what."""
    base, first = options.base, options.shapes[0]
    versions = {k: v for r in records for k, v in r.get("versions", {}).items()}
    shapes = "; ".join(
        f"{s.domains} x {s.per_domain} (scenario {', '.join(s.scenarios)})"
        for s in options.shapes
    )
    forced = f", {device.forced} made of it by force" if device.forced else ""
    lines = [
        f"ResNet-{base.depth} of width {base.width} (the paper: ResNet-18 of width "
        f"64); domains x samples of each: {shapes}; samples of {base.frames} x "
        f"{base.features}; {base.dtype}, {base.precision} precision. Of "
        f"{first.domains} domains {base.num_test_domains} is held out.",
        f"{rounds} rounds (input: three times as many).",
        f"Processor: {processor()}; cores used: {cores()} of {os.cpu_count()}. "
        f"Devices: {device.count} of {device.kind}{forced}. Peak memory is "
        + ("of the process." if device.platform == "cpu" else "the device's own."),
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
    ]
    return "\n".join(line for text in lines for line in wrap(text))
