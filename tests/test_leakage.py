"""Sides that share a speaker or a recording are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.corpora.folders import UNKNOWN_SPEAKER
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.duplicates import Duplicate
from damldg_jax.errors import InputError
from damldg_jax.leakage import (
    check_sides,
    leaks_to_leave_out,
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
        ([0, 1], [2], [3], r"1 speaker\(s\) .*: one b\."),
        ([0, 2], [3], [6], r"1 speaker\(s\) .*: one b\."),
        ([0, 2, 10], [1], [3, 11], r"3 speaker\(s\) .*: one a, one b, two c\."),
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


def left_out(pairs, dataset=None, parts=CLEAN):
    duplicates = [Duplicate(*pair, 0.0) for pair in pairs]
    return leaks_to_leave_out(dataset or make_dataset(), parts, duplicates).tolist()


def test_the_side_further_from_the_test_gives_way_with_all_of_the_speaker():
    # Speaker a has 0 and 1, b has 2 and 3, c has 4 and 5; `two` is tested on.
    assert left_out([(0, 6)]) == [0, 1]
    assert left_out([(4, 6)]) == [4, 5]
    assert left_out([(2, 4)]) == [2, 3]
    assert left_out([(0, 4), (4, 6)]) == [0, 1, 4, 5]


def test_copies_of_copies_are_found_though_only_neighbours_are_paired():
    pairs = [Duplicate(0, 1, 0.0), Duplicate(1, 6, 0.0)]
    with pytest.raises(InputError, match="one/at1 = one/at2 = two/at1"):
        check_sides(make_dataset(), CLEAN, pairs)
    # So it is if what joins them is on no side.
    without = {**CLEAN, "train": np.array([0, 2, 3])}
    with pytest.raises(InputError, match="one/at1 = two/at1"):
        check_sides(make_dataset(), without, pairs)


def test_two_speakers_who_have_a_recording_in_common_are_one():
    # The copy itself is on no side, but what else its speakers said is.
    without_copies = sides([1, 2, 3], [4, 5], [7, 8, 9])
    with pytest.raises(InputError, match=r"1 speaker\(s\) .*: one a = two a"):
        check_sides(make_dataset(), without_copies, [Duplicate(0, 6, 0.0)])


def test_of_a_corpus_without_speakers_only_copies_are_left_out():
    dataset = make_dataset()
    nobody = dataset._replace(speakers=(UNKNOWN_SPEAKER,) * 6 + dataset.speakers[6:])
    parts = sides(range(6), [], range(6, 12))
    assert left_out([(0, 6)], nobody, parts) == [0]


def test_an_utterance_on_two_sides_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="two sides"):
        check_sides(make_dataset(), sides([0, 1], [], [1]), [])


@given(
    st.lists(
        st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1]),
        max_size=20,
    )
)
def test_without_those_the_sides_pass(pairs):
    out = left_out(pairs)
    kept = {side: part[~np.isin(part, out)] for side, part in CLEAN.items()}
    duplicates = [Duplicate(first, second, 0.0) for first, second in pairs]
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
    renamed = dataset._replace(speakers=("z", *dataset.speakers[1:]))
    assert split_hash(renamed, CLEAN) != original


def test_sentences_are_counted_within_their_corpus():
    dataset = make_dataset()
    overlap = sentence_overlap(dataset, sides([0, 2], [4, 5], [6, 7]))
    # Of `c`'s two sentences the first is trained on; of the texts of `two` nothing is
    # known, as none of it is trained on.
    assert overlap == {"validation": 0.5, "test": None}


def test_unknown_sentences_are_not_counted():
    dataset = make_dataset(sentences=("", "t2"))
    assert sentence_overlap(dataset, sides([0, 2], [4], [])) == {
        "validation": None,
        "test": None,
    }
