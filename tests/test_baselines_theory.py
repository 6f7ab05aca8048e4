"""Algorithms other than the paper's against what theory says of them."""

import dataclasses
import functools
from unittest import mock

import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.losses import cross_entropy
from damldg_jax.meta import Batch
from tests import tiny
from tests.baselines import (
    KEY,
    QUICK,
    TELLING,
    build,
    flat,
    initial,
    problem,
    relative,
    run,
)

NEW = ("group_dro", "irm", "vrex", "coral", "mixup", "mixstyle", "fish", "sam")
DESCENDS = ("rsc", "irm", "vrex", "coral", "mixup", "mixstyle")


def but(**settings):
    return dataclasses.replace(TELLING, **settings)


@functools.cache
def _plain(dtype):
    del dtype
    network = tiny.smooth_network()

    def risk(params, batch_stats, batch):
        logits, updated = network.training_forward(batch_stats)(params, batch.inputs)
        return cross_entropy(logits, batch.labels).mean(), updated

    return jax.jit(jax.value_and_grad(risk, has_aux=True), compiler_options=QUICK)


def plain(params, batch_stats, batch):
    """``((mean cross-entropy, running statistics), gradient)``, by jax.grad alone."""
    return _plain(jnp.result_type(float))(params, batch_stats, batch)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("method", [*DESCENDS, "group_dro"])
def test_equals_finite_differences(method):
    """Group DRO's weights are held still: no gradient is to pass through them."""
    settings = but(group_dro_step_size=0.0) if method == "group_dro" else TELLING
    theta, unflatten = ravel_pytree(problem()[0])

    def value(theta):
        return run(method, settings, unflatten(theta))[1].metrics["loss"]

    step = 1e-5
    differences = [
        (value(theta + step * e) - value(theta - step * e)) / (2 * step)
        for e in np.eye(len(theta))
    ]
    assert relative(run(method, settings)[0], np.array(differences)) < 1e-6


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("group_dro", {"group_dro_step_size": 0.0}),
        ("irm", {"irm_penalty": 0.0}),
        ("vrex", {"vrex_penalty": 0.0}),
        ("coral", {"coral_penalty": 0.0}),
        ("mixstyle", {"mixstyle_probability": 0.0}),
        ("sam", {"sam_radius": 0.0}),
    ],
)
def test_is_deep_all_in_the_limit(method, settings):
    expected = run("deep_all")
    assert relative(run(method, but(**settings))[0], expected[0]) < 1e-12
    assert relative(run(method)[0], expected[0]) > 1e-2


@pytest.mark.usefixtures("float64")
def test_group_dro_takes_its_weights_for_constants():
    params, batch_stats, batch = problem()
    gradient, aux = run("group_dro")
    network = tiny.smooth_network()

    @jax.jit
    @jax.grad
    def weighted(params):
        logits, _ = network.training_forward(batch_stats)(params, batch.inputs)
        risks = cross_entropy(logits, batch.labels).mean(axis=1)
        return aux.metrics["domain_weight"] @ risks

    assert relative(gradient, weighted(params)) < 1e-12


@pytest.mark.usefixtures("float64")
def test_sam_takes_deep_alls_gradient_where_it_has_climbed():
    params, batch_stats, batch = problem()
    ascent = plain(params, batch_stats, batch)[1]
    scale = TELLING.sam_radius / np.linalg.norm(flat(ascent))
    climbed = jax.tree.map(lambda p, g: p + scale * g, params, ascent)
    (loss, _), expected = plain(climbed, batch_stats, batch)
    gradient, aux = run("sam")
    assert relative(gradient, expected) < 1e-12
    np.testing.assert_allclose(aux.metrics["loss"], loss, rtol=1e-12)


def test_sam_stays_where_nothing_rises():
    """With one class the loss is 0 everywhere."""
    with mock.patch.object(tiny, "CLASSES", 1):
        params, batch_stats, batch = problem()
        gradient, _ = jax.jit(build("sam").gradient)(
            params, batch_stats, (), batch, KEY
        )
    np.testing.assert_array_equal(flat(gradient), 0)


