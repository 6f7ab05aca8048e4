import numpy as np
import pytest

from damldg_jax.corpora.scenarios import Split
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.division import divide


def examples(corpus, speakers, emotions):
    """An utterance for each speaker and emotion; its frames tell which it is."""
    return [
        Example(
            utterance=f"{corpus}/{speaker}/{emotion}",
            features=np.full((2 + number, 3), number, np.float32),
            emotion=emotion,
            speaker=speaker,
        )
        for number, (speaker, emotion) in enumerate(
            (s, e) for s in speakers for e in emotions
        )
    ]


FIVE = [f"s{n}" for n in range(5)]
CORPORA = {
    "one": examples("one", FIVE, ["anger", "fear", "neutral"]),
    "two": examples("two", ["a", "b"], ["anger", "fear"]),
    "three": examples("three", ["x", "y", "z"], ["anger"]),
}


@pytest.fixture
def dataset():
    return build_dataset(CORPORA, ["fear", "anger"])


def test_only_chosen_emotions_are_kept_in_the_order_of_the_classes(dataset):
    assert dataset.emotions == ("fear", "anger")
    assert len(dataset.utterances) == 10 + 4 + 3
    for name, label in zip(dataset.utterances, dataset.store.labels, strict=True):
        assert name.endswith(dataset.emotions[label])


def test_frames_labels_and_speakers_belong_to_their_utterance(dataset):
    everything = {e.utterance: e for corpus in CORPORA.values() for e in corpus}
    for index, name in enumerate(dataset.utterances):
        # The very arrays, which may be views of a large file.
        assert dataset.features[index] is everything[name].features
        assert dataset.speakers[index] == everything[name].speaker


def test_the_store_knows_where_each_utterance_is_and_holds_no_frames(dataset):
    assert dataset.store.frames is None
    lengths = [2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 2, 3, 4, 5, 2, 3, 4]
    np.testing.assert_array_equal(dataset.store.lengths, lengths)
    np.testing.assert_array_equal(dataset.store.offsets, np.cumsum([0, *lengths[:-1]]))
    for field in ("lengths", "offsets", "labels"):
        assert getattr(dataset.store, field).dtype == np.int32


def test_corpora_are_ranges_of_the_data_set(dataset):
    for corpus, range_ in dataset.corpora.items():
        names = [dataset.utterances[i] for i in range_.indices]
        assert all(name.startswith(f"{corpus}/") for name in names)
    assert dataset.corpora["one"].counts == {"fear": 5, "anger": 5}


def test_what_is_left_out_and_what_is_lacking_is_said(dataset):
    assert dataset.notices == (
        "one: 10 of 15 utterances are used; not asked for: neutral.",
        "three: has no utterance of fear.",
    )


def test_a_corpus_with_none_of_the_emotions_is_an_error():
    with pytest.raises(InputError) as caught:
        build_dataset(CORPORA, ["disgust", "sadness"])
    for part in ("'one'", "disgust, sadness", "anger, fear, neutral", "--emotions"):
        assert part in str(caught.value)


SPLIT = Split("custom", ("one", "two"), "three")


def test_nothing_of_the_target_is_trained_or_selected_on(dataset):
    division = divide(dataset, SPLIT, Config())
    used = np.concatenate([*division.train, *division.validation.values()])
    assert not set(used) & set(dataset.corpora["three"].indices)
    np.testing.assert_array_equal(division.test, dataset.corpora["three"].indices)


def test_no_speaker_is_on_both_sides_and_no_utterance_is_lost(dataset):
    division = divide(dataset, SPLIT, Config(validation_fraction=0.4))
    train = {dataset.speakers[i] for i in division.train[0]}
    validation = {dataset.speakers[i] for i in division.validation["one"]}
    assert not train & validation
    assert validation == set(division.speakers["one"])
    assert len(validation) == 2
    assert len(division.train[0]) + len(division.validation["one"]) == 10


def test_a_corpus_of_few_speakers_gives_none_and_says_so(dataset):
    division = divide(dataset, SPLIT, Config())
    assert "two" not in division.validation
    assert len(division.train[1]) == 4
    assert "two: has 2 speaker(s)" in division.notices[0]


def test_an_emotion_that_no_source_has_is_said(dataset):
    division = divide(dataset, Split("custom", ("three",), "one"), Config())
    assert division.notices == (
        "No source of three has an utterance of fear to train on: it cannot be learnt.",
    )


def test_a_corpus_is_split_alike_whatever_it_is_joined_with(dataset):
    other = divide(dataset, Split("custom", ("three", "one"), "two"), Config())
    assert other.speakers["one"] == divide(dataset, SPLIT, Config()).speakers["one"]
