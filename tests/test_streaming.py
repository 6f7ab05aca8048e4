"""Streamed input: the frames of a step as a store would give them, made ahead."""

import gc
import threading
import time
import types
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.augment import (
    NO_AUGMENTATION,
    Augmentation,
    Windows,
    draw_windows,
    read_windows,
)
from damldg_jax.batches import Store, index, join
from damldg_jax.streaming import Streamer, prefetch
from experiments.memory import fits

SILENCE = -13.8
NUM_FRAMES = 40
LENGTHS = (*range(1, 70), *range(70, 500, 13), 500)
FEATURES = tuple(
    np.random.default_rng(length).normal(size=(length, 3)).astype(np.float32)
    for length in LENGTHS
)
READ = jax.jit(read_windows, static_argnums=(3, 4))


def stores(dtype=np.float32) -> tuple[Store, Store]:
    """All utterances with their frames, and without."""
    bare = index(LENGTHS, [0] * len(LENGTHS), 1)
    rng = np.random.default_rng(0)
    shift, scale = rng.normal(size=(2, len(LENGTHS), 3)).astype(np.float32)
    bare = bare._replace(shift=shift, scale=scale)
    return bare._replace(frames=join(FEATURES, dtype)), bare


RESIDENT, BARE = jax.tree.map(jnp.asarray, stores())
STREAMER = Streamer(FEATURES, NUM_FRAMES, Augmentation(), np.float32)

sevens = lambda element: st.lists(element, min_size=7, max_size=7)  # noqa: E731
utterances_st = sevens(st.integers(0, len(LENGTHS) - 1))
starts = sevens(st.integers(-60, 640))
# Of the crop: up to a tenth of it, and as far as it goes.
shifts = sevens(st.integers(-4, 4) | st.integers(-50, 50))
rates = sevens(st.floats(0.8125, 1.25, width=32))


def arrays(utterances, start, shift, rate):
    windows = Windows(*(np.array(x, np.float32) for x in (start, shift, rate)))
    return np.array(utterances, np.int32), windows


def assert_as_resident(
    excerpt, utterances, windows, num_frames=NUM_FRAMES, resident=RESIDENT
):
    assert excerpt.frames.dtype == resident.frames.dtype
    assert excerpt.offsets.dtype == np.int32
    given = (utterances, windows, num_frames, SILENCE)
    expected = READ(resident, *given)
    actual = READ(BARE, *given, excerpt)
    np.testing.assert_array_equal(actual, expected)


@given(utterances_st, starts, shifts, rates)
def test_any_window_is_read_as_from_a_store(utterances, start, shift, rate):
    utterances, windows = arrays(utterances, start, shift, rate)
    excerpt = STREAMER.excerpt(utterances, windows)
    assert_as_resident(excerpt, utterances, windows)


@given(utterances_st, starts, shifts, rates, st.sampled_from([-1, 1]))
def test_a_device_may_round_to_neighbouring_frames(
    utterances, start, shift, rate, apart
):
    utterances, windows = arrays(utterances, start, shift, rate)
    excerpt = STREAMER.excerpt(utterances, windows)
    there = windows._replace(
        start=windows.start + apart,
        rate=np.nextafter(windows.rate, np.float32(apart * 9)),
    )
    assert_as_resident(excerpt, utterances, there)


@pytest.mark.parametrize("augmentation", [Augmentation(), NO_AUGMENTATION])
def test_windows_that_are_drawn_are_read_as_from_a_store(augmentation):
    streamer = Streamer(FEATURES, NUM_FRAMES, augmentation, np.float32)
    utterances = np.arange(len(LENGTHS), dtype=np.int32)
    utterances = np.tile(utterances, 40).reshape(4, -1)
    lengths = np.array(LENGTHS)[utterances]
    windows = draw_windows(jax.random.key(3), lengths, NUM_FRAMES, augmentation)
    excerpt = streamer.excerpt(utterances, jax.device_get(windows))
    assert_as_resident(excerpt, utterances, windows)


def test_bfloat16_is_rounded_as_in_a_store():
    dtype = jnp.dtype("bfloat16")
    resident = jax.tree.map(jnp.asarray, stores(dtype)[0])
    streamer = Streamer(FEATURES, NUM_FRAMES, Augmentation(), dtype)
    utterances, windows = arrays([3, 80, 100], [0, 5, 200], [0, 2, -3], [1, 1.1, 0.9])
    excerpt = streamer.excerpt(utterances, windows)
    assert_as_resident(excerpt, utterances, windows, resident=resident)
    there = READ(resident, utterances, windows, NUM_FRAMES, SILENCE)
    assert there.dtype == jnp.float32
    full = READ(RESIDENT, utterances, windows, NUM_FRAMES, SILENCE)
    np.testing.assert_allclose(there, full, atol=0.05)
    assert not np.array_equal(there, full)


def test_the_size_does_not_depend_on_what_is_read():
    shape = STREAMER.excerpt(*arrays([0], [0], [0], [1])).frames.shape
    # 39 times 1.25 and one frame to interpolate to, and the margins.
    assert shape == (51 + 2 * 3, 3)
    same = STREAMER.excerpt(*arrays([100], [300], [4], [1.25])).frames.shape
    assert same == shape
    six = STREAMER.excerpt(*jax.tree.map(lambda x: np.tile(x, (2, 3)), WINDOW))
    assert six.frames.shape == (6 * shape[0], 3)
    assert six.offsets.shape == (2, 3)


WINDOW = arrays([50], [0], [0], [1])


