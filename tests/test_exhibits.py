"""What a run leaves for the report."""

from types import SimpleNamespace

import numpy as np

from experiments import exhibits
from experiments.exhibits import Members, sources_of


def members(count):
    return Members(np.arange(100, 100 + count), np.repeat(["train"], count))


def test_few_utterances_are_all_taken():
    np.testing.assert_array_equal(members(5).draw("emodb", 5), np.arange(5))


def test_of_many_some_are_drawn_the_same_each_time_and_each_once():
    first, again = (members(50).draw("emodb", 20) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(set(first)) == 20
    assert (np.diff(first) > 0).all()
    assert {*first} != {*members(50).draw("savee", 20)}


def test_sources_are_told_with_their_sides(monkeypatch):
    monkeypatch.setattr(exhibits, "SOURCE_UTTERANCES", 4)
    division = SimpleNamespace(
        train=(np.array([0, 2, 4]), np.arange(10, 20)),
        validation={"a": np.array([1])},
    )
    found = sources_of(division, ("a", "b"))
    np.testing.assert_array_equal(found["a"].indices, [0, 1, 2, 4])
    assert found["a"].sides.tolist() == ["train", "validation", "train", "train"]
    # A corpus that keeps no speakers for validation.
    assert len(found["b"].indices) == 4
    assert {*found["b"].sides} == {"train"}
