"""The vocabulary of emotions, and how unknown words are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.emotions import EMOTIONS, PAPER_EMOTIONS, canonical, parse_emotions
from damldg_jax.errors import InputError, unknown


def test_the_paper_classifies_five_in_this_order():
    assert PAPER_EMOTIONS == ("anger", "happiness", "sadness", "disgust", "fear")
    assert EMOTIONS[:5] == PAPER_EMOTIONS
    assert len(set(EMOTIONS)) == len(EMOTIONS)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_canonical_word_stays_itself(emotion):
    assert canonical(emotion) == emotion
    assert canonical(f"  {emotion.upper()}\n") == emotion


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("Angry", "anger"),
        ("happy", "happiness"),
        ("JOY", "happiness"),
        ("sad", "sadness"),
        ("disgusted", "disgust"),
        ("fearful", "fear"),
        ("afraid", "fear"),
        ("anxiety", "fear"),
        ("neutrality", "neutral"),
        ("surprised", "surprise"),
        ("calmness", "calm"),
        ("bored", "boredom"),
        ("excited", "excitement"),
        ("frustrated", "frustration"),
    ],
)
def test_common_spellings(word, emotion):
    assert canonical(word) == emotion


def test_calm_is_not_neutral():
    assert canonical("calm") != canonical("neutral")


@given(st.sampled_from(EMOTIONS), st.text(" \t\n", max_size=3))
def test_translating_twice_changes_nothing(emotion, space):
    word = canonical(space + emotion.title() + space)
    assert canonical(word) == word


@pytest.mark.parametrize("word", ["", "angre", "oth", "xxx", "anger fear"])
def test_refuses_an_unknown_word(word):
    with pytest.raises(InputError, match=f"Unknown emotion '{word}'"):
        canonical(word)


def test_a_slip_is_answered_with_the_nearest_word():
    with pytest.raises(InputError, match="Did you mean 'happiness'"):
        canonical("Hapiness")


def test_the_order_of_a_choice_is_kept():
    assert parse_emotions(["Sad", "anger", "joy"]) == ("sadness", "anger", "happiness")
    assert parse_emotions(PAPER_EMOTIONS) == PAPER_EMOTIONS


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["anger", "fear", "anger"], "'anger' is given twice"),
        (["happy", "fear", "joy"], "'happiness' is given twice"),
        (["anger"], "At least two emotions"),
        ([], "At least two emotions"),
        (["anger", "hunger"], "Unknown emotion 'hunger'. Did you mean 'anger'"),
    ],
)
def test_refuses_a_choice_that_tells_nothing_apart(words, reason):
    with pytest.raises(InputError, match=reason):
        parse_emotions(words)


def test_unknown_names_value_hint_and_choice():
    error = unknown("corpus", "EMODBB", ["savee", "emodb", "tess"])
    assert isinstance(error, InputError)
    assert isinstance(error, ValueError)
    assert str(error) == (
        "Unknown corpus 'EMODBB'. Did you mean 'emodb'? Allowed: emodb, savee, tess."
    )


def test_unknown_gives_no_hint_where_nothing_is_near():
    assert str(unknown("method", "zzz", {"b": 1, "a": 2})) == (
        "Unknown method 'zzz'. Allowed: a, b."
    )
    assert str(unknown("method", "", iter(["a"]))) == "Unknown method ''. Allowed: a."
