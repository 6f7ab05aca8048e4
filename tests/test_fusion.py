"""Distributions fused: by hand, and what holds of any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.fusion import FLOOR, MEANS, fuse, places_of

SAID = np.array(
    [
        [[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]],
        [[0.2, 0.4, 0.4], [0.2, 0.2, 0.6]],
    ]
)


def test_the_mean_of_logarithms_by_hand():
    # sqrt of 0.16, 0.04, 0.04 is 0.4, 0.2, 0.2; what both say stays.
    wanted = [[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]
    np.testing.assert_allclose(fuse(SAID), wanted, rtol=1e-14)


def test_the_arithmetic_mean_by_hand():
    wanted = [[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]
    np.testing.assert_allclose(fuse(SAID, mean="arithmetic"), wanted, rtol=1e-14)


def test_weights_by_hand():
    said = np.array([[[0.9, 0.1]], [[0.1, 0.9]]])
    # 9 to the power of 2/3 - 1/3 is 2.0801.
    odds = 9 ** (1 / 3)
    wanted = [[odds / (1 + odds), 1 / (1 + odds)]]
    np.testing.assert_allclose(fuse(said, [2, 1]), wanted, rtol=1e-14)
    wanted = [[1.9 / 3, 1.1 / 3]]
    np.testing.assert_allclose(fuse(said, [2, 1], "arithmetic"), wanted, rtol=1e-14)


def test_a_weight_of_two_is_the_same_as_being_there_twice():
    twice = np.concatenate([SAID[:1], SAID])
    for mean in MEANS:
        np.testing.assert_allclose(fuse(SAID, [2, 1], mean), fuse(twice, None, mean))


def test_no_model_alone_rules_a_class_out():
    sure = np.array([[[1.0, 0.0]], *[[[0.0001, 0.9999]]] * 9])
    assert fuse(sure).argmax() == 1
    assert 0 < fuse(sure[:1])[0, 1] <= FLOOR


def draw(seed, models, utterances=4, classes=3):
    """Distributions as a file tells them, of sure and unsure models."""
    rng = np.random.default_rng(seed)
    concentration = 10 ** rng.uniform(-2, 1)
    said = rng.dirichlet(np.full(classes, concentration), (models, utterances))
    return said.round(6), rng.uniform(0.1, 10, models)


cases = given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from(MEANS))


@cases
def test_what_is_fused_is_a_distribution(seed, models, mean):
    said, weights = draw(seed, models)
    fused = fuse(said, weights, mean)
    assert fused.shape == (4, 3)
    np.testing.assert_allclose(fused.sum(axis=1), 1, rtol=1e-12)
    assert (fused >= 0).all()


@cases
def test_a_model_fused_with_itself_stays_what_it_is(seed, models, mean):
    (said,), _ = draw(seed, 1)
    _, weights = draw(seed, models)
    fused = fuse(np.stack([said] * models), weights, mean)
    # But for the last decimal of a file, which does not add up to 1.
    np.testing.assert_allclose(fused, said, atol=3e-6)


@cases
def test_the_order_of_models_changes_no_bit(seed, models, mean):
    said, weights = draw(seed, models)
    order = np.random.default_rng(seed).permutation(models)
    np.testing.assert_array_equal(
        fuse(said, weights, mean), fuse(said[order], weights[order], mean)
    )


@cases
def test_what_is_fused_lies_between_what_all_say(seed, models, mean):
    """Of odds under the mean of logarithms, of probabilities under the other."""
    said, weights = draw(seed, models)
    fused = fuse(said, weights, mean)
    if mean == "log":
        said, fused = (np.log(np.maximum(x, FLOOR)) for x in (said, fused))
        said, fused = (x - x[..., :1] for x in (said, fused))
    assert (fused <= said.max(axis=0) + 1e-5).all()
    assert (fused >= said.min(axis=0) - 1e-5).all()


@pytest.mark.parametrize(
    ("said", "options", "told"),
    [
        (SAID[0], {}, "models, utterances, classes"),
        (SAID[:0], {}, "at least one model"),
        (np.full((1, 1, 2), np.nan), {}, "no number"),
        (np.array([[[-0.1, 1.1]]]), {}, "below 0"),
        (np.array([[[0.5, 0.4]]]), {}, "add up to 1"),
        (SAID, {"weights": [1]}, "Expected 2 weights"),
        (SAID, {"weights": [1, 0]}, "above 0"),
        (SAID, {"weights": [1, np.inf]}, "above 0"),
        (SAID, {"mean": "geometric"}, "'geometric'"),
    ],
)
def test_what_cannot_be_fused_is_named(said, options, told):
    with pytest.raises(ValueError, match=told):
        fuse(said, **options)


@given(st.permutations(list("abcdef")), st.permutations(list("abcdef")))
def test_names_are_found_in_any_order(names, among):
    assert [among[place] for place in places_of(names, among)] == names


@pytest.mark.parametrize(
    ("names", "among", "told"),
    [
        (["a", "b"], ["a", "c"], "b is in one of them alone"),
        (["a"], ["a", "b"], "b is in one of them alone"),
        (["a", "b"], ["a", "a"], "a is twice"),
        (["b", "b"], ["a", "b"], "b is twice"),
    ],
)
def test_names_that_do_not_agree_are_told(names, among, told):
    with pytest.raises(ValueError, match=told):
        places_of(names, among)
