"""What is to be told from speech, and how utterances of corpora are labelled."""

import dataclasses
import math

import numpy as np
import pytest

from damldg_jax.corpora.scenarios import Split
from damldg_jax.corpora.sources import resolve
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.emotions import EMOTIONS
from damldg_jax.errors import InputError
from damldg_jax.targets import TARGETS, Wishes
from experiments.config import Config
from experiments.division import divide

PLACED = [word for word in EMOTIONS if word not in ("other", "undecided")]


def examples(*labels, speakers=("a", "b", "c")):
    """An utterance of each speaker with each label: a word, or three values too."""
    labels = [x if isinstance(x, tuple) else (x, *[math.nan] * 3) for x in labels]
    return [
        Example(
            utterance=f"{speaker}/{number}",
            features=np.full((3, 2), number, np.float32),
            emotion=word,
            speaker=speaker,
            arousal=arousal,
            valence=valence,
            dominance=dominance,
        )
        for speaker in speakers
        for number, (word, arousal, valence, dominance) in enumerate(labels)
    ]


def make(kind, **wishes):
    return TARGETS[kind](Wishes(**wishes))


def test_emotions_are_sorted_by_arousal_as_published():
    target = make("arousal", emotions=tuple(PLACED[:9]))
    high = [word for word, side in target.mapping.items() if side == "high"]
    assert sorted(high) == ["anger", "fear", "happiness", "surprise"]
    assert target.classes == ("low", "high")
    assert target.mapping["calm"] == target.mapping["boredom"] == "low"


def test_emotions_are_sorted_by_valence_as_published():
    target = make("valence", emotions=tuple(PLACED[:9]))
    positive = [word for word, side in target.mapping.items() if side == "positive"]
    assert sorted(positive) == ["calm", "happiness", "neutral", "surprise"]
    assert target.classes == ("negative", "positive")
    assert target.description == (
        "Classes of valence: negative = anger, sadness, disgust, fear, boredom; "
        "positive = happiness, neutral, surprise, calm."
    )


def test_every_emotion_has_a_place_or_is_said_to_have_none():
    arousal = make("arousal", emotions=tuple(EMOTIONS))
    assert set(EMOTIONS) - set(arousal.mapping) == {"contempt", "other", "undecided"}
    assert arousal.notices == (
        "contempt, other, undecided: of no known arousal, left out.",
    )
    valence = make("valence", emotions=tuple(EMOTIONS))
    assert set(EMOTIONS) - set(valence.mapping) == {"other", "undecided"}


def test_emotions_of_one_class_alone_are_refused():
    with pytest.raises(InputError, match=r"--emotions=anger,fear .*low: boredom"):
        make("arousal", emotions=("anger", "fear"))


def test_classes_are_those_of_the_emotions():
    target = make("valence", emotions=("anger", "happiness", "surprise"))
    corpora = {
        "one": examples("anger", "surprise", "fear"),
        "two": examples("anger"),
    }
    dataset = build_dataset(corpora, target)
    assert dataset.store.labels.dtype == np.int32
    np.testing.assert_array_equal(dataset.store.labels, [0, 1] * 3 + [0] * 3)
    assert dataset.corpora["one"].counts == {"negative": 3, "positive": 3}
    assert dataset.notices == (
        "one: 6 of 9 utterances are used; not asked for: fear.",
        "two: has no utterance of positive valence.",
    )
    assert dataset.emotions == ("anger", "happiness", "surprise")
    split = Split("custom", ("two",), "one")
    assert divide(dataset, split, Config(validation_fraction=0)).notices[-1] == (
        "No source of two has an utterance of positive valence to train on: it cannot "
        "be learnt."
    )


@pytest.mark.parametrize(("kind", "label"), [("emotion", 0), ("arousal", 1)])
def test_excitement_counts_as_happiness_if_asked(kind, label):
    emotions = ("happiness", "sadness")
    corpora = {"one": examples("excitement", "happiness", "sadness")}
    apart = build_dataset(corpora, make(kind, emotions=emotions))
    assert len(apart.utterances) == 6
    target = make(kind, emotions=emotions, excitement_as_happiness=True)
    merged = build_dataset(corpora, target)
    np.testing.assert_array_equal(merged.store.labels, [label, label, 1 - label] * 3)
    assert merged.notices == ("Excitement counts as happiness.",)
    assert "xcitement" in target.description


@pytest.mark.parametrize(
    "emotions", [("anger", "sadness"), ("happiness", "excitement", "sadness")]
)
def test_excitement_needs_happiness_to_count_as(emotions):
    with pytest.raises(InputError, match="--excitement_as_happiness"):
        make("emotion", emotions=emotions, excitement_as_happiness=True)


RATED = [("anger", 5.0, 1.0, 4.0), ("other", 3.0, 2.0, 1.5)]


def test_dimensions_are_mapped_from_the_scale_of_each_corpus():
    corpora = {"mine": examples(*RATED), "native": examples(*RATED)}
    target = make("dimensions", scale=(1, 5), scales={"native": (0, 10)})
    dataset = build_dataset(corpora, target)
    labels = dataset.store.labels
    assert labels.dtype == np.float32
    np.testing.assert_allclose(labels[:2], [[1, -1, 0.5], [0, -0.5, -0.75]], rtol=1e-6)
    np.testing.assert_allclose(labels[6], [0, -0.8, -0.2], rtol=1e-6)
    assert target.num_outputs == 33
    assert dataset.emotions == ("anger", "other")
    assert dataset.notices == ()


