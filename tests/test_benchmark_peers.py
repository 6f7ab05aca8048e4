"""What is compared in speed computes the same: gradients of the peers against JAX's."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from benchmarks import parameters
from benchmarks.split import Split
from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.meta import Batch, hold_out
from damldg_jax.models import resnet
from experiments.benchmark.process import IMPLEMENTATIONS
from experiments.benchmark.setting import Setting, noise
from experiments.benchmark.variants import VARIANTS
from tests.baselines import QUICK

TINY = Setting(depth=10, width=2, per_domain=4, frames=20, features=8, classes=3)
# The first key of which the last domain is held out, as the peers have it.
KEY = next(
    key
    for key in map(jax.random.key, range(100))
    if hold_out(key, Batch(jnp.zeros((3, 1)), jnp.zeros((3, 1)), None)).held_out[0] == 2
)
CASES = [
    (name, variant)
    for name in ("pytorch_create_graph", "pytorch_func", "tensorflow")
    for variant in IMPLEMENTATIONS[name].variants
    # TensorFlow takes long to trace; its variants differ by single lines.
    if name != "tensorflow" or variant in ("deep_all", "da_mldg_second_order")
]


@functools.cache
def initial():
    """Parameters in double precision, none of them at a special value."""
    network = resnet(TINY.classes, TINY.features, depth=TINY.depth, width=TINY.width)
    params, batch_stats = network.init(jax.random.key(1))
    rng = np.random.default_rng(2)
    shake = lambda x: x + 0.1 * rng.standard_normal(x.shape)  # noqa: E731
    params = jax.tree.map(lambda x: shake(np.asarray(x, np.float64)), params)
    return network, params, batch_stats


def samples():
    inputs, labels = noise(TINY)
    return inputs.astype(np.float64), labels % TINY.classes


def flatten(params):
    return traverse_util.flatten_dict(params, sep="/")


@functools.cache
def expected(name):
    variant = VARIANTS[name]
    network, params, batch_stats = initial()
    batch_stats = jax.tree.map(lambda x: np.asarray(x, np.float64), batch_stats)
    inputs, labels = samples()
    settings = Hyperparameters(
        second_order=variant.second_order, margin_gradient=variant.margin_gradient
    )
    algorithm = ALGORITHMS[variant.method].factory(network, settings, None)
    batch = Batch(jnp.asarray(inputs[..., None]), jnp.asarray(labels), None)
    step = jax.jit(algorithm.gradient, compiler_options=QUICK)
    gradient, _ = step(params, batch_stats, (), batch, KEY)
    return jax.tree.map(np.asarray, flatten(gradient))


def peer(implementation):
    if implementation == "tensorflow":
        pytest.importorskip("tensorflow")
        from benchmarks import tensorflow_peer

        return tensorflow_peer.Peer
    reason = "PyTorch is absent: pip install -r benchmarks/requirements.txt"
    pytest.importorskip("torch", reason=reason)
    from benchmarks import pytorch_peer

    return pytorch_peer.Peer


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("implementation", "variant"), CASES)
def test_a_peer_descends_the_gradient_of_this_package(implementation, variant):
    make = peer(implementation)
    setting = dataclasses.replace(TINY, implementation=implementation, variant=variant)
    _, params, _ = initial()
    split = Split.of(*samples(), setting.num_train_domains)
    gradient = make(setting, flatten(params), split).gradient()
    wanted = expected(variant)
    assert gradient.keys() == wanted.keys()
    scale = np.sqrt(sum(np.sum(value**2) for value in wanted.values()))
    for name, value in wanted.items():
        np.testing.assert_allclose(
            gradient[name], value, rtol=0, atol=1e-10 * scale, err_msg=name
        )


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("variant", IMPLEMENTATIONS["tensorflow"].variants)
def test_tensorflow_in_single_precision_too(variant):
    """There it normalises by another operation, the one that is measured."""
    make = peer("tensorflow")
    setting = dataclasses.replace(TINY, implementation="tensorflow", variant=variant)
    _, params, _ = initial()
    values = {k: v.astype(np.float32) for k, v in flatten(params).items()}
    split = Split.of(*samples(), setting.num_train_domains)
    gradient, wanted = make(setting, values, split).gradient(), expected(variant)
    error = sum(np.sum((gradient[k] - v) ** 2) for k, v in wanted.items())
    assert error < 1e-6 * sum(np.sum(v**2) for v in wanted.values())


def test_first_and_second_order_are_told_apart():
    """The comparison would notice a peer that stops the gradient."""
    with jax.enable_x64(True):
        for pair in (
            ("mldg_first_order", "mldg_second_order"),
            ("da_mldg_fixed_margin", "da_mldg_second_order"),
        ):
            first, second = map(expected, pair)
            largest = max(np.abs(first[n] - second[n]).max() for n in first)
            assert largest > 1e-5 * max(np.abs(x).max() for x in second.values())


def test_the_peers_network_has_the_parameters_of_this_package():
    _, params, _ = initial()
    shapes = {name: value.shape for name, value in flatten(params).items()}
    assert parameters.shapes(TINY) == shapes
    values = parameters.initial_values(TINY)
    assert {name: value.shape for name, value in values.items()} == shapes
    assert {value.dtype for value in values.values()} == {np.dtype(np.float32)}
