"""Random orders as a function: every item once, all orders alike, the same anywhere."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from damldg_jax.order import key_of, permuted

ORDER = jax.jit(lambda places, size, key: permuted(places, size, key[..., None]))


def orders(size, keys):
    """Whole orders, one a row."""
    places = np.arange(size, dtype=np.int32)[None]
    return np.asarray(ORDER(places, np.int32(size), np.asarray(keys)))


# Worked out in plain Python.
GOLDEN_KEYS = [1422740206, 13918216, 2422345150]
GOLDEN_ORDERS = [
    [9, 6, 7, 3, 0, 5, 2, 4, 1, 8],
    [3, 2, 6, 0, 1, 4, 8, 5, 9, 7],
    [1, 0, 2, 8, 4, 3, 5, 9, 7, 6],
]
GOLDEN_FAR = [1270696820, 1632778348, 334927339]


def test_golden_orders():
    # Change them only knowingly: with them change all published runs.
    np.testing.assert_array_equal(
        key_of([0, 1, 2**31 - 1], [0, 2, 3], [0, 5, 10**6]), GOLDEN_KEYS
    )
    actual = orders(10, key_of(42, 1, np.arange(3)))
    np.testing.assert_array_equal(actual, GOLDEN_ORDERS)
    places = np.array([0, 1, 2**31 - 2], np.int32)
    actual = permuted(places, 2**31 - 1, np.uint32(2**32 - 1))
    np.testing.assert_array_equal(actual, GOLDEN_FAR)


@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_every_item_has_one_place(size, key):
    # Places past the end fill up, so that all sizes are one program.
    places = np.minimum(np.arange(400, dtype=np.int32), size - 1)[None]
    items = np.asarray(ORDER(places, np.int32(size), np.uint32([key])))[0, :size]
    assert items.dtype == np.int32
    np.testing.assert_array_equal(np.sort(items), np.arange(size))


def test_every_item_of_a_long_list_has_one_place():
    size = 1_000_003
    items = orders(size, key_of(0, 0, [0]))[0]
    np.testing.assert_array_equal(np.sort(items), np.arange(size))
    # Neighbours go anywhere, and about one item stays where it was.
    apart = np.bincount((items[1:] - items[:-1]) % 1000, minlength=1000)
    assert stats.chisquare(apart).pvalue > 1e-3
    assert (items == np.arange(size)).sum() < 9


@pytest.mark.parametrize("size", [2**31 - 1, 1_500_000_000])
def test_lists_longer_than_any_memory(size):
    places = np.unique(np.random.default_rng(0).integers(0, size, 50_000))
    items = np.asarray(permuted(places.astype(np.int32), size, 5))
    assert items.min() >= 0
    assert items.max() < size
    assert len(np.unique(items)) == len(places)
    assert stats.kstest(items / size, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(places, items)[0, 1]) < 4 / np.sqrt(len(places))


PASSES = np.arange(40_000)
KEYS = {
    "passes": (0, 1, PASSES),
    "seeds": (PASSES, 0, 0),
    "domains": (7, PASSES, 3),
}


@pytest.mark.parametrize("words", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_all_orders_come_as_often(size, words):
    drawn = orders(size, key_of(*words))
    every = dict.fromkeys(itertools.permutations(range(size)), 0)
    for order in map(tuple, drawn.tolist()):
        every[order] += 1
    assert stats.chisquare(list(every.values())).pvalue > 1e-3


@pytest.mark.parametrize("words", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("size", [7, 16, 20])
def test_all_items_come_at_all_places_as_often(size, words):
    drawn = orders(size, key_of(*words))
    counts = np.stack([np.bincount(at, minlength=size) for at in drawn.T])
    expected = len(drawn) / size
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert stats.chi2((size - 1) ** 2).sf(statistic) > 1e-3


@pytest.mark.parametrize("words", KEYS.values(), ids=KEYS)
def test_an_order_tells_nothing_of_the_next(words):
    size = 12
    drawn = orders(size, key_of(*words))
    pairs = np.bincount(drawn[:-1, 0] * size + drawn[1:, 0], minlength=size**2)
    assert stats.chisquare(pairs).pvalue > 1e-3
    # Items that keep their place: one of each pair of orders, in the mean.
    kept = (drawn[:-1] == drawn[1:]).sum(axis=1)
    assert abs(kept.mean() - 1) < 4 / np.sqrt(len(kept))


def test_keys_of_different_words_differ():
    seed, domain, passes = np.meshgrid(
        np.arange(20), np.arange(10), np.arange(100), indexing="ij"
    )
    keys = key_of(seed, domain, passes)
    assert keys.dtype == jnp.uint32
    assert keys.shape == (20, 10, 100)
    assert len(np.unique(keys)) == 20_000


def test_is_the_same_wherever_it_is_computed():
    sizes = np.array([[3], [40], [7]], np.int32)
    domains = np.arange(3, dtype=np.int32)[:, None]

    def draw(step, seed):
        place = step * 5 + jnp.arange(5, dtype=jnp.int32)[None]
        return permuted(place % sizes, sizes, key_of(seed, domains, place // sizes))

    def scanned(steps, seed):
        body = lambda nothing, step: (nothing, draw(step, seed))  # noqa: E731
        return jax.lax.scan(body, None, steps)[1]

    steps, seed = jnp.arange(8, dtype=jnp.int32), jnp.uint32(11)
    expected = np.stack([draw(step, seed) for step in steps])
    for mapped in (
        jax.jit(jax.vmap(draw, in_axes=(0, None))),
        jax.pmap(draw, in_axes=(0, None)),
        jax.jit(scanned),
    ):
        np.testing.assert_array_equal(mapped(steps, seed), expected)
    with jax.enable_x64(True):
        wide = draw(jnp.asarray(3), 11)
        assert wide.dtype == jnp.int32
        np.testing.assert_array_equal(wide, expected[3])