def domain_by_domain(rate, weights):
    """Fish by hand: the mean gradient met, and the running statistics in the end."""
    params, batch_stats, batch = problem()
    total = jax.tree.map(jnp.zeros_like, params)
    for domain in jax.random.permutation(KEY, 3):
        part = Batch(batch.inputs[domain][None], batch.labels[domain][None])
        (_, batch_stats), gradient = plain(params, batch_stats, part)
        share = functools.partial(jnp.multiply, weights[domain] / weights.sum())
        gradient = jax.tree.map(share, gradient)
        params = jax.tree.map(lambda p, g: p - rate * 3 * g, params, gradient)
        total = jax.tree.map(jnp.add, total, gradient)
    return total, batch_stats, params


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("weights", [None, (1.0, 2.0, 5.0)])
def test_fish_goes_from_domain_to_domain(weights):
    params, _, batch = problem()
    batch = batch._replace(weights=None if weights is None else jnp.array(weights))
    gradient, aux = run("fish", batch=batch)
    rate = TELLING.inner_learning_rate
    total, batch_stats, last = domain_by_domain(rate, np.array(weights or (1, 1, 1)))
    assert relative(gradient, total) < 1e-12
    assert relative(aux.batch_stats, batch_stats) < 1e-12
    # The paper's direction, over the inner steps.
    way = (flat(params) - flat(last)) / (rate * 3)
    np.testing.assert_allclose(flat(gradient), way, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("float64")
def test_fish_that_does_not_move_averages_the_domains_gradients():
    """Each is normalised by its own domain: not the gradient of the whole batch."""
    params, batch_stats, batch = problem()
    parts = [jax.tree.map(lambda x, i=i: x[i][None], batch) for i in range(3)]
    each = [plain(params, batch_stats, part)[1] for part in parts]
    expected = sum(flat(gradient) for gradient in each) / 3
    still, _ = run("fish", but(inner_learning_rate=0.0))
    assert relative(still, expected) < 1e-12
    nearly, _ = run("fish", but(inner_learning_rate=1e-9))
    assert relative(nearly, expected) < 1e-8
    assert relative(run("deep_all")[0], expected) > 1e-2


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("method", NEW)
def test_eight_devices_give_the_gradient_of_one(method):
    params, batch_stats, batch = problem()
    shared = jax.tree.map(
        lambda x: x.reshape(x.shape[0], 8, -1, *x.shape[2:]).swapaxes(0, 1), batch
    )
    gradient, aux = jax.pmap(
        build(method, axis_name="devices").gradient,
        axis_name="devices",
        in_axes=(None, None, None, 0, None),
        out_axes=None,
    )(params, batch_stats, initial(method, batch), shared, KEY)
    expected = run(method)
    assert relative(gradient, expected[0]) < 1e-12
    assert relative(aux, expected[1]) < 1e-12


# RSC and MixStyle draw for each slot whom they alter and how: another sample there
# is altered otherwise. Mixup's partners lie in the same slot, and move along.
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("method", sorted(ALGORITHMS.keys() - {"rsc", "mixstyle"}))
def test_the_order_of_samples_does_not_count(method):
    batch = problem()[2]
    order = np.random.default_rng(0).permutation(batch.labels.shape[1])
    permuted = jax.tree.map(lambda x: x[:, order], batch)
    assert relative(run(method, batch=permuted)[0], run(method)[0]) < 1e-12


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "method", ["deep_all", "irm", "vrex", "coral", "sam", "group_dro"]
)
def test_the_order_of_domains_does_not_count(method):
    batch, order = problem()[2], np.array([2, 0, 1])
    permuted = jax.tree.map(lambda x: x[order], batch)
    state, other = None, None
    if method == "group_dro":
        state = jnp.log(jnp.array([0.1, 0.3, 0.6]))
        other = state[order]
    expected, aux = run(method, state=state)
    gradient, permuted_aux = run(method, batch=permuted, state=other)
    assert relative(gradient, expected) < 1e-12
    risks = aux.metrics["domain_loss"][order]
    np.testing.assert_allclose(permuted_aux.metrics["domain_loss"], risks, rtol=1e-12)


def normalised_together(method, domains, per_domain):
    """Samples in the smallest batch of which statistics are taken."""
    if ALGORITHMS[method].holds_out:
        return (domains - 1) * per_domain
    return per_domain if method == "fish" else domains * per_domain


@pytest.mark.parametrize("method", ALGORITHMS)
@hypothesis.settings(max_examples=3)
@hypothesis.given(
    domains=strategies.integers(2, 10),
    per_domain=strategies.integers(1, 4),
    classes=strategies.integers(2, 7),
)
def test_any_shape_of_batch_gives_a_gradient(method, domains, per_domain, classes):
    with mock.patch.object(tiny, "CLASSES", classes):
        params, batch_stats, batch = problem(domains, per_domain)
        algorithm = build(method)
        state = algorithm.init(params, domains)
        step = jax.jit(algorithm.gradient, compiler_options=QUICK)
        gradient, aux = step(params, batch_stats, state, batch, KEY)
    assert jax.tree.map(jnp.shape, gradient) == jax.tree.map(jnp.shape, params)
    assert jax.tree.structure(aux.state) == jax.tree.structure(state)
    everything = (gradient, aux.batch_stats, aux.state, dict(aux.metrics))
    assert np.isfinite(flat(everything)).all()
    # Less its own mean a single sample is nothing, and there is nothing to learn.
    alone = normalised_together(method, domains, per_domain) == 1
    assert (np.linalg.norm(flat(gradient)) > 0) != alone
