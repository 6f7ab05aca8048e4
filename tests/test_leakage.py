"""Sides that share a speaker or a recording are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.dataset import Example, build_dataset
from damldg_jax.duplicates import Duplicate
from damldg_jax.errors import InputError
from damldg_jax.leakage import (
    check_sides,
    copies_to_leave_out,
    sentence_overlap,
    split_hash,
)


def make_dataset(sentences=("t1", "t2")):
    """Corpora `one` and `two`, speakers `a`, `b`, `c` in each, two sentences each."""
    examples = {
        corpus: [
            Example(
                f"{speaker}{sentence}",
                np.zeros((2, 1), np.float32),
                "anger",
                speaker,
                sentence=sentence,
            )
            for speaker in "abc"
            for sentence in sentences
        ]
        for corpus in ("one", "two")
    }
    return build_dataset(examples, ["anger", "fear"])


def sides(train, validation, test):
    parts = {"train": train, "validation": validation, "test": test}
    return {side: np.array(members, int) for side, members in parts.items()}


CLEAN = sides([0, 1, 2, 3], [4, 5], [6, 7, 8, 9, 10, 11])


def test_clean_sides_pass_though_speakers_of_two_corpora_share_names():
    check_sides(make_dataset(), CLEAN, [])


@pytest.mark.parametrize(
    ("train", "validation", "test", "told"),
    [
        ([0, 1], [2], [3], "validation and for the test: one b"),
        ([0, 2], [3], [6], "training and for validation: one b"),
        ([0, 10], [2], [11], "training and for the test: two c"),
        ([0, 1], [], [1], "training and for the test: one a"),
    ],
)
def test_a_speaker_on_two_sides_is_refused_by_name(train, validation, test, told):
    with pytest.raises(InputError, match=told):
        check_sides(make_dataset(), sides(train, validation, test), [])


@pytest.mark.parametrize(
    ("first", "second"), [(0, 4), (0, 6), (4, 11)], ids=["validation", "test", "both"]
)
def test_a_recording_on_two_sides_is_refused_by_its_names(first, second):
    dataset = make_dataset()
    with pytest.raises(InputError) as caught:
        check_sides(dataset, CLEAN, [Duplicate(first, second, 0.0)])
    for part in (
        f"{dataset.name_of(first)} = {dataset.name_of(second)}",
        "--skip_duplicates",
    ):
        assert part in str(caught.value)


def test_copies_on_one_side_or_outside_of_the_split_are_no_leak():
    inside = [Duplicate(0, 1, 0.0), Duplicate(6, 7, 0.1)]
    check_sides(make_dataset(), CLEAN, inside)
    without_test = sides([0, 1], [2], [])
    check_sides(make_dataset(), without_test, [Duplicate(0, 11, 0.0)])


def test_the_side_further_from_the_test_gives_way():
    pairs = [Duplicate(0, 4, 0.0), Duplicate(4, 6, 0.0), Duplicate(1, 7, 0.0)]
    np.testing.assert_array_equal(copies_to_leave_out(CLEAN, pairs), [0, 1, 4])


def test_copies_of_copies_are_found_though_only_neighbours_are_paired():
    # 0 and 6 lie on two sides; 1 joins them and is itself in training.
    pairs = [Duplicate(0, 1, 0.0), Duplicate(1, 6, 0.0)]
    with pytest.raises(InputError, match="one/at1 = one/at2 = two/at1"):
        check_sides(make_dataset(), CLEAN, pairs)
    np.testing.assert_array_equal(copies_to_leave_out(CLEAN, pairs), [0, 1])
    # So it is if what joins them is on no side.
    without = {**CLEAN, "train": np.array([0, 2, 3])}
    np.testing.assert_array_equal(copies_to_leave_out(without, pairs), [0])


@given(
    st.lists(
        st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1]),
        max_size=20,
    )
)
def test_without_those_copies_the_sides_pass(pairs):
    duplicates = [Duplicate(first, second, 0.0) for first, second in pairs]
    out = copies_to_leave_out(CLEAN, duplicates)
    kept = {side: part[~np.isin(part, out)] for side, part in CLEAN.items()}
    check_sides(make_dataset(), kept, duplicates)
    np.testing.assert_array_equal(kept["test"], CLEAN["test"])


def test_the_hash_tells_splits_apart_and_not_the_order_of_corpora():
    dataset = make_dataset()
    original = split_hash(dataset, CLEAN)
    assert len(original) == 64
    mixed = {side: part[::-1] for side, part in CLEAN.items()}
    assert split_hash(dataset, mixed) == original
    swapped = {**CLEAN, "train": CLEAN["validation"], "validation": CLEAN["train"]}
    assert split_hash(dataset, swapped) != original
    relabelled = dataset.store._replace(labels=1 - dataset.store.labels)
    assert split_hash(dataset._replace(store=relabelled), CLEAN) != original


def test_sentences_are_counted_within_their_corpus():
    dataset = make_dataset()
    overlap = sentence_overlap(dataset, sides([0, 2], [4, 5], [6, 7]))
    # Of `c`'s two sentences the first is trained on; `two` has its own texts.
    assert overlap == {"validation": 0.5, "test": 0.0}


def test_unknown_sentences_are_not_counted():
    dataset = make_dataset(sentences=("", "t2"))
    assert sentence_overlap(dataset, sides([0, 2], [4], [])) == {
        "validation": None,
        "test": None,
    }
