"""Every algorithm against what theory says of it, on a small smooth network."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.losses import cross_entropy, energy
from tests import tiny

# A generator that compiles faster than the default one.
KEY = jax.random.key(6, impl="rbg")


def setup(domains=3):
    """A network, its parameters and running statistics, and a batch."""
    network, rng = tiny.smooth_network(), np.random.default_rng(1)
    dtype = jnp.result_type(float)
    params, batch_stats = jax.tree.map(
        lambda x: jnp.array(rng.normal(0, 0.5, x.shape), dtype),
        jax.eval_shape(network.init, jax.random.key(0)),
    )
    return network, params, batch_stats, tiny.tiny_batch(domains, dtype=dtype)


def compute(method, domains, settings):
    network, params, batch_stats, batch = setup(domains)
    algorithm = ALGORITHMS[method].factory(network, settings, None)
    state = algorithm.init(params, domains)
    return jax.jit(algorithm.gradient)(params, batch_stats, state, batch, KEY)


@functools.cache
def _run(_dtype, *arguments):
    return compute(*arguments)


def run(method, domains=3, **settings):
    settings = Hyperparameters(**{"inner_learning_rate": 0.3, **settings})
    return _run(jnp.result_type(float), method, domains, settings)


def parts(batch, held_out):
    """The domains S' and V that a step says it has used."""
    held = np.isin(np.arange(len(batch.labels)), held_out)
    return tuple(
        jax.tree.map(lambda x, chosen=chosen: x[chosen], batch)
        for chosen in (~held, held)
    )


def risk(params, network, batch_stats, batch):
    logits = network.training_forward(batch_stats)(params, batch.inputs)[0]
    return cross_entropy(logits, batch.labels).mean()


def flat(tree):
    return np.asarray(ravel_pytree(tree)[0])


def relative(a, b):
    return np.linalg.norm(flat(a) - flat(b)) / np.linalg.norm(flat(b))


@pytest.mark.usefixtures("float64")
def test_without_a_virtual_step_mldg_adds_two_gradients():
    """Each part is normalised by its own batch statistics, not by those of both."""
    network, params, batch_stats, batch = setup(4)
    first, second = (
        run("mldg", 4, inner_learning_rate=0.0, num_held_out=2, second_order=order)
        for order in (False, True)
    )
    train, test = parts(batch, second[1].metrics["held_out"])

    @jax.jit
    @jax.grad
    def sum_of_risks(params, *parts):
        return sum(risk(params, network, batch_stats, part) for part in parts)

    for gradient, _ in (first, second):
        assert relative(gradient, sum_of_risks(params, train, test)) < 1e-12
    assert relative(second[0], sum_of_risks(params, batch)) > 0.1


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_without_a_virtual_step_da_mldg_descends_the_margin_too(statistics):
    network, params, batch_stats, batch = setup()
    settings = {"inner_learning_rate": 0.0, "energy_statistics": statistics}
    gradient, aux = run("da_mldg", **settings)
    train, test = parts(batch, aux.metrics["held_out"])
    updated = network.encode(params, batch_stats, train.inputs)[1]
    by_statistics = {
        "running": network.running_forward(updated),
        "batch": network.training_forward(updated),
    }

    def mean_energy(params, part):
        return energy(by_statistics[statistics](params, part.inputs)[0]).mean()

    def objective(params):
        gamma = jnp.abs(mean_energy(params, train) - mean_energy(params, test))
        weighted = gamma * risk(params, network, batch_stats, test)
        return risk(params, network, batch_stats, train) + weighted, gamma

    expected, gamma = jax.jit(jax.grad(objective, has_aux=True))(params)
    np.testing.assert_allclose(aux.metrics["gamma"], gamma, rtol=1e-12)
    assert relative(gradient, expected) < 1e-12


