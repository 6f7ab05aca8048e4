"""Whole speakers kept for validation, alike whatever a corpus is joined with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.errors import InputError
from damldg_jax.splits import split_off_test, split_speakers

TEN = [f"s{n}" for n in range(10)]


def split(speakers, fraction=0.2, seed=0, corpus="emodb"):
    return split_speakers(corpus, speakers, fraction, seed)


@given(
    st.lists(st.sampled_from(TEN), min_size=1, max_size=60),
    st.floats(0.01, 0.5),
    st.integers(0, 2**32 - 1),
)
def test_every_utterance_has_one_part_and_every_speaker_too(speakers, fraction, seed):
    result = split(speakers, fraction, seed)
    both = np.concatenate([result.train, result.validation])
    np.testing.assert_array_equal(np.sort(both), np.arange(len(speakers)))
    for part in (result.train, result.validation):
        assert (np.diff(part) > 0).all()
        assert np.issubdtype(part.dtype, np.integer)
    assert {speakers[i] for i in result.validation} == set(result.speakers)
    assert not {speakers[i] for i in result.train} & set(result.speakers)
    assert len(result.train)


@pytest.mark.parametrize(
    ("names", "fraction", "kept"),
    [(10, 0.2, 2), (10, 0.01, 1), (3, 0.2, 1), (4, 0.5, 2), (24, 0.2, 5)],
)
def test_keeps_the_fraction_of_speakers_and_at_least_one(names, fraction, kept):
    speakers = [f"{n}" for n in range(names)] * 3
    result = split(speakers, fraction)
    assert len(result.speakers) == kept
    assert len(result.validation) == 3 * kept
    assert result.notice == ""


def test_speakers_count_and_not_their_utterances():
    speakers = ["loud"] * 1000 + ["a", "b", "c", "d"]
    kept = [split(speakers, seed=seed).speakers for seed in range(300)]
    # One of five, each in 60 of 300 draws with a deviation of 6.9.
    for name in set(speakers):
        assert abs(kept.count((name,)) - 60) < 5 * 6.9


def test_named_speakers_are_sorted_text():
    speakers = split(TEN, 0.5).speakers
    assert speakers == tuple(sorted(speakers))
    assert {type(name) for name in speakers} == {str}


def test_depends_on_the_seed_and_on_the_name_of_the_corpus():
    assert split(TEN).speakers == split(TEN).speakers
    assert len({split(TEN, seed=seed).speakers for seed in range(20)}) > 10
    assert len({split(TEN, corpus=name).speakers for name in "abcdefgh"}) > 4


def test_does_not_depend_on_how_utterances_are_listed():
    mixed = ["s3", *reversed(TEN), "s3", "s7"]
    assert split(mixed).speakers == split(TEN).speakers


def test_golden_draw():
    # Change it only knowingly: with it changes what every run selects on.
    assert split(TEN).speakers == ("s5", "s8")


@pytest.mark.parametrize("speakers", [["a"] * 5, ["a", "b", "a"]])
def test_too_few_speakers_are_all_trained_on_and_the_notice_says_so(speakers):
    result = split(speakers, corpus="tess")
    np.testing.assert_array_equal(result.train, np.arange(len(speakers)))
    assert result.validation.size == 0
    assert result.speakers == ()
    assert result.notice == (
        f"tess: has {len(set(speakers))} speaker(s) to train on, too few to keep one "
        "for validation."
    )


@pytest.mark.parametrize("speakers", [TEN, ["a", "b"]])
def test_nobody_is_kept_and_nothing_said_when_none_are_asked_for(speakers):
    result = split(speakers, 0.0)
    np.testing.assert_array_equal(result.train, np.arange(len(speakers)))
    assert (result.validation.size, result.speakers, result.notice) == (0, (), "")


def test_within_a_corpus_whole_speakers_are_tested_on():
    speakers = TEN * 3
    rest, tested = split_off_test("emodb", speakers, 0.2, 0)
    assert len(tested) == 6
    assert {speakers[i] for i in rest} | {speakers[i] for i in tested} == set(TEN)
    assert not {speakers[i] for i in rest} & {speakers[i] for i in tested}


def test_of_two_speakers_one_is_tested_on():
    rest, tested = split_off_test("tess", ["OAF", "YAF", "OAF"], 0.2, 0)
    assert len(rest) + len(tested) == 3
    assert len(rest)
    assert len(tested)


def test_one_speaker_cannot_be_divided():
    with pytest.raises(InputError, match="'mine' has one speaker, 'me'"):
        split_off_test("mine", ["me", "me"], 0.2, 0)
