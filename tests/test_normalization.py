"""Means and deviations by training utterances, utterance, corpus and speaker."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.augment import Windows, read_windows
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.errors import InputError
from damldg_jax.normalization import NORMALIZATIONS, check_normalization, normalize

SILENCE = -5.0


def example(corpus, speaker, number, frames):
    return Example(f"{corpus}/{speaker}/{number}", frames, "anger", speaker)


def make_dataset(seed=0):
    """Two corpora with a speaker `a` in each, who is not the same person."""
    rng = np.random.default_rng(seed)
    speakers = {"one": "aab", "two": "acc"}
    examples = {
        corpus: [
            example(
                corpus,
                speaker,
                number,
                rng.normal(3 * place, 2, (4 + number, 3)).astype(np.float32),
            )
            for number, speaker in enumerate(names)
        ]
        for place, (corpus, names) in enumerate(speakers.items())
    }
    return build_dataset(examples, ["anger", "fear"])


def frames_of(dataset, store, utterances):
    """The frames of whole utterances, normalised and joined."""
    parts = [
        (dataset.features[n] - store.shift[n]) * store.scale[n] for n in utterances
    ]
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("training", [[0, 1, 4]]),
        ("utterance", [[n] for n in range(6)]),
        ("corpus", [[0, 1, 2], [3, 4, 5]]),
        ("speaker", [[0, 1], [2], [3], [4, 5]]),
    ],
)
def test_each_set_has_mean_0_and_deviation_1(name, sets):
    dataset = make_dataset()
    store = normalize(dataset, NORMALIZATIONS[name], np.array([0, 1, 4]))
    for members in sets:
        frames = frames_of(dataset, store, members)
        np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(frames.std(axis=0), 1, rtol=1e-5)


def test_by_hand():
    dataset = build_dataset(
        {
            "one": [example("one", "a", 0, np.array([[1.0, 7], [3, 7]], np.float32))],
            "two": [example("two", "b", 0, np.array([[9.0, 8]], np.float32))],
        },
        ["anger", "fear"],
    )
    store = normalize(dataset, NORMALIZATIONS["training"], np.array([0]))
    # Mean 2 and deviation 1; the second feature does not vary and is only shifted.
    np.testing.assert_array_equal(frames_of(dataset, store, [0]), [[-1, 0], [1, 0]])
    np.testing.assert_array_equal(frames_of(dataset, store, [1]), [[7, 1]])


def test_validation_and_target_do_not_enter_the_training_statistics():
    dataset = make_dataset()
    training = np.array([0, 1])
    store = normalize(dataset, NORMALIZATIONS["training"], training)
    changed = [frames + 100 * (n >= 2) for n, frames in enumerate(dataset.features)]
    other = dataset._replace(features=tuple(changed))
    again = normalize(other, NORMALIZATIONS["training"], training)
    np.testing.assert_array_equal(store.shift, again.shift)
    np.testing.assert_array_equal(store.scale, again.scale)


def test_what_lies_around_an_utterance_is_not_normalised():
    dataset = make_dataset()
    store = normalize(dataset, NORMALIZATIONS["corpus"], np.arange(6))
    frames = np.concatenate(dataset.features)
    jax_store = jax.tree.map(jnp.asarray, store._replace(frames=frames))
    start = jnp.array([-2.0])
    windows = Windows(start, jnp.zeros(1), jnp.ones(1))
    read = read_windows(jax_store, jnp.array([4]), windows, 9, SILENCE)[0, ..., 0]
    assert (read[:2] == SILENCE).all()
    assert (read[7:] == SILENCE).all()
    spoken = frames_of(dataset, store, [4])
    np.testing.assert_allclose(read[2:7], spoken, rtol=1e-6)


def test_none_leaves_the_store_as_it_is():
    dataset = make_dataset()
    assert normalize(dataset, NORMALIZATIONS["none"], np.arange(6)) is dataset.store


@given(st.integers(0, 99), st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_level_and_scale_of_a_corpus_do_not_matter(seed, offset, factor):
    dataset = make_dataset(seed)
    changed = [(f * factor + offset).astype(np.float32) for f in dataset.features]
    other = dataset._replace(features=tuple(changed))
    corpus, six = NORMALIZATIONS["corpus"], np.arange(6)
    first = frames_of(dataset, normalize(dataset, corpus, six), six)
    second = frames_of(other, normalize(other, corpus, six), six)
    # float32 keeps seven digits of the frames before they are shifted back.
    tolerance = 1e-6 * (abs(offset) / factor + 10)
    np.testing.assert_allclose(first, second, atol=tolerance)


def test_a_single_frame_cannot_be_normalised_by_itself():
    one = example("one", "a", 0, np.ones((1, 2), np.float32))
    two = example("one", "a", 1, np.ones((3, 2), np.float32))
    dataset = build_dataset({"one": [two, one]}, ["anger", "fear"])
    with pytest.raises(InputError, match=r"'one/one/a/0' would .* one frame long"):
        check(dataset, "utterance")
    check(dataset, "speaker")


def check(dataset, name, pools_inputs=False):
    everything = np.arange(len(dataset.utterances))
    check_normalization(dataset, NORMALIZATIONS[name], everything, pools_inputs)


def test_an_utterance_is_not_normalised_by_itself_where_statistics_are_pooled():
    dataset = make_dataset()
    for name in ("utterance", "speaker"):
        check(dataset, name)
        with pytest.raises(InputError, match="mean and deviation over time"):
            check(dataset, name, pools_inputs=True)
    for name in ("none", "training", "corpus"):
        check(dataset, name, pools_inputs=True)


def test_utterances_of_other_emotions_count_since_no_label_is_looked_at():
    def examples(emotion):
        loud = Example("one/a/9", np.full((2, 3), 50, np.float32), emotion, "a")
        quiet = [
            Example(f"one/a/{n}", np.full((2, 3), n, np.float32), "anger", "a")
            for n in range(2)
        ]
        return {"one": [*quiet, loud]}

    every = build_dataset(examples("fear"), ["anger", "fear"])
    some = build_dataset(examples("sadness"), ["anger", "fear"])
    assert len(some.utterances) == 2
    for name in ("corpus", "speaker"):
        full = normalize(every, NORMALIZATIONS[name], np.arange(2))
        part = normalize(some, NORMALIZATIONS[name], np.arange(2))
        np.testing.assert_array_equal(full.shift[:2], part.shift)
        np.testing.assert_array_equal(full.scale[:2], part.scale)
        np.testing.assert_allclose(part.shift, 17, rtol=1e-6)


def test_the_table_says_which_rules_look_at_the_target():
    rules = NORMALIZATIONS.items()
    transductive = {name for name, rule in rules if rule and rule.transductive}
    assert transductive == {"corpus", "speaker"}
