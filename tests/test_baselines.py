"""Algorithms other than the paper's against numbers worked out by hand.

With logits (log 3, 0) the classes have the probabilities 3/4 and 1/4, so their
cross-entropies are log 4/3 and log 4; with equal logits both are log 2.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.algorithms.pairing import draw_partners
from damldg_jax.meta import Batch
from tests.baselines import (
    KEY,
    QUICK,
    build,
    examples,
    initial,
    relative,
    see_through,
    transparent,
    transparent_step,
)

LOG2, LOG3 = math.log(2), math.log(3)


def unequal():
    """Two domains of one sample each: their risks are log 2 and log 4."""
    return examples([[[0, 0]], [[LOG3, 0]]], [[0], [1]])


def test_group_dro_weighs_by_the_risks():
    # q = (1/2, 1/2) is multiplied by exp(risks) = (2, 4), and that is 1 : 2.
    _, aux = see_through("group_dro", unequal(), group_dro_step_size=1.0)
    np.testing.assert_allclose(aux.metrics["domain_weight"], [1 / 3, 2 / 3], rtol=1e-6)
    # 1/3 log 2 + 2/3 log 4
    np.testing.assert_allclose(aux.metrics["loss"], 5 / 3 * LOG2, rtol=1e-6)
    # Once more from (1/3, 2/3): 2/3 : 8/3 is 1 : 4.
    _, aux = see_through("group_dro", unequal(), aux.state, group_dro_step_size=1.0)
    np.testing.assert_allclose(aux.metrics["domain_weight"], [1 / 5, 4 / 5], rtol=1e-6)
    np.testing.assert_allclose(aux.metrics["loss"], 9 / 5 * LOG2, rtol=1e-6)


def test_group_dro_neither_overflows_nor_forgets():
    """A weight too small for a float grows again when its risk does."""
    _, aux = see_through("group_dro", unequal(), group_dro_step_size=1e4)
    np.testing.assert_array_equal(aux.metrics["domain_weight"], [0, 1])
    assert np.isfinite(aux.state).all()
    turned = jax.tree.map(lambda x: x[::-1], unequal())
    for _ in range(2):
        _, aux = see_through("group_dro", turned, aux.state, group_dro_step_size=1e4)
    np.testing.assert_array_equal(aux.metrics["domain_weight"], [1, 0])


@pytest.mark.parametrize(
    ("step", "penalty", "loss"),
    [
        # Mean 3/2 log 2, variance (1/2 log 2)^2; weight 1 up to the fifth step.
        (0, 10.0, 3 / 2 * LOG2 + LOG2**2 / 4),
        (4, 10.0, 3 / 2 * LOG2 + LOG2**2 / 4),
        # From then on weight 10, and all divided by 10.
        (5, 10.0, (3 / 2 * LOG2 + 10 * LOG2**2 / 4) / 10),
        # A weight below 1 divides nothing.
        (5, 0.5, 3 / 2 * LOG2 + 0.5 * LOG2**2 / 4),
    ],
)
def test_vrex_adds_the_variance(step, penalty, loss):
    _, aux = see_through(
        "vrex", unequal(), jnp.int32(step), vrex_penalty=penalty, penalty_warmup=5
    )
    np.testing.assert_allclose(aux.metrics["penalty"], LOG2**2 / 4, rtol=1e-6)
    np.testing.assert_allclose(aux.metrics["loss"], loss, rtol=1e-6)
    assert aux.state == step + 1
    assert aux.state.dtype == jnp.int32


@pytest.mark.parametrize(("step", "weight"), [(4, 1), (5, 100)])
def test_irm_adds_the_squared_slopes(step, weight):
    """The slope of -log p_y with a factor of the logits is sum_c (p_c - [c = y]) z_c.

    For logits (log 3, 0) that is -1/4 log 3 where y is 0, and 3/4 log 3 where it is 1.
    """
    same = [[LOG3, 0], [LOG3, 0]]
    batch = examples([same, same], [[0, 1], [1, 1]])
    _, aux = see_through("irm", batch, jnp.int32(step), penalty_warmup=5)
    # Slopes 1/4 log 3 and 3/4 log 3: mean square (1/16 + 9/16) / 2.
    penalty = 5 / 16 * LOG3**2
    np.testing.assert_allclose(aux.metrics["penalty"], penalty, rtol=1e-6)
    # Risks (log 4/3 + log 4) / 2 and log 4.
    risk = 2 * LOG2 - LOG3 / 4
    expected = (risk + weight * penalty) / weight
    np.testing.assert_allclose(aux.metrics["loss"], expected, rtol=1e-6)


def test_coral_adds_the_distance_of_means_and_covariances():
    # Means (1, 0), (0, 1), (0, 0); variances (1, 0), (0, 1), (0, 0), no covariance.
    embeddings = [[[0, 0], [2, 0]], [[0, 0], [0, 2]], [[0, 0], [0, 0]]]
    batch = examples(embeddings, [[0, 0], [1, 1], [0, 1]])
    _, aux = see_through("coral", batch, coral_penalty=2.0)
    # First and second: (1 + 1) / 2 + (1 + 1) / 4; each to the third: 1/2 + 1/4.
    distance = (3 / 2 + 3 / 4 + 3 / 4) / 3
    np.testing.assert_allclose(aux.metrics["penalty"], distance, rtol=1e-6)
    # Of (2, 0) and class 0 the cross-entropy is log(1 + exp(-2)).
    risk = (2 * (LOG2 + math.log1p(math.exp(-2))) / 2 + LOG2) / 3
    np.testing.assert_allclose(aux.metrics["loss"], risk + 2 * distance, rtol=1e-6)


def test_coral_sees_that_two_channels_go_together():
    # Covariance 1 against -1; means are 0 and variances 1 in both domains.
    batch = examples([[[1, 1], [-1, -1]], [[1, -1], [-1, 1]]], [[0, 0], [0, 0]])
    _, aux = see_through("coral", batch)
    # Two of the four entries differ by 2.
    np.testing.assert_allclose(aux.metrics["penalty"], 2 * 2**2 / 4, rtol=1e-6)


def repeat(step, batch, times):
    keys = jax.random.split(KEY, times)
    many = jax.jit(jax.vmap(step, (0, None, None)), compiler_options=QUICK)
    return many(keys, batch, ())


def keep_a_quarter(key, a, b, shape, dtype):
    del key, a, b
    return jnp.full(shape, 0.25, dtype)


def test_mixup_mixes_inputs_and_losses(monkeypatch):
    monkeypatch.setattr(jax.random, "beta", keep_a_quarter)
    batch = examples([[[4 * LOG3, 0]], [[0, 0]]], [[0], [1]])
    _, aux = see_through("mixup", batch)
    # A quarter of the one and three of the other: logits (log 3, 0) and (log 27, 0).
    seen = aux.batch_stats[:, 0, 0, 0]
    np.testing.assert_allclose(seen, [[LOG3, 0], [3 * LOG3, 0]], rtol=1e-6)
    # Domain 1: 1/4 log 4/3 + 3/4 log 4. Domain 2: 1/4 log 28 + 3/4 log 28/27.
    expected = [2 * LOG2 - LOG3 / 4, math.log(28) - 9 / 4 * LOG3]
    np.testing.assert_allclose(aux.metrics["domain_loss"], expected, rtol=1e-6)
    np.testing.assert_allclose(aux.metrics["loss"], np.mean(expected), rtol=1e-6)


def test_mixup_by_whole_samples_takes_one_or_the_other():
    """With a tiny alpha nearly all draws lie at 0 or 1, each for half of the pairs."""
    step = transparent_step("mixup", unequal(), mixup_alpha=1e-4)
    _, aux = repeat(step, unequal(), 100)
    # A sample keeps its own risk, log 2 or log 4, or takes all of its partner's.
    drawn = np.asarray(aux.metrics["domain_loss"]) / LOG2
    whole = np.abs(drawn - np.round(drawn)) < 1e-3
    assert whole.mean() > 0.98
    own = np.abs(drawn - np.array([1, 2])) < 1e-3
    assert (np.abs(own.mean(axis=0) - 0.5) < 0.2).all()
    assert (own[:, 0] != own[:, 1]).any()


def test_mixstyle_mixes_the_statistics_of_each_frequency(monkeypatch):
    monkeypatch.setattr(jax.random, "beta", keep_a_quarter)
    # Frames by frequency bins: mean and deviation (1, 1) and (5, 0) in the first
    # domain, (7, 3) and (0, 0) in the second.
    first, second = [[0, 5], [2, 5]], [[4, 0], [10, 0]]
    inputs = jnp.array([first, second], jnp.float32)[:, None, :, :, None]
    batch = Batch(inputs, jnp.zeros((2, 1), jnp.int32))
    _, aux = see_through("mixstyle", batch, mixstyle_probability=1.0)
    # First bin: to mean 1/4 + 21/4 and deviation 1/4 + 9/4, and the reverse.
    expected = [[[3, 1.25], [8, 1.25]], [[1, 3.75], [4, 3.75]]]
    np.testing.assert_allclose(aux.batch_stats[:, 0, :, :, 0], expected, rtol=1e-4)


def test_mixstyle_alters_as_many_steps_as_it_is_told():
    batch = examples([[[0, 1.0]], [[2, 3]]], [[0], [1]])
    step = transparent_step("mixstyle", batch, mixstyle_probability=0.25)
    _, aux = repeat(step, batch, 400)
    altered = (aux.batch_stats != batch.inputs[None]).any(axis=range(1, 6))
    # 100 expected, with a deviation of 8.7.
    assert abs(int(altered.sum()) - 100) < 5 * 8.7


@pytest.mark.parametrize("domains", [2, 3, 5])
def test_every_other_domain_is_a_partner_as_often(domains):
    keys = jax.random.split(jax.random.key(0), 500)
    drawn = np.asarray(jax.vmap(lambda key: draw_partners(key, domains))(keys))
    np.testing.assert_array_equal(
        np.sort(drawn), np.broadcast_to(np.arange(domains), drawn.shape)
    )
    shifts = np.bincount(drawn[:, 0], minlength=domains)
    expected = 500 / (domains - 1)
    assert shifts[0] == 0
    assert (abs(shifts[1:] - expected) <= 5 * math.sqrt(expected)).all()


@pytest.mark.parametrize("method", ["deep_all", "irm", "vrex", "sam"])
def test_a_domain_of_twice_the_weight_counts_as_two(method):
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(2, 4, 3)), rng.integers(0, 3, (2, 4))
    settings = {"penalty_warmup": 0}
    weights = jnp.array([2.0, 1.0])
    weighted = see_through(method, examples(logits, labels, weights), **settings)
    twice = examples(logits[[0, 0, 1]], labels[[0, 0, 1]])
    repeated = see_through(method, twice, **settings)
    assert relative(weighted[0], repeated[0]) < 1e-5
    loss = repeated[1].metrics["loss"]
    np.testing.assert_allclose(weighted[1].metrics["loss"], loss, rtol=1e-5)
    plain = see_through(method, examples(logits, labels), **settings)
    assert relative(weighted[0], plain[0]) > 1e-2


@pytest.mark.parametrize("method", ["coral", "mixup", "mixstyle", "fish"])
def test_weights_count_in_the_mean_risk(method):
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(3, 4, 3)), rng.integers(0, 3, (3, 4))
    batch = examples(logits, labels, jnp.array([1.0, 0.0, 3.0]))
    _, aux = see_through(method, batch, coral_penalty=0.0)
    first, _, third = aux.metrics["domain_loss"]
    expected = (first + 3 * third) / 4
    np.testing.assert_allclose(aux.metrics["loss"], expected, rtol=1e-6)


def test_group_dro_has_weights_of_its_own():
    weighted = unequal()._replace(weights=jnp.array([1.0, 5.0]))
    one, other = see_through("group_dro", unequal()), see_through("group_dro", weighted)
    assert relative(one[0], other[0]) == 0


@pytest.mark.parametrize("method", ALGORITHMS)
def test_too_few_domains_are_refused_when_traced(method):
    entry = ALGORITHMS[method]
    needed = 2 if entry.holds_out else entry.min_domains
    algorithm = build(method, Hyperparameters(), transparent())

    def trace(domains):
        batch = examples(np.zeros((domains, 4, 3)), np.zeros((domains, 4)))
        state = initial(method, batch)
        jax.eval_shape(algorithm.gradient, jnp.ones(3), (), state, batch, KEY)

    trace(needed)
    if entry.min_domains == 2:
        with pytest.raises(ValueError, match=f"{entry.title} sets .* only 1: give it"):
            trace(1)
