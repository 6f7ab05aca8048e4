"""Means and deviations by training utterances, utterance, corpus and speaker."""

import functools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.augment import Windows, read_windows
from damldg_jax.corpora.folder_speakers import UNKNOWN_SPEAKER
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.errors import InputError
from damldg_jax.moments import moments_of
from damldg_jax.normalization import (
    NORMALIZATIONS,
    labelled,
    normalize,
    prior_of,
)
from damldg_jax.normalization_checks import check_normalization
from experiments.trained_models import _learnt
from tests import trained

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
    assert transductive == {"corpus", "speaker", "stream"}


def of_speakers(spoken):
    """A corpus of single frames, ``spoken`` being the speaker of each with a number."""
    return build_dataset(
        {
            "one": [
                Example(f"{number}", np.array([[value]], np.float32), "anger", speaker)
                for number, (speaker, value) in enumerate(spoken)
            ]
        },
        ["anger", "fear"],
    )


def test_a_prior_is_what_speakers_of_the_training_are_like():
    dataset = of_speakers([("a", 0.0), ("a", 2.0), ("b", 4.0), ("b", 8.0), ("c", 9.0)])
    prior = prior_of(dataset, NORMALIZATIONS["speaker"], np.arange(4), 2.0)
    # Means 1 and 6, variances 1 and 4; two utterances of one frame.
    np.testing.assert_allclose(prior.mean, [3.5])
    np.testing.assert_allclose(prior.squares / prior.frames, [2.5])
    assert prior.frames == 2
    for rule in ("none", "training", "utterance"):
        assert prior_of(dataset, NORMALIZATIONS[rule], np.arange(4), 2.0) is None
    assert prior_of(dataset, NORMALIZATIONS["speaker"], np.arange(4), 0.0) is None


def test_with_a_prior_a_speaker_of_one_utterance_can_be_normalised():
    dataset = of_speakers([("a", 0.0), ("a", 2.0), ("b", 4.0), ("b", 8.0), ("c", 9.0)])
    rule, training = NORMALIZATIONS["speaker"], np.arange(4)
    with pytest.raises(InputError, match=r"'one/4' would .* --normalization_prior"):
        check_normalization(dataset, rule, training, pools_inputs=False)
    check_normalization(dataset, rule, training, False, prior_utterances=2.0)
    store = normalize(dataset, rule, training, prior_utterances=2.0)
    # (2 * 3.5 + 9) / 3, and around it (2 * (2.5 + (3.5 - 16/3)^2) + (9 - 16/3)^2) / 3.
    mean = 16 / 3
    variance = (2 * (2.5 + (3.5 - mean) ** 2) + (9 - mean) ** 2) / 3
    np.testing.assert_allclose(store.shift[4], [mean], rtol=1e-6)
    np.testing.assert_allclose(store.scale[4], [variance**-0.5], rtol=1e-6)


def test_a_model_believes_what_its_training_did_of_what_never_varied():
    spoken = [("a", 2.0), ("a", 2.0), ("b", 2.0), ("c", 5.0)]
    dataset, training = of_speakers(spoken), np.arange(3)
    rule = NORMALIZATIONS["speaker"]
    store = normalize(dataset, rule, training, prior_utterances=2.0)
    told = _told_prior(dataset, "speaker", training, 2.0)
    contents = trained.contents()._replace(**told)
    heard = contents.prior + moments_of(dataset.features[3])
    np.testing.assert_allclose(heard.shift, store.shift[3], rtol=1e-6)
    np.testing.assert_allclose(heard.scale, store.scale[3], rtol=1e-6)


def _told_prior(dataset, name, training, prior):
    """What a run writes of the prior into the file of its model."""
    run = SimpleNamespace(division=SimpleNamespace(train=[training]))
    config = SimpleNamespace(normalization=name, normalization_prior=prior)
    programs = SimpleNamespace(dataset=dataset, config=config)
    return dict(
        zip(("shift", "scale", "prior_frames"), _learnt(run, programs), strict=True)
    )


def test_a_stream_knows_the_past_alone():
    spoken = [("a", 0.0), ("a", 2.0), ("b", 4.0), ("b", 8.0), ("c", 9.0), ("c", 5.0)]
    dataset, training = of_speakers(spoken), np.arange(4)
    rule = NORMALIZATIONS["stream"]
    store = normalize(dataset, rule, training, prior_utterances=2.0)
    prior = prior_of(dataset, rule, training, 2.0)
    first, second = sorted((4, 5), key=lambda n: labelled(dataset, training)[n].turn)
    np.testing.assert_allclose(store.shift[first], prior.shift)
    both = prior + moments_of(dataset.features[first])
    np.testing.assert_allclose(store.shift[second], both.shift)
    np.testing.assert_allclose(store.scale[second], both.scale)
    # What comes last has no say in anything.
    changed = list(dataset.features)
    changed[second] = changed[second] + 100
    other = dataset._replace(features=tuple(changed))
    again = normalize(other, rule, training, prior_utterances=2.0)
    np.testing.assert_array_equal(store.shift, again.shift)
    np.testing.assert_array_equal(store.scale, again.scale)


def test_a_stream_needs_a_prior():
    dataset = of_speakers([("a", 0.0), ("a", 2.0)])
    with pytest.raises(InputError, match="--normalization_prior a number above 0"):
        check_normalization(dataset, NORMALIZATIONS["stream"], np.arange(2), False)


@pytest.mark.parametrize("name", ["speaker", "stream"])
def test_speakers_that_nobody_knows_are_refused(name):
    dataset = of_speakers([(UNKNOWN_SPEAKER, 0.0), (UNKNOWN_SPEAKER, 2.0)])
    rule = NORMALIZATIONS[name]
    with pytest.raises(InputError, match=r"'one' it is not known who .* manifest"):
        check_normalization(dataset, rule, np.arange(2), False, 1.0)
    check_normalization(dataset, NORMALIZATIONS["corpus"], np.arange(2), False, 1.0)


@given(st.lists(st.lists(st.floats(-1e3, 1e3), min_size=1), min_size=1, max_size=5))
def test_moments_add_up_to_those_of_all(parts):
    together = functools.reduce(
        lambda a, b: a + b, [moments_of(np.array(part)[:, None]) for part in parts]
    )
    everything = np.concatenate(parts)
    assert together.frames == len(everything)
    np.testing.assert_allclose(together.mean, [everything.mean()], atol=1e-9)
    np.testing.assert_allclose(
        together.squares / together.frames, [everything.var()], atol=1e-6
    )
