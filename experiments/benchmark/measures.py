"""What can be measured: of each measure the workloads, and what is held against what.

To add one, write a function that lists its rows, and give it a row in ``MEASURES``.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from experiments.benchmark.options import Device, Options, Shape
from experiments.benchmark.process import IMPLEMENTATIONS
from experiments.benchmark.rows import Row
from experiments.benchmark.setting import Setting
from experiments.benchmark.variants import (
    DEFAULT_VARIANT,
    EVALUATIONS,
    PAPER_METHODS,
    PEAKS,
    PREDICTED,
)


class Measure(NamedTuple):
    """A kind of measurement.

    Attributes:
      title: of its table.
      rows: lists what is measured on a device, if anything.
      times: factor of the number of rounds.
    """

    title: str
    rows: Callable[[Options, Device], list[Row]]
    times: int = 1


def peaks(options: Options, device: Device) -> list[Row]:
    """What the device does at best, in every arithmetic that it may have of its own."""
    ways = [("float32", "default"), ("bfloat16", "default")]
    if device.platform != "cpu":
        # There `default` is less than float32: tf32 on GPUs, bfloat16 on TPUs.
        ways.insert(0, ("float32", "highest"))
    asked = (options.base.dtype, options.base.precision)
    rows = []
    for dtype, precision in dict.fromkeys([*ways, asked]):
        for name in PEAKS:
            if name == "bandwidth" and (dtype, precision) != ways[0]:
                continue
            setting = peak_setting(options, name, dtype, precision)
            text = f"{name.replace('_', ' ')}, {dtype}"
            extra = "" if name == "bandwidth" else f", {precision} precision"
            rows.append(Row(text + extra, setting))
    return rows


def peak_setting(options: Options, name: str, dtype: str, precision: str) -> Setting:
    """A setting for one of ``PEAKS``; the shape of batches is not for it."""
    precision = "default" if name == "bandwidth" else precision
    dtype = "float32" if name == "bandwidth" else dtype
    return Setting(
        variant=name, dtype=dtype, precision=precision, cache_dir=options.base.cache_dir
    )


def steps(options: Options, device: Device) -> list[Row]:
    """Steps of all variants, beside the same of peers; then what a projection needs."""
    del device
    rows = []
    for variant in options.variants:
        own = options.setting(variant)
        for name in ("jax", *options.peers):
            if variant in IMPLEMENTATIONS[name].variants:
                setting = dataclasses.replace(own, implementation=name)
                base = dataclasses.replace(setting, variant="deep_all")
                rows.append(
                    Row(
                        setting.name,
                        setting,
                        base if "deep_all" in options.variants else None,
                        None if name == "jax" else own,
                        variant,
                    )
                )
    return [*rows, *(row for s in options.shapes[1:] for row in _of_paper(options, s))]


def _of_paper(options: Options, shape: Shape) -> list[Row]:
    """Steps of the paper's methods, on batches of another shape."""
    wanted = [DEFAULT_VARIANT[method] for method in PAPER_METHODS]
    base = options.setting("deep_all", shape)
    return [
        Row(
            f"jax {variant}, {shape.domains} x {shape.per_domain}",
            options.setting(variant, shape),
            base if "deep_all" in options.variants else None,
            bundle=(shape, variant),
        )
        for variant in wanted
        if variant in options.variants
    ]


def inputs(options: Options, device: Device) -> list[Row]:
    """The step with each kind of input against a batch that is cut already."""
    del device
    rows = []
    for variant in options.focus:
        make = lambda kind, v=variant: options.setting(v, input=kind)  # noqa: E731
        constant, resident = make("constant"), make("resident")
        rows += [
            Row(f"{variant}, no input", constant, bundle=variant),
            Row(f"{variant}, resident", resident, constant, bundle=variant),
            Row(f"{variant}, streamed", make("streamed"), constant, bundle=variant),
            Row(f"cutting alone / {variant}", make("alone"), resident, bundle=variant),
        ]
    return rows


def trials(options: Options, device: Device) -> list[Row]:
    """Trials in turn, side by side on a device, and spread over devices."""
    rows = []
    for variant in options.focus:
        alone = options.setting(variant)
        rows.append(Row(f"{variant}, in turn", alone, bundle=variant))
        for lanes in options.lanes:
            wide = options.setting(variant, lanes=lanes)
            rows.append(
                Row(f"{variant}, {lanes} side by side", wide, alone, bundle=variant)
            )
        if device.count > 1:
            spread = options.setting(
                variant, devices=device.count, host_devices=device.forced
            )
            rows.append(
                Row(
                    f"{variant}, one a device, {device.count}",
                    spread,
                    alone,
                    bundle=variant,
                )
            )
    return rows


def devices(options: Options, device: Device) -> list[Row]:
    """A step of one run on one device, and shared by all."""
    if device.count < 2:
        return []
    rows, count = [], device.count
    for variant in options.focus:
        alone = options.setting(variant)
        # The nearest batch that can be shared out.
        share = max(1, round(alone.per_domain / count))
        alone = dataclasses.replace(alone, per_domain=share * count)
        together = dataclasses.replace(
            alone, devices=count, shared=True, host_devices=device.forced
        )
        rows += [
            Row(f"{variant}, one device", alone, bundle=variant),
            Row(f"{variant}, {count} devices", together, alone, bundle=variant),
        ]
    return rows


def dispatch(options: Options, device: Device) -> list[Row]:
    """One step of a call against several."""
    del device
    rows, count = [], options.steps_per_call
    for variant in options.focus:
        single = options.setting(variant)
        several = options.setting(variant, steps_per_call=count)
        rows += [
            Row(f"{variant}, 1 step a call", single, bundle=variant),
            Row(f"{variant}, {count} steps a call", several, single, bundle=variant),
        ]
    return rows


def compilation(options: Options, device: Device) -> list[Row]:
    """How long the first call takes, without and with what an earlier process left."""
    del device
    rows = []
    for number, variant in enumerate(options.focus):
        folder = str(Path(options.cache_dir) / f"compile{number}")
        for repeat, text in enumerate(("cold", "from the cache")):
            setting = options.setting(variant, repeat=repeat)
            setting = dataclasses.replace(setting, cache_dir=folder)
            rows.append(Row(f"{variant}, {text}", setting, bundle=setting))
    return rows


def evaluation(options: Options, device: Device) -> list[Row]:
    """What comes on top of steps, once an epoch."""
    del device
    texts = ("statistics recomputed", f"{PREDICTED} utterances predicted")
    return [
        Row(text, options.setting(name))
        for name, text in zip(EVALUATIONS, texts, strict=True)
    ]


MEASURES = {
    "steps": Measure("Steps", steps),
    # What is sought is a hundredth of what is measured.
    "input": Measure("Input", inputs, times=3),
    "trials": Measure("Trials", trials),
    "devices": Measure("Devices", devices),
    "dispatch": Measure("Steps of a call", dispatch),
    "evaluation": Measure("Evaluation", evaluation),
    "compile": Measure("Compilation", compilation, times=0),
}
PEAK_MEASURE = Measure("What the device does at best", peaks)
