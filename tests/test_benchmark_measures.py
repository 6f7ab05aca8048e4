"""What the benchmark puts together, holds against what, and makes of it."""

import dataclasses
import inspect

import numpy as np
import pytest

from damldg_jax import training
from damldg_jax.batches import samples_per_domain
from damldg_jax.corpora.scenarios import SCENARIOS
from damldg_jax.sampling import sample_batch
from experiments.benchmark.inputs import constant_batch, make_input, windowing_of
from experiments.benchmark.measures import MEASURES, peak_setting, peaks
from experiments.benchmark.options import PAPER_SCENARIOS, Device, Options, shapes_of
from experiments.benchmark.projection import project, steps_of, utterances_of
from experiments.benchmark.protocol import Ready
from experiments.benchmark.records import Peaks, make_records
from experiments.benchmark.rows import Group, Row, groups_of
from experiments.benchmark.session import Measurement, Ratio, paired_ratio
from experiments.benchmark.setting import Setting, noise, recordings
from experiments.benchmark.steps import layout_of
from experiments.benchmark.variants import DEFAULT_VARIANT

ONE = Device("cpu", "cpu", 1, 0)
TWO = Device("cpu", "cpu", 2, 2)


def options(**changes) -> Options:
    chosen = Options(
        base=Setting(depth=10, width=2, frames=32, features=8),
        variants=("deep_all", "rsc", "mldg_second_order", "da_mldg_second_order"),
        focus=("deep_all",),
        peers=(),
        shapes=shapes_of(PAPER_SCENARIOS, 32, None),
        lanes=(10,),
        steps_per_call=8,
        at_once=6,
        trials=10,
        epochs=50,
        cache_dir="caches",
    )
    return dataclasses.replace(chosen, **changes)


def measurement(setting, rounds, **ready):
    return Measurement(setting, Ready(0.5, "cpu", {}, **ready), rounds, 2**20)


def test_the_shapes_of_the_papers_scenarios():
    assert PAPER_SCENARIOS == ("1", "2", "3", "4", "5", "6", "7")
    shapes = shapes_of(PAPER_SCENARIOS, 32, None)
    assert shapes == ((3, 11, ("1", "2", "3", "4", "5", "6")), (2, 16, ("7",)))
    for domains, per_domain, names in shapes:
        assert per_domain == samples_per_domain(32, domains)
        assert all(len(SCENARIOS[name].sources) == domains for name in names)
    assert shapes_of(("7",), 32, 5) == ((2, 5, ("7",)),)


def test_what_is_compared_waits_together():
    a, b, c, d = (Setting(per_domain=n) for n in range(1, 5))
    rows = [
        Row("a", a, bundle=1),
        Row("b", b, a, bundle=2),
        Row("d", d, a, c, bundle=3),
    ]
    assert groups_of(rows, 2) == [
        Group((a, b), frozenset({a, c, d})),
        Group((a, c, d), frozenset()),
    ]
    assert groups_of(rows, 4) == [Group((a, b, c, d), frozenset())]
    assert groups_of([], 4) == []


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("device", [ONE, TWO])
def test_references_are_rows_themselves(name, device):
    rows = MEASURES[name].rows(options(), device)
    measured = [row.setting for row in rows]
    assert len(set(measured)) == len(measured)
    for row in rows:
        assert row.reference is None or row.reference in measured
    assert bool(rows) == (name != "devices" or device is TWO)


def test_each_method_of_the_paper_is_measured_on_each_shape():
    rows = MEASURES["steps"].rows(options(), ONE)
    found = {
        (r.setting.variant, r.setting.num_domains, r.setting.per_domain) for r in rows
    }
    for method in ("deep_all", "rsc", "mldg", "da_mldg"):
        assert {
            (DEFAULT_VARIANT[method], 3, 11),
            (DEFAULT_VARIANT[method], 2, 16),
        } <= found


def test_an_accelerator_has_more_kinds_of_arithmetic():
    kinds = {(r.setting.dtype, r.setting.precision) for r in peaks(options(), ONE)}
    assert kinds == {("float32", "default"), ("bfloat16", "default")}
    gpu = Device("H200", "gpu", 1, 0)
    rows = peaks(options(), gpu)
    kinds = {(row.setting.dtype, row.setting.precision) for row in rows}
    assert kinds == {*kinds, ("float32", "highest")}
    assert sum(row.setting.variant == "bandwidth" for row in rows) == 1
    assert peak_setting(options(), "bandwidth", "bfloat16", "highest") in [
        row.setting for row in rows
    ]


def test_a_step_on_devices_is_that_of_one():
    one, both = MEASURES["devices"].rows(options(), TWO)
    assert (one.setting.devices, both.setting.devices) == (1, 2)
    assert both.setting.shared
    assert both.setting.host_devices == 2
    # 11 samples do not divide; 12 are nearest.
    assert one.setting.per_domain == both.setting.per_domain == 12


