"""Speakers as classes: who takes part, and which of their utterances are held out."""

import numpy as np
import pytest

from damldg_jax.corpora.folders import UNKNOWN_SPEAKER
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.duplicates import Duplicate
from damldg_jax.errors import InputError
from damldg_jax.leakage import further_copies
from damldg_jax.reports import SPEAKER_REPORT
from damldg_jax.speakers import label_speakers, speakers_of
from damldg_jax.splits import split_utterances
from damldg_jax.targets import TARGETS, Wishes


def examples(**counts):
    """As many utterances of each speaker."""
    return [
        Example(f"{name}/{n}", np.zeros((4, 2), np.float32), "anger", name)
        for name, count in counts.items()
        for n in range(count)
    ]


CORPORA = {"one": examples(b=4, a=3, c=2), "two": examples(a=5, unknown=4)}


def test_speakers_are_those_of_a_corpus_who_have_enough_utterances():
    assert speakers_of(CORPORA, 3) == ("one a", "one b", "two a")
    assert speakers_of(CORPORA, 4) == ("one b", "two a")


def test_what_is_not_of_these_speakers_is_left_out_and_told():
    classes = speakers_of(CORPORA, 3)
    one = label_speakers(classes, 3, "one", CORPORA["one"])
    assert one.places.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert one.labels.tolist() == [1, 1, 1, 1, 0, 0, 0]
    assert one.labels.dtype == np.int32
    assert one.counts == {"one a": 3, "one b": 4}
    (notice,) = one.notices
    assert "1 speaker(s) with fewer than 3 utterances" in notice
    assert "one c" in notice
    two = label_speakers(classes, 3, "two", CORPORA["two"])
    assert two.labels.tolist() == [2] * 5
    (notice,) = two.notices
    assert "4 of 9 utterances are left out: it is not known who" in notice


@pytest.mark.parametrize(
    ("corpora", "told"),
    [
        ({"one": examples(a=9)}, r"^1 speaker\(s\) of one have 8 .* one a \(9\)"),
        ({"one": examples(a=1, b=1)}, r"^0 speaker.*lower --min_utterances"),
        ({"one": examples(unknown=20)}, "none is known"),
    ],
)
def test_fewer_than_two_speakers_are_refused(corpora, told):
    with pytest.raises(InputError, match=told):
        speakers_of(corpora, 8)


@pytest.mark.parametrize(
    ("corpus", "told"),
    [
        (examples(a=1, b=2), "No speaker of 'third' has 3 utterances; the most are 2"),
        (examples(unknown=9), "not known who speaks in 'third'.*manifest"),
    ],
)
def test_a_corpus_of_which_nobody_takes_part_is_refused(corpus, told):
    with pytest.raises(InputError, match=told):
        label_speakers(speakers_of(CORPORA, 3), 3, "third", corpus)


def test_unknown_is_the_word_for_who_is_not_known():
    assert UNKNOWN_SPEAKER == "unknown"


def test_the_classes_of_a_data_set_are_its_speakers():
    dataset = build_dataset(CORPORA, TARGETS["speaker"](Wishes(min_utterances=3)))
    assert dataset.target.classes == ("one a", "one b", "two a")
    assert dataset.target.num_outputs == 3
    assert dataset.store.labels.tolist() == [1] * 4 + [0] * 3 + [2] * 5
    assert [len(others) for others in dataset.others.values()] == [2, 4]
    names = [dataset.speaker_of(index) for index in range(12)]
    assert names == [dataset.target.classes[n] for n in dataset.store.labels]


def test_of_each_speaker_utterances_are_held_out():
    speakers = np.array(["a"] * 20 + ["b"] * 10 + ["c"] * 4)[
        np.random.default_rng(0).permutation(34)
    ]
    split = split_utterances("one", speakers, 0.1, 0.2, 0)
    for side, counts in (
        (split.train, [14, 7, 2]),
        (split.validation, [2, 1, 1]),
        (split.test, [4, 2, 1]),
    ):
        assert [int((speakers[side] == name).sum()) for name in "abc"] == counts
        assert (np.diff(side) > 0).all()
    assert sorted(np.concatenate(split)) == list(range(34))


def test_a_speaker_is_divided_alike_in_any_company():
    alone = split_utterances("one", ["b"] * 10, 0.2, 0.2, 3)
    beside = split_utterances("one", ["a"] * 5 + ["b"] * 10, 0.2, 0.2, 3)
    for side, other in zip(alone, beside, strict=True):
        assert (side + 5).tolist() == other[other >= 5].tolist()
    seeds = [split_utterances("one", ["b"] * 30, 0.2, 0.2, n).test for n in (3, 4)]
    corpora = [split_utterances(n, ["b"] * 30, 0.2, 0.2, 3).test for n in "xy"]
    assert seeds[0].tolist() != seeds[1].tolist()
    assert corpora[0].tolist() != corpora[1].tolist()


def test_of_too_few_utterances_none_are_held_out():
    split = split_utterances("one", ["a"] * 2 + ["b"] * 3, 0.1, 0.1, 0)
    assert [len(side) for side in split] == [3, 1, 1]
    assert {0, 1} <= set(split.train.tolist())
    nothing = split_utterances("one", ["a"] * 9, 0.0, 0.2, 0)
    assert [len(side) for side in nothing] == [7, 0, 2]


def test_of_copies_all_but_the_first_are_further_ones():
    dataset = build_dataset(CORPORA, TARGETS["speaker"](Wishes(min_utterances=3)))
    pairs = [Duplicate(2, 8, 0.0), Duplicate(8, 11, 0.0), Duplicate(0, 1, 0.1)]
    assert further_copies(dataset, pairs).tolist() == [1, 8, 11]
    assert further_copies(dataset, []).tolist() == []


def test_the_report_of_many_speakers_stays_small():
    outputs = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.1, 0.7]])
    labels = np.array([0, 1, 2])
    scores = SPEAKER_REPORT.score(labels, outputs)
    assert SPEAKER_REPORT.entry(scores, ("x a", "x b", "y a")) == {
        "accuracy": pytest.approx(2 / 3),
        "uar": pytest.approx(2 / 3),
        "num_utterances": 3,
        "majority_accuracy": pytest.approx(1 / 3),
        "chance_uar": pytest.approx(1 / 3),
        "num_speakers": 3,
    }
    assert SPEAKER_REPORT.predictions(("x a", "x b", "y a"), labels, outputs) == [
        ["label", "predicted", "probability"],
        ["x a", "x a", "0.700000"],
        ["x b", "y a", "0.600000"],
        ["y a", "y a", "0.700000"],
    ]
