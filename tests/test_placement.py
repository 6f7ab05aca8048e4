"""Where the data of a command lie, and what a run is given of them."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from damldg_jax.augment import NO_AUGMENTATION
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.parallel import Layout
from damldg_jax.sampling import Windowing
from damldg_jax.source_domains import SourceDomain
from experiments.config import Config
from experiments.placement import Placement

LAYOUT = Layout(tuple(jax.local_devices()[:2]))
DIVISION = SimpleNamespace(
    train=(np.arange(3), np.arange(3, 10)),
    domains=(
        SourceDomain("one", "one", (), np.arange(3), np.zeros(0, int)),
        SourceDomain("two", "two", (), np.arange(3, 10), np.zeros(0, int)),
    ),
    account={"hash": "of the split"},
)


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    examples = [
        Example(str(n), rng.normal(3, 2, (4 + n, 2)).astype(np.float32), "anger", "a")
        for n in range(12)
    ]
    return build_dataset({"one": examples}, ["anger", "fear"])


def place(dataset, normalization="none", **changes):
    return Placement(
        dataset,
        Config(**changes),
        LAYOUT,
        Windowing(4, 0.0, NO_AUGMENTATION),
        NORMALIZATIONS[normalization],
    )


@pytest.mark.parametrize(
    ("risk_mean", "weights"), [("domains", None), ("samples", [3.0, 7.0])]
)
def test_domains_count_alike_or_by_their_utterances(dataset, risk_mean, weights):
    domains = place(dataset, risk_mean=risk_mean).domains(DIVISION)
    np.testing.assert_array_equal(domains.sizes, [3, 7])
    # All that a command has, whatever its splits: one program does for them.
    assert len(domains.members) == 12
    if weights is None:
        assert domains.weights is None
    else:
        np.testing.assert_array_equal(domains.weights, weights)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_frames_lie_on_every_device_as_they_are_to_be_stored(dataset, dtype):
    store = place(dataset, data_dtype=dtype).store(DIVISION)
    assert store.frames.dtype == dtype
    assert store.frames.sharding.device_set == set(LAYOUT.devices)
    expected = np.concatenate(dataset.features)
    np.testing.assert_allclose(store.frames.astype(np.float32), expected, rtol=1e-2)


def test_stores_of_splits_share_their_frames(dataset):
    placement = place(dataset, "training")
    other = SimpleNamespace(train=(np.arange(5),), account={"hash": "another"})
    one, two = placement.store(DIVISION), placement.store(other)
    assert one.frames is two.frames
    assert not np.array_equal(one.shift, two.shift)
    # Only the last is kept; it is made again alike.
    assert placement.store(other) is two
    again = placement.store(DIVISION)
    assert again is not one
    assert placement.store(DIVISION) is again
    np.testing.assert_array_equal(again.shift, one.shift)
    local = placement.local_store(DIVISION)
    shards = zip(
        one.frames.addressable_shards, local.frames.addressable_shards, strict=True
    )
    for shard, same in shards:
        assert shard.data.unsafe_buffer_pointer() == same.data.unsafe_buffer_pointer()


def test_streamed_frames_are_on_no_device(dataset):
    placement = place(dataset, input="stream")
    assert placement.store(DIVISION).frames is None
    taken = np.array([[0, 11], [5, 5]])
    excerpt = placement.whole(taken, 15)
    for at in np.ndindex(taken.shape):
        frames = excerpt.frames[at[0]]
        first = excerpt.offsets[at]
        expected = dataset.features[taken[at]]
        np.testing.assert_array_equal(frames[first : first + len(expected)], expected)
    assert place(dataset, input="device").whole(taken, 15) is None