def test_trials_are_compared_by_their_own_steps():
    alone, together, spread = MEASURES["trials"].rows(options(), TWO)
    assert (together.setting.lanes, together.setting.steps) == (10, 10)
    assert (spread.setting.devices, spread.setting.steps) == (2, 2)
    measured = {
        alone.setting: measurement(alone.setting, {0: 1.0, 1: 2.0}),
        together.setting: measurement(together.setting, {0: 5.0, 1: 20.0}),
    }
    rows = (alone, together, spread)
    first, second = make_records("trials", rows, measured, Peaks(None, None, None))
    assert first["seconds_per_step"] == 1.5
    assert second["seconds_per_step"] == 1.25
    assert second["ratio"] == 0.75
    assert second["ratio_range"] == [0.5, 1.0]
    assert second["samples_per_second"] == 33 / 1.25


def test_ratios_are_taken_within_rounds():
    # The second round was disturbed: both took ten times as long.
    slow, fast = {0: 3.0, 1: 30.0, 2: 4.0}, {0: 1.0, 1: 10.0, 2: 1.0}
    assert paired_ratio(slow, fast) == Ratio(3, 3, 4)
    assert paired_ratio(slow, {2: 2.0, 3: 1.0}) == Ratio(2, 2, 2)
    assert paired_ratio(slow, {3: 1.0}) is None


def test_fractions_of_what_is_possible():
    setting = options().setting("deep_all")
    measured = {setting: measurement(setting, {0: 2.0}, bytes_per_call=6e6)}
    peak = Peaks(matrix=1e8, convolution=5e7, bandwidth=1e7)
    (record,) = make_records("steps", [Row("a", setting)], measured, peak)
    flop = record["flop_per_step"]
    assert record["fraction_of_matrix_peak"] == flop / 2 / 1e8
    assert record["fraction_of_convolution_peak"] == flop / 2 / 5e7
    assert record["fraction_of_bandwidth"] == 0.3


def test_peaks_are_those_of_the_steps_arithmetic():
    chosen = options(base=Setting(dtype="bfloat16"))
    measured = {}
    for name, rate in (("matrix_peak", 8.0), ("bandwidth", 3.0)):
        setting = peak_setting(chosen, name, "bfloat16", "default")
        known = {"flop_per_call": 16.0} if rate == 8 else {"bytes_per_call": 6.0}
        measured[setting] = measurement(setting, {0: 2.0, 1: 4.0}, **known)
    assert Peaks.of(measured, chosen) == Peaks(8.0, None, 3.0)
    assert Peaks.of(measured, options()) == Peaks(None, None, 3.0)


def test_the_projection_by_hand():
    # Five emotions of EmoDB and of TESS, as published, and 50 epochs of 32 samples.
    assert utterances_of(("tess", "emodb")) == 2000 + 375
    chosen = options(shapes=shapes_of(("7",), 32, None))
    assert steps_of(2375, 50, chosen.shapes[0]) == 50 * 75
    plain, meta = chosen.setting("deep_all"), chosen.setting("da_mldg_second_order")
    lanes = chosen.setting("deep_all", lanes=10)
    measured = {
        plain: measurement(plain, {0: 0.1}),
        meta: measurement(meta, {0: 0.3}),
        lanes: measurement(lanes, {0: 0.5}),
    }
    first, second = project(measured, chosen)
    assert (first.scenario, first.method, second.method) == ("7", "deep_all", "da_mldg")
    assert first.hours(10, together=False) == pytest.approx(10 * 3750 * 0.1 / 3600)
    # Ten trials together took half the time of ten in turn.
    assert first.hours(10, together=True) == pytest.approx(10 * 3750 * 0.05 / 3600)
    assert second.hours(1, together=False) == pytest.approx(3750 * 0.3 / 3600)
    recompute, predict = chosen.setting("recompute"), chosen.setting("predict")
    measured |= {
        recompute: measurement(recompute, {0: 0.2}),
        predict: measurement(predict, {0: 1.28}),
    }
    # 475 utterances at 10 ms, and 0.2 s, fifty times.
    evaluation = project(measured, chosen)[0].evaluation_seconds
    assert evaluation == pytest.approx(50 * (0.2 + 4.75))


def test_recordings_are_of_every_domain_and_longer_and_shorter_than_a_sample():
    setting = Setting(frames=31, features=2, num_train_domains=1)
    found = list(recordings(setting))
    assert {recording.domain for recording in found} == {0, 1}
    lengths = np.array([len(recording.spectrogram) for recording in found])
    assert lengths.min() == 16
    assert lengths.max() == 77
    assert lengths.mean() == pytest.approx(46, rel=0.1)


def test_the_reference_without_input_is_the_noise_itself(monkeypatch):
    setting = Setting(
        frames=12, features=4, per_domain=2, input="constant", shared=False
    )
    # A worker replaces it for good.
    monkeypatch.setattr(training, "sample_batch", sample_batch)
    given = make_input(setting, layout_of(setting))
    assert training.sample_batch is constant_batch
    takes = inspect.signature(sample_batch).parameters
    assert list(inspect.signature(constant_batch).parameters) == list(takes)
    batch = constant_batch(
        given.store, given.domains, 2, windowing_of(setting), step=0, seed=0
    )
    inputs, labels = noise(setting)
    np.testing.assert_array_equal(batch.inputs, inputs[..., None])
    np.testing.assert_array_equal(batch.labels, labels)
    assert next(given.excerpts) is None
