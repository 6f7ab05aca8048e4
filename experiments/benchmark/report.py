"""What the benchmark found: records, ratios round by round, and a table."""

import dataclasses
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tabulate

from experiments.benchmark.flop import step_flop
from experiments.benchmark.protocol import Ready, Setting

Record = dict[str, Any]


class Measurement(NamedTuple):
    """What one worker said.

    Attributes:
      setting: what it measured.
      ready: its first line.
      rounds: for each round the seconds of each step.
      peak_bytes: the most memory it used.
    """

    setting: Setting
    ready: Ready
    rounds: Sequence[Sequence[float]]
    peak_bytes: int


class Ratio(NamedTuple):
    """How many times longer one took than another, compared round by round.

    Attributes:
      median: over rounds.
      low: the smallest of a round.
      high: the largest.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def paired_ratio(
    numerator: Sequence[Sequence[float]], denominator: Sequence[Sequence[float]]
) -> Ratio:
    """Compares two workers within each round, so that what is slow hits both.

    Args:
      numerator: for each round the seconds of each step.
      denominator: of another worker, in as many rounds.

    Returns:
      Median and range over rounds of the ratio of the rounds' medians.
    """
    ratios = [
        statistics.median(a) / statistics.median(b)
        for a, b in zip(numerator, denominator, strict=True)
    ]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def make_records(
    measurements: Sequence[Measurement], matrix_peak: Measurement
) -> list[Record]:
    """Makes what ``--json`` stores.

    Args:
      measurements: of training steps.
      matrix_peak: of products of matrices.

    Returns:
      A record for each training step.
    """
    times = [second for round_ in matrix_peak.rounds for second in round_]
    peak = matrix_peak.ready.flop_per_step / min(times)
    found = {(m.setting.implementation, m.setting.variant): m for m in measurements}
    return [_record(m, found, peak) for m in measurements]


def _record(
    measurement: Measurement,
    found: Mapping[tuple[str, str], Measurement],
    peak: float,
) -> Record:
    setting, ready, rounds, peak_bytes = measurement
    seconds = [second for round_ in rounds for second in round_]
    median, flop = statistics.median(seconds), step_flop(setting)
    deep_all = found.get((setting.implementation, "deep_all"))
    jax = found.get(("jax", setting.variant))
    is_peer = setting.implementation != "jax"
    return {
        "name": setting.name,
        "implementation": setting.implementation,
        "variant": setting.variant,
        "seconds_per_step": median,
        "seconds": seconds,
        "peak_bytes": peak_bytes,
        "compile_seconds": ready.compile_seconds,
        **_ratio("ratio_to_deep_all", measurement, deep_all),
        **_ratio("ratio_of_jax_to_this", jax, measurement if is_peer else None),
        "flop_per_step": flop,
        "fraction_of_peak": flop / median / peak,
        "matrix_peak_flop_per_second": peak,
        "rounds": len(rounds),
        "device": ready.device,
        "versions": dict(ready.versions),
        "setting": dataclasses.asdict(setting),
    }


def _ratio(name: str, above: Measurement | None, below: Measurement | None) -> Record:
    """A ratio and its range, None where one of the two was not measured."""
    if above is None or below is None:
        return {name: None, f"{name}_range": None}
    ratio = paired_ratio(above.rounds, below.rounds)
    return {name: ratio.median, f"{name}_range": [ratio.low, ratio.high]}


_HEADERS = (
    "step",
    "time / deep_all",
    "JAX / this",
    "median s",
    "min..max s",
    "compile s",
    "peak MiB",
    "of matrix peak %",
)


def table(records: Sequence[Record]) -> str:
    """The records as text, ratios first, with what was measured below."""
    rows = [
        (
            record["name"],
            _show(record, "ratio_to_deep_all"),
            _show(record, "ratio_of_jax_to_this"),
            f"{record['seconds_per_step']:.3f}",
            f"{min(record['seconds']):.3f}..{max(record['seconds']):.3f}",
            f"{record['compile_seconds']:.1f}",
            f"{record['peak_bytes'] / 2**20:.0f}",
            f"{100 * record['fraction_of_peak']:.1f}",
        )
        for record in records
    ]
    align = ("left", *["right"] * (len(_HEADERS) - 1))
    text = tabulate.tabulate(rows, _HEADERS, colalign=align, disable_numparse=True)
    return "\n".join([text, *_account(records)])


def _show(record: Record, name: str) -> str:
    if record[name] is None:
        return "-"
    return str(Ratio(record[name], *record[f"{name}_range"]))


def _account(records: Sequence[Record]) -> list[str]:
    """Says in plain lines what was measured, on what."""
    first, setting = records[0], records[0]["setting"]
    versions = {k: v for record in records for k, v in record["versions"].items()}
    devices = sorted({record["device"] for record in records})
    peak = first["matrix_peak_flop_per_second"] / 1e9
    steps = len(first["seconds"]) // first["rounds"]
    lines = [
        "Ratios: median over rounds, within each round (smallest-largest).",
        "JAX / this: time of this package's same step over the peer's; below 1 it is "
        "faster.",
        f"ResNet-{setting['depth']} of width {setting['width']}; "
        f"{setting['num_train_domains']} meta-train and {setting['num_test_domains']} "
        f"meta-test domains of {setting['per_domain']} samples, {setting['frames']} x "
        f"{setting['features']}, float32.",
        f"{first['rounds']} rounds of {steps} steps each; "
        f"matrix peak {peak:.0f} GFLOP/s in JAX.",
        f"Processor: {processor()}; cores used: {cores()} of {os.cpu_count()}. "
        f"Devices: {', '.join(devices)}.",
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
    ]
    return lines


def processor() -> str:
    """The model of the processor, as well as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            models = [x.split(":", 1)[1] for x in lines if x.startswith("model name")]
    except OSError:
        models = []
    return models[0].strip() if models else platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process, and so its workers, may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