def test_no_more_is_copied_than_the_longest_utterance_has():
    singles = [np.full((1, 4), n, np.float32) for n in range(5)]
    streamer = Streamer(singles, NUM_FRAMES, NO_AUGMENTATION, np.float32)
    excerpt = streamer.excerpt(*arrays([4, 2], [0, -20], [0, 0], [1, 1]))
    np.testing.assert_array_equal(excerpt.frames[:, 0], [4, 2])
    np.testing.assert_array_equal(excerpt.offsets, [0, 1])


def test_a_window_that_is_too_fast_is_refused():
    with pytest.raises(ValueError, match=r"rate 1\.5.* is 1\.25"):
        STREAMER.excerpt(*arrays([90], [0], [0], [1.5]))


def test_whole_utterances_are_read_as_from_a_store():
    num_frames = 120
    utterances = np.array([[0, 3, 30], [60, 69, 72]], np.int32)
    start = -np.maximum((NUM_FRAMES - np.array(LENGTHS)[utterances]) // 2, 0)
    _, windows = arrays(0, start, np.zeros((2, 3)), np.ones((2, 3)))
    excerpt = STREAMER.whole(utterances, num_frames)
    assert excerpt.frames.shape == (6 * num_frames, 3)
    assert_as_resident(excerpt, utterances, windows, num_frames)
    # Longer than any utterance: no more than the longest is copied.
    assert STREAMER.whole(utterances, 900).frames.shape == (6 * 500, 3)


def test_files_are_copied_from_and_not_written_to(tmp_path):
    np.save(tmp_path / "frames.npy", np.concatenate(FEATURES))
    mapped = np.load(tmp_path / "frames.npy", mmap_mode="r")
    views = np.split(mapped, np.cumsum(LENGTHS)[:-1])
    streamer = Streamer(views, NUM_FRAMES, Augmentation(), np.float32)
    utterances, windows = arrays([90, 10], [30, -9], [-2, 4], [0.9, 1.2])
    excerpt, again = (streamer.excerpt(utterances, windows) for _ in range(2))
    assert_as_resident(excerpt, utterances, windows)
    assert type(excerpt.frames) is np.ndarray
    assert not np.shares_memory(excerpt.frames, mapped)
    # What a device is still reading is not written over.
    assert not np.shares_memory(excerpt.frames, again.frames)


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("prefetch")]


def test_prefetch_makes_in_order_in_another_thread():
    made = list(prefetch(lambda n: (n, threading.get_ident()), range(20)))
    assert [n for n, _ in made] == list(range(20))
    (maker,) = {ident for _, ident in made}
    assert maker != threading.get_ident()
    assert not threads()
    assert list(prefetch(str, [])) == []


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_prefetch_is_ahead_by_so_many_and_no_more(ahead):
    made = []
    reached = threading.Condition()

    def make(number):
        with reached:
            made.append(number)
            reached.notify()
        return number

    for number in prefetch(make, iter(range(10)), ahead):
        last = min(number + ahead, 9)
        with reached:
            assert reached.wait_for(lambda last=last: made[-1] >= last, timeout=30)
            # Were there more to make, it would not be long.
            assert not reached.wait_for(lambda last=last: made[-1] > last, timeout=0.02)
    assert made == list(range(10))


def test_an_error_comes_where_its_result_would():
    def make(number):
        if number == 3:
            raise OSError("a file is gone")
        return number

    made = prefetch(make, range(9))
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="a file is gone"):
        next(made)
    assert not threads()
    assert list(made) == []


def test_who_stops_early_leaves_no_thread():
    made = []

    def make(number):
        time.sleep(0.02)
        made.append(number)
        return number

    numbers = prefetch(make, range(1000), ahead=100)
    assert next(numbers) == 0
    assert len(threads()) == 1
    numbers.close()
    assert not threads()
    # The one that was being made, and one more if this computer is busy.
    assert len(made) <= 3

    def fails():
        for number in prefetch(make, range(1000)):
            raise KeyError(number)

    with pytest.raises(KeyError, match="0"):
        fails()
    gc.collect()
    assert not threads()


def test_nothing_is_kept_of_what_was_used():
    class Thing:
        pass

    things = prefetch(lambda n: Thing(), range(5))
    first = weakref.ref(next(things))
    assert first() is None
    things.close()


GIB = 2**30


def device(platform, **stats):
    return types.SimpleNamespace(platform=platform, memory_stats=lambda: stats or None)


@pytest.mark.parametrize(
    ("size", "kept"), [(15 * GIB, True), (16 * GIB, False)], ids=["less", "more"]
)
def test_an_accelerator_keeps_half_of_what_it_has_left(monkeypatch, size, kept):
    memory = types.SimpleNamespace(available=100 * GIB)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    gpu = device("gpu", bytes_limit=40 * GIB, bytes_in_use=9 * GIB)
    assert fits("auto", size, gpu) is kept
    # The host joins the frames, and must have room for that.
    memory.available = 20 * GIB
    assert not fits("auto", size, gpu)


def test_a_host_counts_each_copy(monkeypatch):
    memory = types.SimpleNamespace(available=16 * GIB)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    assert fits("auto", 4 * GIB, device("cpu"))
    assert not fits("auto", 5 * GIB, device("cpu"))
    assert not fits("auto", 4 * GIB, device("cpu"), copies=2)
    assert fits("auto", 8 * GIB, device("tpu"))


@pytest.mark.parametrize(("wish", "kept"), [("device", True), ("stream", False)])
def test_a_wish_is_followed_whatever_the_size(wish, kept):
    for size in (1, 10**15):
        assert fits(wish, size, jax.devices()[0]) is kept


def test_small_data_are_kept_on_this_computer():
    assert fits("auto", 1000, jax.devices()[0])
