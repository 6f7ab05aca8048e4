"""What is stored of a measurement: times, ratios, and fractions of what is possible."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from experiments.benchmark.flop import step_flop
from experiments.benchmark.machine import cores, processor
from experiments.benchmark.measures import peak_setting
from experiments.benchmark.options import Options
from experiments.benchmark.rows import Row
from experiments.benchmark.session import Measurement, Ratio, paired_ratio
from experiments.benchmark.setting import Setting
from experiments.benchmark.variants import EVALUATIONS, PEAKS, VARIANTS

Record = dict[str, Any]
Measured = Mapping[Setting, Measurement]


class Peaks(NamedTuple):
    """What a device does at best, in the arithmetic of the steps; None if unknown.

    Attributes:
      matrix: floating-point operations per second, of products of large matrices.
      convolution: likewise, of large convolutions.
      bandwidth: bytes per second, read and written.
    """

    matrix: float | None
    convolution: float | None
    bandwidth: float | None

    @classmethod
    def of(cls, measured: Measured, options: Options) -> "Peaks":
        """Takes the best round of each."""
        arithmetic = (options.base.dtype, options.base.precision)
        names = ("matrix_peak", "convolution_peak", "bandwidth")
        found = (measured.get(peak_setting(options, n, *arithmetic)) for n in names)
        return cls(*(peak_rate(m) if m else None for m in found))


def peak_rate(measurement: Measurement) -> float:
    """Operations, or bytes, per second in the best round."""
    ready = measurement.ready
    work = ready.flop_per_call or ready.bytes_per_call
    return work / min(measurement.rounds.values())


def make_records(
    measure: str, rows: Sequence[Row], measured: Measured, peaks: Peaks
) -> list[Record]:
    """Makes what ``--json`` stores of a measure.

    Args:
      measure: its name.
      rows: of it.
      measured: of all workloads; rows whose own is not among them are left out.
      peaks: of the device.

    Returns:
      A record for each row.
    """
    return [
        _record(measure, row, measured, peaks)
        for row in rows
        if row.setting in measured
    ]


def _record(measure: str, row: Row, measured: Measured, peaks: Peaks) -> Record:
    measurement = measured[row.setting]
    setting, ready, rounds, peak_bytes = measurement
    # Without a round there is still the second call.
    seconds = list(rounds.values()) or [ready.call_seconds]
    step = statistics.median(seconds) / setting.steps
    is_step = setting.variant in VARIANTS and setting.input != "alone"
    return {
        "measure": measure,
        "name": row.label,
        "implementation": setting.implementation,
        "variant": setting.variant,
        "seconds_per_step": step,
        "seconds_per_call": seconds,
        "steps_per_call": setting.steps,
        "samples_per_second": setting.batch_size / step if is_step else None,
        "compile_seconds": ready.compile_seconds,
        "peak_bytes": peak_bytes,
        "temporary_bytes": ready.temporary_bytes,
        **_ratio("ratio", measured, row.setting, row.reference),
        **_ratio("ratio_of_jax_to_this", measured, row.rival, row.setting),
        **_fractions(measurement, step, is_step, peaks),
        "processor": processor(),
        "cores": cores(),
        "device": ready.device,
        "platform": ready.platform,
        "versions": dict(ready.versions),
        "setting": dataclasses.asdict(setting),
    }


def _fractions(
    measurement: Measurement, step: float, is_step: bool, peaks: Peaks
) -> Record:
    """Of what one device does at best; what several do together is not told."""
    setting, ready, *_ = measurement
    if setting.variant in EVALUATIONS:
        return {}
    if setting.variant in PEAKS:
        rate = peak_rate(measurement)
        unit = (
            "bytes_per_second" if setting.variant == "bandwidth" else "flop_per_second"
        )
        return {unit: rate}
    flop = step_flop(setting) if is_step else None
    moved = ready.bytes_per_call / setting.steps if ready.bytes_per_call else None
    return {
        "flop_per_step": flop,
        "bytes_per_step": moved,
        "fraction_of_matrix_peak": _fraction(flop, step, setting, peaks.matrix),
        "fraction_of_convolution_peak": _fraction(
            flop, step, setting, peaks.convolution
        ),
        "fraction_of_bandwidth": _fraction(moved, step, setting, peaks.bandwidth),
    }


def _fraction(
    work: float | None, step: float, setting: Setting, peak: float | None
) -> float | None:
    if not work or not peak or setting.devices > 1:
        return None
    return work / step / peak


def _ratio(
    name: str, measured: Measured, above: Setting | None, below: Setting | None
) -> Record:
    """A ratio of times of a step and its range, None where one was not measured."""
    ratio = step_ratio(measured, above, below)
    if ratio is None:
        return {name: None, f"{name}_range": None}
    return {name: ratio.median, f"{name}_range": [ratio.low, ratio.high]}


def step_ratio(
    measured: Measured, above: Setting | None, below: Setting | None
) -> Ratio | None:
    """How many times longer a step of one takes than a step of the other.

    Args:
      measured: of all workloads.
      above: whose time is divided; of several runs at a time each does a step.
      below: by whose.

    Returns:
      Median and range over rounds, or None where one of them is missing.
    """
    if above not in measured or below not in measured:
        return None
    ratio = paired_ratio(measured[above].rounds, measured[below].rounds)
    factor = below.steps / above.steps
    return ratio and Ratio(*(factor * value for value in ratio))
