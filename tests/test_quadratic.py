r"""The meta-gradient on a problem that can be worked out by hand.

One parameter, theta = 2, and two domains of one sample each, (a, c, b): the sample's
loss is ``a/2 (theta - c)^2 + 1/4`` and its energy ``b theta``. (The logits are the
logarithms of ``exp(-loss)`` and of what is left of 1, both raised by ``b theta``: the
cross-entropy of the first class is then the loss itself, and the log of the sum of
exponentials is ``b theta``.)

With S' = (1, 1, 3), V = (4, 1, 1) and eta_s = 1/2::

    grad L_theta(S')          1 (2 - 1)                             = 1
    theta'                    2 - 1/2 * 1                           = 1.5
    d theta' / d theta        1 - 1/2 * 1                           = 0.5
    E(S'), E(V)               3 * 1.5, 1 * 1.5                      = 4.5, 1.5
    gamma                     |4.5 - 1.5|                           = 3
    d gamma / d theta'        3 - 1                                 = 2
    L_theta'(V)               4/2 (1.5 - 1)^2 + 1/4                 = 0.75
    d L_theta'(V) / d theta'  4 (1.5 - 1)                           = 2

    DA-MLDG                   1 + 0.5 (3 * 2 + 0.75 * 2)            = 4.75
      gamma a mere number     1 + 0.5 (3 * 2)                       = 4
      first order             1 + (3 * 2 + 0.75 * 2)                = 8.5
    MLDG                      1 + 0.5 * 2                           = 2
      first order             1 + 2                                 = 3
    Deep-All                  (1 + 4 (2 - 1)) / 2                   = 2.5

Two virtual steps: theta'' = 1.5 - 1/2 (1.5 - 1) = 1.25, its derivative 0.25, gamma =
2 * 1.25 = 2.5, loss 4/2 * 0.25^2 + 1/4 = 0.375, slope 4 * 0.25 = 1, and DA-MLDG has
1 + 0.25 (2.5 * 1 + 0.375 * 2) = 1.8125.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.algorithms.margins import MARGINS
from damldg_jax.losses import energy
from damldg_jax.meta import Batch, hold_out
from damldg_jax.models import Network

THETA = jnp.array(2.0)
BATCH = Batch(
    jnp.array([[[1.0, 1.0, 3.0]], [[4.0, 1.0, 1.0]]]), jnp.zeros((2, 1), jnp.int32)
)


def encode(theta, batch_stats, inputs):
    a, c, b = jnp.moveaxis(inputs, -1, 0)
    loss = a / 2 * (theta - c) ** 2 + 1 / 4
    return jnp.stack([loss, b * theta], axis=-1), batch_stats


def classify(theta, maps):
    del theta
    loss, raised = maps[..., 0], maps[..., 1]
    logits = jnp.stack([-loss, jnp.log1p(-jnp.exp(-loss))], axis=-1)
    return logits + raised[..., None]


NETWORK = Network(None, encode, None, classify, None)


def key_that_holds_out(domain):
    keys = map(jax.random.key, range(100))
    return next(key for key in keys if hold_out(key, BATCH).held_out[0] == domain)


def compute(method, held_out=1, batch=BATCH, **settings):
    settings = Hyperparameters(**{"inner_learning_rate": 0.5, **settings})
    algorithm = ALGORITHMS[method].factory(NETWORK, settings, None)
    rng = key_that_holds_out(held_out)
    return algorithm.gradient(THETA, (), algorithm.init(THETA, 2), batch, rng)


def test_energy_and_loss_are_those_of_the_docstring():
    maps, _ = encode(jnp.array(1.5), (), BATCH.inputs)
    np.testing.assert_allclose(energy(classify(THETA, maps)), [[4.5], [1.5]], rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "settings", "expected"),
    [
        ("da_mldg", {}, 4.75),
        ("da_mldg", {"margin_gradient": False}, 4.0),
        ("da_mldg", {"second_order": False}, 8.5),
        ("da_mldg", {"inner_steps": 2}, 1.8125),
        ("mldg", {}, 2.0),
        ("mldg", {"second_order": False}, 3.0),
        ("deep_all", {}, 2.5),
    ],
)
def test_gradient(method, settings, expected):
    np.testing.assert_allclose(compute(method, **settings)[0], expected, rtol=1e-5)


def test_metrics():
    metrics = compute("da_mldg")[1].metrics
    np.testing.assert_allclose(metrics["loss"], 0.75, rtol=1e-6)
    np.testing.assert_allclose(metrics["meta_test_loss"], 0.75, rtol=1e-6)
    np.testing.assert_allclose(metrics["gamma"], 3.0, rtol=1e-6)
    np.testing.assert_array_equal(metrics["held_out"], [1])


def test_da_mldg_with_gamma_fixed_to_one_is_mldg(monkeypatch):
    assert compute("da_mldg")[0] != compute("mldg")[0]
    one = lambda *logits, **settings: jnp.ones(())  # noqa: E731
    monkeypatch.setitem(MARGINS, "plain", lambda *settings: one)
    assert compute("da_mldg")[0] == compute("mldg")[0]


def test_without_a_virtual_step_mldg_is_deep_all_on_both_domains():
    """1 + 4 = 5, twice the mean over the two domains."""
    for held_out in (0, 1):
        gradient, _ = compute("mldg", held_out, inner_learning_rate=0.0)
        np.testing.assert_allclose(gradient, 2 * compute("deep_all")[0], rtol=1e-6)


def test_the_order_of_domains_does_not_matter():
    """S' and V change places in the batch, and the draw with them: still 4.75."""
    turned = jax.tree.map(lambda x: x[::-1], BATCH)
    gradient, aux = compute("da_mldg", held_out=0, batch=turned)
    np.testing.assert_allclose(gradient, 4.75, rtol=1e-5)
    np.testing.assert_array_equal(aux.metrics["held_out"], [0])


def test_holding_the_other_domain_out():
    """S' = (4, 1, 1) and eta_s = 1/8: slope 4, theta' = 1.5, its derivative 0.5.

    gamma = |1.5 - 4.5| = 3 and grows by 2; L(V) = 1/2 * 0.25 + 1/4 = 0.375, slope 0.5.
    DA-MLDG: 4 + 0.5 (3 * 0.5 + 0.375 * 2) = 5.125; MLDG: 4 + 0.5 * 0.5 = 4.25.
    """
    settings = {"held_out": 0, "inner_learning_rate": 1 / 8}
    gradient, aux = compute("da_mldg", **settings)
    np.testing.assert_allclose(aux.metrics["gamma"], 3.0, rtol=1e-5)
    np.testing.assert_allclose(gradient, 5.125, rtol=1e-5)
    np.testing.assert_allclose(compute("mldg", **settings)[0], 4.25, rtol=1e-5)


def test_weights_stand_for_sizes_of_corpora():
    """Deep-All with the second domain three times as large: (1 + 3 * 4) / 4."""
    weighted = BATCH._replace(weights=jnp.array([1.0, 3.0]))
    gradient, _ = compute("deep_all", batch=weighted)
    np.testing.assert_allclose(gradient, 13 / 4, rtol=1e-6)
    # With one domain in each part weights change nothing.
    np.testing.assert_allclose(compute("da_mldg", batch=weighted)[0], 4.75, rtol=1e-5)
