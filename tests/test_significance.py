"""Intervals, tests and what is said of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.metrics import score
from damldg_jax.significance import MEASURES, Outcome, compare, holm, interval, sentence
from damldg_jax.significance.bootstrap import draw
from damldg_jax.significance.comparison import Comparison
from damldg_jax.significance.means import means
from damldg_jax.significance.outcome import speaker_counts
from damldg_jax.significance.permutation import (
    least_speakers_p,
    least_trials_p,
    speakers_p_value,
    trials_p_value,
)
from tests.outcomes import outcome


@given(st.integers(0, 1000), st.sampled_from(["accuracy", "uar", "macro_f1"]))
def test_measures_agree_with_the_scores_of_a_run(seed, name):
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, 4, (2, 30))
    labels[labels == 3] = 0  # A class that the target lacks, but that may be said.
    confusion = score(labels, predicted, 4).confusion.astype(float)
    value = MEASURES[name](np.stack([confusion, 2 * confusion]))
    np.testing.assert_allclose(value, getattr(score(labels, predicted, 4), name))


def test_counts_of_speakers_by_hand():
    given_outcome = Outcome(
        labels=np.array([0, 1, 1]),
        predicted=np.array([[0, 0, 1]]),
        speakers=np.array(["b", "a", "b"]),
        utterances=np.array(["x", "y", "z"]),
    )
    np.testing.assert_array_equal(
        speaker_counts(given_outcome), [[[[0, 0], [1, 0]], [[1, 0], [0, 1]]]]
    )


def test_n_less_one_are_drawn():
    drawn = draw(np.random.default_rng(0), 5, 20_000)
    assert (drawn.sum(axis=1) == 4).all()
    # The variance of the mean of n - 1 draws is that of the mean of a sample.
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    spread = (drawn @ values / 4).var()
    assert spread == pytest.approx(values.var(ddof=1) / 5, rel=0.05)
    np.testing.assert_array_equal(draw(np.random.default_rng(0), 1, 3), np.ones((3, 1)))


def test_interval_holds_its_value_and_says_what_it_covers():
    found = interval([outcome(speaker_sd=0.1)])
    assert found.low < found.value < found.high
    assert found.covers == "trials and speakers"
    assert found.sd > 0
    alone = interval([outcome(trials=1)])
    assert alone.covers == "speakers"
    assert math.isnan(alone.sd)


def test_of_one_speaker_the_interval_is_students_of_trials():
    # Accuracies 1/4, 2/4 and 3/4: 4.3027 times 0.25 / sqrt(3) on both sides.
    predicted = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]])
    one = Outcome(np.zeros(4, int), predicted, np.full(4, ""), np.arange(4).astype(str))
    found = interval([one], "accuracy")
    assert found.value == pytest.approx(0.5)
    assert found.sd == pytest.approx(0.25)
    assert found.high - 0.5 == pytest.approx(4.302653 * 0.25 / math.sqrt(3), rel=1e-6)
    assert found.covers == "trials"
    nothing = interval([one._replace(predicted=predicted[:1])])
    assert math.isnan(nothing.low)
    assert nothing.covers == ""


def test_a_speaker_more_or_less_matters_more_than_an_utterance():
    """Utterances of a speaker go together: the interval is the wider for it."""
    clustered = outcome(trials=1, speakers=10, each=40, speaker_sd=0.2)
    apart = clustered._replace(speakers=clustered.utterances)
    wide, narrow = interval([clustered]), interval([apart])
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_intervals_cover_what_they_promise():
    """Of 200 experiments with 10 speakers and 5 trials most hold the true accuracy."""
    held = 0
    for seed in range(200):
        drawn = outcome(
            0.5, 5, 10, 20, seed, speaker_sd=0.1, trial_sd=0.03, labels_seed=seed
        )
        found = interval([drawn], "accuracy", num_resamples=500)
        held += found.low <= 0.5 <= found.high
    # Percentiles of so few speakers are a little too narrow.
    assert 0.87 <= held / 200 <= 0.99


@given(st.integers(0, 50))
def test_order_of_utterances_changes_nothing(seed):
    a, b = outcome(0.5, seed=seed, speakers=4), outcome(0.6, seed=seed + 1, speakers=4)
    order = np.random.default_rng(seed).permutation(len(a.labels))

    def turned(x):
        parts = x.labels[order], x.predicted[:, order]
        return Outcome(*parts, x.speakers[order], x.utterances[order])

    assert compare([a], [b], num_resamples=50) == compare(
        [turned(a)], [turned(b)], num_resamples=50
    )


def test_a_method_does_not_differ_from_itself():
    same = compare([outcome()], [outcome()])
    assert same.difference == 0
    assert same.p_value == 1
    assert same.low <= 0 <= same.high


def test_the_other_way_round_is_the_mirror_image():
    a, b = outcome(0.5, seed=1), outcome(0.6, seed=2)
    there, back = compare([a], [b]), compare([b], [a])
    assert there.difference == pytest.approx(-back.difference)
    assert there.p_value == pytest.approx(back.p_value)


def test_swaps_of_speakers_by_hand():
    # Three speakers, on each of whom the first method is right and the second wrong:
    # of eight swaps only that of none and that of all differ as much.
    labels = np.array([0, 0, 0])
    names = np.array(["a", "b", "c"])
    first = Outcome(labels, np.array([[0, 0, 0]]), names, names)
    second = first._replace(predicted=np.array([[1, 1, 1]]))
    counts = [[np.pad(speaker_counts(first), [(0, 0), (0, 0), (0, 1), (0, 1)])]]
    counts.append([speaker_counts(second)])
    assert speakers_p_value(*counts, "accuracy") == pytest.approx(2 / 8)
    assert least_speakers_p(3) == 2 / 8


def test_targets_of_one_name_have_their_speakers_swapped_together():
    # Right in both tests against wrong in both: of the same three speakers the swaps of
    # none and of all differ as much, of eight; of six speakers two of sixty-four.
    labels = np.array([0, 0, 0])
    names = np.array(["a", "b", "c"])
    first = Outcome(labels, np.array([[0, 0, 0]] * 2), names, names)
    second = first._replace(predicted=np.array([[1, 1, 1]] * 2))
    given = [first, first], [second, second], "accuracy"
    same, others = compare(*given, names=["x", "x"]), compare(*given)
    assert (same.num_speakers, others.num_speakers) == (3, 6)
    assert same.p_speakers == pytest.approx(2 / 8)
    assert others.p_speakers == pytest.approx(2 / 64)
    assert compare(*given, names=["x", "y"]) == others


@pytest.mark.parametrize(
    ("others", "shared", "told"),
    [
        ({"trials": 2}, {"networks": "nn"}, "network 'n' have other trials"),
        ({"speakers": 5}, {"names": "nn"}, "name 'n' have other speakers"),
    ],
)
def test_what_is_drawn_together_must_be_alike(others, shared, told):
    both = [outcome(), outcome(**others)]
    with pytest.raises(ValueError, match=told):
        compare(both, both, **shared)


@pytest.mark.parametrize("trials", [1, 5])
def test_speakers_and_networks_of_one_name_are_drawn_together(trials):
    # The same test twice is no second test: how sure it is, is how sure one is.
    a, b = outcome(0.6, trials, seed=1), outcome(0.5, trials, seed=2)
    one = compare([a], [b])
    same = {"names": ["x", "x"], "networks": ["n", "n"]}
    twice, apart = compare([a] * 2, [b] * 2, **same), compare([a] * 2, [b] * 2)
    assert twice._replace(num_targets=1) == pytest.approx(one, nan_ok=True)
    assert apart.high - apart.low < 0.85 * (one.high - one.low)


def test_deals_of_trials_by_hand():
    # All trials of the first are ahead of all of the second: of the 6 ways to deal two
    # and two, the actual one and its mirror differ most. On two targets, 2 of 36.
    ahead = np.array([[[[3.0, 1.0], [0, 0]]], [[[4.0, 0], [0, 0]]]])
    behind = np.array([[[[1.0, 3.0], [0, 0]]], [[[2.0, 2.0], [0, 0]]]])
    assert trials_p_value([ahead], [behind], "accuracy") == pytest.approx(2 / 6)
    both = trials_p_value([ahead, ahead], [behind, behind], "accuracy")
    assert both == pytest.approx(2 / 36)
    assert least_trials_p([(2, 2)]) == pytest.approx(2 / 6)
    assert least_trials_p([(2, 2), (2, 2)]) == pytest.approx(2 / 36)


@pytest.mark.parametrize("trials", [20, 100])
def test_deals_of_many_trials_are_drawn(trials):
    rng = np.random.default_rng(0)
    right = rng.integers(30, 60, size=(2, trials)).astype(float)
    counts = np.zeros((2, trials, 1, 2, 2))
    counts[..., 0, 0, 0], counts[..., 0, 0, 1] = right, 100 - right
    first, second = counts
    alike = trials_p_value([first], [second], "accuracy")
    assert 0.01 < alike <= 1
    assert trials_p_value([first], [second], "accuracy") == alike
    second = second[:, :, :, ::-1]
    assert trials_p_value([first], [second], "accuracy") == 1 / 5000


def test_false_claims_are_rare():
    """Of two methods that are alike p is 0.05 in one experiment of twenty at most."""
    claims = sum(
        compare(
            [outcome(0.5, 4, 8, 15, 2 * seed, trial_sd=0.03)],
            [outcome(0.5, 4, 8, 15, 2 * seed + 1, trial_sd=0.03)],
            num_resamples=10,
        ).p_value
        <= 0.05
        for seed in range(200)
    )
    assert claims <= 16


def test_a_real_difference_is_found():
    a = outcome(0.7, 5, 12, 30, 1, speaker_sd=0.05, trial_sd=0.02)
    b = outcome(0.5, 5, 12, 30, 2, speaker_sd=0.05, trial_sd=0.02)
    found = compare([a], [b])
    assert found.p_value < 0.02
    assert 0.1 < found.low < found.difference < found.high < 0.3


def test_of_a_method_without_seed_speakers_alone_are_swapped():
    fixed = outcome(0.5, 1, seed=9)._replace(deterministic=True)
    found = compare([outcome(0.6, 3)], [fixed])
    assert math.isnan(found.p_trials)
    assert found.p_value == found.p_speakers
    assert found.num_trials == 3


def test_other_utterances_are_refused():
    a = outcome()
    with pytest.raises(ValueError, match="utterances"):
        compare([a], [a._replace(utterances=a.utterances[::-1])])
    with pytest.raises(ValueError, match="2 targets"):
        compare([a, a], [a])


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.2 times 4, 3, 2, 1, never falling: 0.04, 0.06, 0.06.
    adjusted = holm([0.03, 0.01, 0.2, 0.02])
    np.testing.assert_allclose(adjusted, [0.06, 0.04, 0.2, 0.06])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1, 1])
    assert holm([]).shape == (0,)


def said(**changes):
    base = Comparison(0.032, 0.011, 0.053, 0.004, 0.004, 0.001, 0.001, 10, 24, 1)
    return sentence(base._replace(**changes), 0.012, "DA-MLDG", "Deep-All", "emovo")


def test_a_difference_beyond_noise_in_words():
    assert said() == (
        "DA-MLDG is 3.2 points of UAR ahead of Deep-All on emovo (95 % interval +1.1 "
        "to +5.3, 24 speakers, 10 trials; p = 0.012 after Holm's correction): more "
        "than noise."
    )


def test_what_claims_nothing():
    assert said(num_trials=1).endswith("With one trial, nothing is claimed from that.")
    assert "cannot show" in said(least_p=0.1)
    # An interval that holds zero, whatever the test says.
    assert said(low=-0.01).endswith("no more than noise may bring.")
    assert "behind" in said(difference=-0.032)
    assert said(difference=0.0, num_trials=1).startswith("DA-MLDG and Deep-All score")


def test_means_of_the_paper():
    """Table III, DA-MLDG: UM 42.69 and GM 41.81; Deep-All: 41.83 and 40.61."""
    of_da_mldg = means([31.35, 39.41, 46.80, 43.21, 62.26, 38.79, 37.11])
    assert of_da_mldg.unweighted == pytest.approx(42.69, abs=0.02)
    assert of_da_mldg.geometric == pytest.approx(41.81, abs=0.02)
    of_deep_all = means([26.95, 43.40, 47.03, 43.16, 60.65, 31.54, 40.19])
    assert of_deep_all.unweighted == pytest.approx(41.83, abs=0.02)
    assert of_deep_all.geometric == pytest.approx(40.61, abs=0.02)
    assert means([0.0, 1.0], [3, 1]) == (0.5, 0.25, 0.0)
    assert math.isnan(means([0.5]).weighted)
