"""Packing, and which utterances make up a step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.batches import pack, samples_per_domain, utterances_of_step
from damldg_jax.errors import InputError


def test_packs_one_behind_the_other():
    parts = [np.full((n, 2), n, np.float32) for n in (3, 1, 2)]
    store = pack(parts, [4, 0, 4], 5)
    np.testing.assert_array_equal(store.frames[:, 0], [3, 3, 3, 1, 2, 2])
    assert store.frames.dtype == np.float32
    for name, expected in {
        "offsets": [0, 3, 4],
        "lengths": [3, 1, 2],
        "labels": [4, 0, 4],
    }.items():
        column = getattr(store, name)
        np.testing.assert_array_equal(column, expected)
        assert column.dtype == np.int32


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_unpacks_to_what_was_packed(lengths):
    parts = [np.random.default_rng(n).normal(size=(n, 3)) for n in lengths]
    store = pack(parts, range(len(parts)), len(parts))
    for part, offset, length in zip(parts, store.offsets, store.lengths, strict=True):
        np.testing.assert_array_equal(store.frames[offset : offset + length], part)


DOMAINS = [np.arange(7), np.arange(100, 103), np.array([55])]


def steps(count, per_domain=2, seed=0, domains=DOMAINS):
    return np.stack(
        [utterances_of_step(domains, per_domain, step, seed) for step in range(count)]
    )


def test_takes_as_many_from_each_domain():
    drawn = utterances_of_step(DOMAINS, 4, 0, 0)
    assert drawn.shape == (3, 4)
    assert drawn.dtype == np.int32
    for row, members in zip(drawn, DOMAINS, strict=True):
        assert set(row) <= set(members)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
)
def test_every_utterance_comes_once_before_any_comes_twice(sizes, per_domain, seed):
    domains = [10 * n + np.arange(size) for n, size in enumerate(sizes)]
    drawn = steps(8, per_domain, seed, domains)
    for number, members in enumerate(domains):
        sequence = drawn[:, number].ravel()
        for first in range(0, len(sequence), len(members)):
            one_pass = sequence[first : first + len(members)]
            assert len(set(one_pass)) == len(one_pass)
            assert set(one_pass) <= set(members)


def test_passes_differ_in_order():
    one_pass = steps(4, per_domain=50, domains=[np.arange(50)])[:, 0]
    assert len({tuple(order) for order in one_pass}) == 4
    for order in one_pass:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))


def test_a_step_depends_on_nothing_but_its_arguments():
    in_order = steps(9)
    for step in (8, 0, 5):
        np.testing.assert_array_equal(
            utterances_of_step(DOMAINS, 2, step, 0), in_order[step]
        )


def test_seeds_differ():
    drawn = {steps(3, seed=seed).tobytes() for seed in range(20)}
    assert len(drawn) == 20


def test_domains_of_one_size_are_drawn_independently():
    twins = [np.arange(50), np.arange(50)]
    first, second = utterances_of_step(twins, 50, 0, 0)
    assert not np.array_equal(first, second)


def test_small_domains_repeat_and_large_ones_wait():
    drawn = steps(3)
    assert np.unique(drawn[:, 0]).size == 6
    np.testing.assert_array_equal(
        np.sort(drawn[:, 1].ravel()), np.repeat(DOMAINS[1], 2)
    )
    np.testing.assert_array_equal(drawn[:, 2], np.full((3, 2), 55))


def test_golden_draw():
    # Change it only knowingly: with it change all published runs.
    drawn = utterances_of_step([np.arange(10), np.arange(10, 15)], 4, 3, 42)
    np.testing.assert_array_equal(drawn, [[9, 2, 0, 7], [11, 14, 12, 13]])


@pytest.mark.parametrize(
    ("batch_size", "domains", "each"),
    [(32, 4, 8), (32, 3, 11), (32, 5, 6), (2, 5, 1), (1, 1, 1), (128, 3, 43)],
)
def test_samples_per_domain(batch_size, domains, each):
    assert samples_per_domain(batch_size, domains) == each


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_is_no_class_is_refused(label):
    parts = [np.zeros((4, 2), np.float32)] * 3
    message = rf"Utterance 1 has the label {label}.* 0 to 2"
    with pytest.raises(InputError, match=message):
        pack(parts, [0, label, 2], 3)
