"""Packing, and which utterances make up a step."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.batches import (
    balanced,
    check_shares,
    draw_utterances,
    index,
    join,
    pack,
    pack_domains,
    samples_per_domain,
)
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


GOLDEN = [[7, 6, 8, 4], [12, 13, 11, 13]]
DOMAINS = [np.arange(7), np.arange(100, 103), np.array([55])]


@functools.partial(jax.jit, static_argnames=("per_domain", "count"))
def _drawn(domains, per_domain, count, seed):
    draw = functools.partial(draw_utterances, domains, per_domain, seed=seed)
    return jax.vmap(lambda step: draw(step=step))(jnp.arange(count))


def steps(count, per_domain=2, seed=0, domains=DOMAINS):
    # A room for all choices, so that few are compiled.
    packed = pack_domains(domains, 120)
    return np.asarray(_drawn(packed, per_domain, count, np.uint32(seed)))


def test_takes_as_many_from_each_domain():
    (drawn,) = steps(1, per_domain=4)
    assert drawn.shape == (3, 4)
    assert drawn.dtype == np.int32
    for row, members in zip(drawn, DOMAINS, strict=True):
        assert set(row) <= set(members)


@given(
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
    st.sampled_from([1, 5]),
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
        drawn = draw_utterances(pack_domains(DOMAINS), 2, step, 0)
        np.testing.assert_array_equal(drawn, in_order[step])


def test_seeds_differ():
    drawn = {steps(3, seed=seed).tobytes() for seed in range(20)}
    assert len(drawn) == 20


def test_domains_of_one_size_are_drawn_independently():
    twins = [np.arange(50), np.arange(50)]
    first, second = steps(1, per_domain=50, domains=twins)[0]
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
    domains = pack_domains([np.arange(10), np.arange(10, 15)])
    np.testing.assert_array_equal(draw_utterances(domains, 4, 3, 42), GOLDEN)


def test_spare_room_changes_nothing():
    wide = draw_utterances(pack_domains(DOMAINS, 500), 4, 3, 1)
    np.testing.assert_array_equal(draw_utterances(pack_domains(DOMAINS), 4, 3, 1), wide)


def test_joins_to_what_it_was_made_of():
    parts = [np.full((n, 2), n, np.float32) for n in (3, 1)]
    np.testing.assert_array_equal(join(parts, np.float32)[:, 0], [3, 3, 3, 1])
    assert join(parts, jnp.bfloat16).dtype == jnp.bfloat16


def test_more_frames_than_can_be_numbered_are_refused():
    with pytest.raises(InputError, match="3000000000 frames are more"):
        index([1_500_000_000, 1_500_000_000], [0, 0], 1)


def test_shares_that_do_not_divide_are_refused_with_the_nearest_that_do():
    check_shares(8, 3, 4)
    with pytest.raises(InputError, match=r"24 or 48 \(--batch_size\)"):
        check_shares(11, 3, 8)
    with pytest.raises(InputError, match=r"for 3 domains: 24 \(--batch_size\)"):
        check_shares(5, 3, 8)


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


def test_rarer_classes_are_repeated():
    members, classes = np.array([7, 1, 5, 3, 9, 2]), np.array([0, 2, 0, 0, 2, 0])
    found = balanced(members, classes)
    assert sorted(found) == [1, 1, 2, 3, 5, 7, 9, 9]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_all_classes_are_drawn_alike_and_nobody_is_left_out(labels):
    classes = np.array(labels)
    found = balanced(np.arange(len(labels)), classes)
    counts = np.bincount(classes[found])
    assert len({count for count in counts if count}) == 1
    times = np.bincount(found, minlength=len(labels))
    assert times.min() >= 1
    for label in np.unique(classes):
        assert np.ptp(times[classes == label]) <= 1