@pytest.mark.parametrize(
    ("wishes", "named"),
    [
        ({"emotions": ("anger", "sadness")}, "--emotions"),
        ({"excitement_as_happiness": True}, "--excitement_as_happiness"),
        (
            {"emotions": ("anger",), "excitement_as_happiness": True},
            "--emotions and --excitement_as_happiness",
        ),
    ],
)
def test_who_chooses_emotions_is_told_that_dimensions_take_all(wishes, named):
    assert make("dimensions", **wishes).notices == (
        f"All utterances take part, whatever {named} says.",
    )


@pytest.mark.parametrize(
    ("entry", "scale"),
    [("iemocap", (1, 5)), ("iemocap=mine.csv", None), ("emodb", None)],
)
def test_known_layouts_declare_their_scale_and_manifests_do_not(entry, scale):
    assert resolve(entry, None).dimension_range == scale


def test_utterances_that_lack_a_dimension_are_left_out_and_said():
    lacking = ("fear", 3.0, math.nan, 2.0)
    corpora = {"one": examples(*RATED, lacking), "two": examples(*RATED)}
    dataset = build_dataset(corpora, make("dimensions"))
    assert len(dataset.utterances) == 12
    assert "a/2" not in dataset.utterances
    assert dataset.notices == (
        "one: 3 of 9 utterances lack one of arousal, valence, dominance and are left "
        "out.",
    )


def test_a_corpus_without_dimensions_is_an_error():
    corpora = {"one": examples(*RATED), "two": examples("anger")}
    with pytest.raises(InputError, match=r"'two' has all of arousal.*--target_kind"):
        build_dataset(corpora, make("dimensions"))


def test_another_scale_is_an_error_that_names_values():
    corpora = {"one": examples(*RATED, ("fear", 6.5, 2.0, 7.0))}
    with pytest.raises(InputError) as caught:
        build_dataset(corpora, make("dimensions"))
    for part in ("one: 3 utterance(s)", "a/2 (6.5, 2, 7)", "1 to 5", "dimension_range"):
        assert part in str(caught.value)
    assert build_dataset(corpora, make("dimensions", scale=(1, 7)))


def test_a_slip_among_many_values_is_left_out_and_said():
    corpus = examples(*RATED * 50, speakers=("a",))
    corpus[7] = dataclasses.replace(corpus[7], valence=5.5)
    dataset = build_dataset({"one": corpus}, make("dimensions"))
    assert len(dataset.utterances) == 99
    assert "a/7 (3, 5.5, 1.5)" in dataset.notices[0]


def test_an_end_of_the_scale_in_single_precision_is_on_it():
    rating = float(np.float32(0.1))
    corpus = examples(("anger", rating, 0.0, rating), ("fear", 0.0, rating, 0.0))
    labels = build_dataset(
        {"one": corpus}, make("dimensions", scale=(0, 0.1))
    ).store.labels
    np.testing.assert_array_equal(labels[:2], [[1, -1, 1], [-1, 1, -1]])


@pytest.mark.parametrize("given", ["1,5", (1, 5), ["1", "5"], (1.0, 5.0)])
def test_a_range_may_be_text_or_numbers(given):
    assert Config(dimension_range=given).dimension_range == (1.0, 5.0)


@pytest.mark.parametrize("given", ["1", "5,1", "1,5,7", "low,high", "1,1", "1,inf"])
def test_what_is_no_range_is_refused(given):
    with pytest.raises(InputError, match=f"--dimension_range={given} .*=1,5"):
        Config(dimension_range=given)


def _some_of(target):
    """Three labels that the target knows, of two classes or more."""
    emotions = ("anger", "sadness", "happiness")
    known = all(word in target.mapping for word in emotions) or not target.mapping
    return emotions if known else target.classes[:3]


@pytest.mark.parametrize("kind", TARGETS)
def test_every_kind_agrees_with_itself(kind):
    """Outputs, labels, scores, columns and predictions fit each other."""
    target = make(kind, min_utterances=3)
    corpora = {
        "one": examples(
            *[(w, 3.0, 2.0, 4.0 - n) for n, w in enumerate(_some_of(target))]
        )
    }
    dataset = build_dataset(corpora, target)
    target = dataset.target
    labels = dataset.store.labels
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(len(labels), target.num_outputs)).astype(np.float32)
    risks = target.objective.domain_risks(logits[None], labels[None])
    assert risks.shape == (1,)
    outputs = np.asarray(target.objective.predict(logits))
    assert outputs.shape == (len(labels), len(target.classes))
    scores = target.report.score(labels, outputs)
    assert isinstance(getattr(scores, target.report.criterion), float)
    entry = target.report.entry(scores, target.classes)
    assert all(np.isfinite(column.read(entry)) for column in target.report.columns)
    for name in {"recall", "ccc", "pearson", "rmse"} & set(entry):
        assert tuple(entry[name]) == target.classes
    header, *rows = target.report.predictions(target.classes, labels, outputs)
    assert len(rows) == len(labels)
    assert {len(row) for row in rows} == {len(header)}