def test_a_margin_without_gradient_is_a_mere_weight():
    network, params, batch_stats, batch = setup()
    weighted, aux = run("da_mldg", margin_gradient=False)
    plain, _ = run("mldg")
    train, _ = parts(batch, aux.metrics["held_out"])
    gradient = jax.jit(jax.grad(risk), static_argnums=1)
    alone = gradient(params, network, batch_stats, train)
    expected = flat(alone) + aux.metrics["gamma"] * (flat(plain) - flat(alone))
    assert relative(weighted, expected) < 1e-5


@pytest.mark.parametrize("method", ["mldg", "da_mldg"])
def test_first_order_differs_from_second(method):
    first, _ = run(method, second_order=False)
    assert 1e-2 < relative(first, run(method)[0]) < 1


def test_the_methods_differ():
    # Settings that bring out what an algorithm does in its very first step.
    settings = {
        "group_dro_step_size": 1.0,
        "penalty_warmup": 0,
        "mixstyle_probability": 1.0,
        "sam_radius": 0.5,
    }
    gradients = [run(method, **settings)[0] for method in ALGORITHMS]
    for a, b in itertools.combinations(gradients, 2):
        assert relative(a, b) > 1e-2


@pytest.mark.parametrize(
    ("method", "statistics"),
    [("mldg", "batch"), ("da_mldg", "batch"), ("da_mldg", "running")],
)
def test_meta_train_alone_updates_the_running_statistics(method, statistics):
    network, params, batch_stats, batch = setup()
    _, aux = run(method, energy_statistics=statistics)
    train, _ = parts(batch, aux.metrics["held_out"])
    expected = network.encode(params, batch_stats, train.inputs)[1]
    np.testing.assert_allclose(aux.batch_stats["mean"], expected["mean"], rtol=1e-5)
    pooled = network.encode(params, batch_stats, batch.inputs)[1]
    assert relative(aux.batch_stats, pooled) > 1e-3


# Not Mixup and MixStyle, whose batch is an altered one, nor Fish, which normalises
# domain by domain.
@pytest.mark.parametrize(
    "method", ["deep_all", "rsc", "group_dro", "irm", "vrex", "coral", "sam"]
)
def test_the_whole_batch_updates_the_running_statistics(method):
    network, params, batch_stats, batch = setup()
    expected = network.encode(params, batch_stats, batch.inputs)[1]
    actual = run(method)[1].batch_stats
    np.testing.assert_allclose(actual["mean"], expected["mean"], rtol=1e-5)


@pytest.mark.parametrize("method", ALGORITHMS)
def test_metrics(method):
    network, params, batch_stats, batch = setup()
    metrics = run(method)[1].metrics
    if not ALGORITHMS[method].holds_out:
        assert metrics["loss"].shape == ()
        assert metrics["domain_loss"].shape == (3,)
        if method in ("deep_all", "rsc", "mixup", "mixstyle", "fish"):
            mean = metrics["domain_loss"].mean()
            np.testing.assert_allclose(metrics["loss"], mean, rtol=1e-6)
        return
    assert set(metrics) == {"loss", "meta_test_loss", "gamma", "held_out"}
    assert metrics["held_out"].shape == (1,)
    train, _ = parts(batch, metrics["held_out"])
    expected = risk(params, network, batch_stats, train)
    np.testing.assert_allclose(metrics["loss"], expected, rtol=1e-5)
    assert (metrics["gamma"] == 1) == (method == "mldg")


@pytest.mark.usefixtures("float64")
def test_deep_all_equals_finite_differences():
    network, params, batch_stats, batch = setup()
    theta, unflatten = ravel_pytree(params)
    value = jax.jit(lambda theta: risk(unflatten(theta), network, batch_stats, batch))
    step = 1e-5
    differences = [
        (value(theta + step * e) - value(theta - step * e)) / (2 * step)
        for e in jnp.eye(len(theta))
    ]
    assert relative(run("deep_all")[0], np.array(differences)) < 1e-7
