"""The workers of the benchmark."""

import functools

import jax
import numpy as np
import pytest

from damldg_jax.sampling import sample_batch
from experiments.benchmark.inputs import make_input, windowing_of
from experiments.benchmark.peaks import BUILDERS as PEAK_BUILDERS
from experiments.benchmark.peaks import Sizes
from experiments.benchmark.process import (
    IMPLEMENTATIONS,
    Implementation,
    Worker,
    WorkerError,
)
from experiments.benchmark.protocol import timed
from experiments.benchmark.setting import Setting
from experiments.benchmark.steps import BUILDERS, layout_of
from experiments.benchmark.variants import PEAKS

SMALL = {"depth": 10, "width": 2, "per_domain": 2, "frames": 16, "features": 8}


def test_time_is_that_of_a_call_and_the_last_is_waited_for():
    waited = []

    def step():
        return lambda: waited.append(len(waited))

    assert timed(step, 4) < 1
    assert waited == [0, 1, 2, 3]
    done = []
    assert timed(lambda: done.append(0), 3) < 1
    assert len(done) == 3


def test_input_that_is_streamed_is_the_same():
    settings = [
        Setting(**SMALL, input=k, shared=False) for k in ("resident", "streamed")
    ]
    resident, streamed = (make_input(s, layout_of(s)) for s in settings)
    windowing, batches = windowing_of(settings[0]), []
    assert streamed.store.frames is None
    for step in range(3):
        excerpt = jax.tree.map(lambda x: x[0, 0, 0], next(streamed.excerpts))
        batch = functools.partial(
            sample_batch, per_domain=2, windowing=windowing, step=step, seed=0
        )
        batches.append(batch(*resident[:2], excerpt=next(resident.excerpts)))
        np.testing.assert_array_equal(
            batch(*streamed[:2], excerpt=excerpt).inputs, batches[-1].inputs
        )
    assert (batches[0].inputs != batches[1].inputs).any()


def test_cutting_alone_gives_another_batch_each_time():
    step, _ = BUILDERS["alone"](Setting(**SMALL, input="alone"))
    first, second = step()(), step()()
    assert first.inputs.shape == (3, 2, 16, 8, 1)
    assert (first.inputs != second.inputs).any()


def test_a_worker_that_fails_is_named_with_what_it_said(tmp_path, monkeypatch):
    (tmp_path / "failing.py").write_text("raise SystemExit('no such luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    failing = Implementation("failing", "jax", ())
    with pytest.raises(WorkerError, match=r"'jax deep_all'(.|\n)*no such luck"):
        Worker(Setting(), failing)


def test_what_a_worker_prints_is_no_answer(tmp_path, monkeypatch):
    (tmp_path / "chatty.py").write_text(
        "from experiments.benchmark.protocol import *\n"
        "from experiments.benchmark.protocol import Workload, serve\n"
        "def build(setting):\n"
        "    print('loading')\n"
        "    step = lambda: print('stepping')\n"
        "    return Workload(step, 'cpu', {}, process_peak_bytes)\n"
        "serve(build)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker(Setting(), Implementation("chatty", "jax", ())) as worker:
        assert worker.ready.device == "cpu"
        assert 0 < worker.measure(3) < 1
        assert 0 < worker.measure(1) < 1
        assert worker.finish() > 2**20


def test_a_worker_steps_and_leaves_a_trace(tmp_path):
    setting = Setting(**SMALL, shared=False, host_devices=2)
    with Worker(setting, IMPLEMENTATIONS["jax"]) as worker:
        ready = worker.ready
        assert (ready.platform, ready.num_devices) == ("cpu", 2)
        assert ready.bytes_per_call > 0
        assert ready.temporary_bytes > 0
        assert ready.compile_seconds > ready.call_seconds > 0
        assert "jax" in ready.versions
        assert 0 < worker.measure(2, tmp_path / "trace") < 10
        assert worker.finish() > 2**20
    (trace,) = (tmp_path / "trace").rglob("*.xplane.pb")
    # Where TensorBoard looks.
    assert trace.parents[2] == tmp_path / "trace" / "plugins"
    assert trace.stat().st_size > 1000


@pytest.mark.parametrize("name", PEAKS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_a_device_does_at_best(name, dtype):
    sizes = Sizes(rows=8, images=2, side=4, channels=3, elements=16)
    step, cost = PEAK_BUILDERS[name](Setting(variant=name, dtype=dtype), sizes)
    assert timed(step, 3) > 0
    size = 4 if dtype == "float32" else 2
    # Of 12 taps along each axis of an image 2 meet its edge.
    wanted = {
        "matrix_peak": (2 * 8**3, None),
        "convolution_peak": (2 * 2 * 10**2 * 3**2, None),
        "bandwidth": (None, 3 * 16 * size),
    }
    assert (cost.flop_per_call, cost.bytes_per_call) == wanted[name]
