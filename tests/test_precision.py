"""Types of numbers, and computing again instead of keeping: what changes, what not."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.assembly import assemble
from damldg_jax.errors import InputError
from damldg_jax.models import ResNetEncoder, resnet
from damldg_jax.norms import num_groups
from damldg_jax.transformer import transformer
from experiments import xla
from experiments.config import Config
from tests.baselines import KEY, QUICK, TELLING, problem, relative
from tests.heads import HEADS
from tests.tiny import CLASSES, FEATURES, smooth_network, tiny_batch, tiny_resnet

NETWORKS = {
    "resnet": tiny_resnet,
    "resnet, any device": functools.partial(tiny_resnet, for_cpu=False),
    "resnet, groups": functools.partial(tiny_resnet, norm="group"),
    **{
        name: functools.partial(build, CLASSES, FEATURES, hidden_units=(6, 5))
        for name, build in {**HEADS, "transformer": transformer}.items()
    },
}


def _equations(jaxpr):
    """All primitive operations, within others too."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(
            equation.params, is_leaf=lambda x: hasattr(x, "eqns") or hasattr(x, "jaxpr")
        ):
            if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                yield from _equations(getattr(inner, "jaxpr", inner))


def _types(function, names, *arguments):
    """Types that the operations of these names take."""
    equations = _equations(jax.make_jaxpr(function)(*arguments).jaxpr)
    return [
        str(variable.aval.dtype)
        for equation in equations
        if equation.primitive.name in names
        for variable in equation.invars
    ]


def start(network, dtype=np.float32):
    """Random parameters, drawn without compiling anything, and statistics."""
    rng = np.random.default_rng(3)
    return jax.tree.map(
        lambda x: rng.normal(0, 0.4, x.shape).astype(dtype),
        jax.eval_shape(network.init, jax.random.key(0)),
    )


PRODUCTS = ("conv_general_dilated", "dot_general")
SUMS = ("reduce_sum", "reduce_mean")


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_products_are_of_the_type_and_sums_of_float32(name, dtype):
    network = NETWORKS[name](compute_dtype=dtype)
    params, batch_stats = jax.eval_shape(network.init, jax.random.key(0))
    inputs = tiny_batch().inputs
    products = _types(network.encode, PRODUCTS, params, batch_stats, inputs)
    assert len(products) >= 4
    assert set(products) == {dtype}
    assert set(_types(network.encode, SUMS, params, batch_stats, inputs)) == {"float32"}
    maps, updated = jax.eval_shape(network.encode, params, batch_stats, inputs)
    logits = jax.eval_shape(network.classify, params, maps)
    outputs = jax.eval_shape(network.evaluate, params, batch_stats, inputs)
    everything = (params, batch_stats, maps, updated, logits, outputs)
    assert {str(x.dtype) for x in jax.tree.leaves(everything)} == {"float32"}
    assert set(_types(network.classify, PRODUCTS, params, maps)) == {"float32"}


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_is_near_float32_but_not_the_same(name):
    inputs = tiny_batch().inputs
    logits = []
    for dtype in ("float32", "bfloat16"):
        network = NETWORKS[name](compute_dtype=dtype)
        params, batch_stats = start(network)
        forward = jax.jit(network.training_forward(batch_stats), compiler_options=QUICK)
        logits.append(forward(params, inputs)[0])
    assert 1e-5 < relative(*logits) < 0.05


def _gradient(method, network, settings=TELLING, dtype=np.float32):
    params, batch_stats = start(network, dtype)
    algorithm = ALGORITHMS[method].factory(network, settings, None)
    step = jax.jit(algorithm.gradient, compiler_options=QUICK)
    return step(params, batch_stats, (), tiny_batch(dtype=dtype), KEY)


def test_gradients_and_metrics_of_bfloat16_are_float32():
    network = NETWORKS["pooled"](compute_dtype="bfloat16")
    gradient, aux = _gradient("da_mldg", network)
    numbers = jax.tree.leaves((gradient, aux.batch_stats, aux.metrics["gamma"]))
    assert {str(x.dtype) for x in numbers} == {"float32"}
    assert all(np.isfinite(x).all() for x in numbers)


def _short_resnet(remat):
    """A stem, a block that keeps the size and one that halves it."""
    encoder = ResNetEncoder((1, 1), 2, -2.0, for_cpu=True, remat=remat)
    return assemble(encoder, CLASSES, FEATURES)


@pytest.mark.usefixtures("float64")
def test_rematerialisation_changes_no_gradient():
    expected = _gradient("deep_all", _short_resnet(False), dtype=np.float64)
    actual = _gradient("deep_all", _short_resnet(True), dtype=np.float64)
    assert relative(actual, expected) < 1e-10


@pytest.mark.parametrize("depth", [10, 18])
def test_each_block_and_the_stem_are_computed_again(depth):
    def count(remat):
        network = resnet(CLASSES, FEATURES, depth=depth, width=2, remat=remat)
        params, batch_stats = jax.eval_shape(network.init, jax.random.key(0))
        jaxpr = jax.make_jaxpr(network.encode)(params, batch_stats, tiny_batch().inputs)
        names = [equation.primitive.name for equation in _equations(jaxpr.jaxpr)]
        return sum(name in ("checkpoint", "remat", "remat2") for name in names)

    assert count(remat=False) == 0
    assert count(remat=True) == 1 + {10: 4, 18: 8}[depth]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("inner_steps", [1, 2])
def test_a_tangent_computed_anew_is_the_one_that_was_kept(inner_steps):
    params, batch_stats, batch = problem()
    results = []
    for keep in (True, False):
        settings = dataclasses.replace(
            TELLING, inner_steps=inner_steps, keep_linearization=keep
        )
        algorithm = ALGORITHMS["da_mldg"].factory(smooth_network(), settings, None)
        step = jax.jit(algorithm.gradient, compiler_options=QUICK)
        results.append(step(params, batch_stats, (), batch, KEY))
    assert relative(*results) < 1e-12


@pytest.mark.parametrize(
    ("channels", "groups"),
    [(1, 1), (16, 1), (31, 1), (32, 2), (40, 2), (48, 3), (64, 4), (70, 2), (512, 32)],
)
def test_groups_have_sixteen_channels_or_the_next_that_divide(channels, groups):
    assert num_groups(channels) == groups


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"micro_batches": 2}, "--network_norm=group, or --micro_batches=1"),
        ({"micro_batches": 2, "model": "pooled"}, "normalises over the whole batch"),
        ({"micro_batches": 0, "network_norm": "group"}, "micro_batches=0: give a whol"),
        ({"micro_batches": 1.5}, "--micro_batches=1.5: give a whole number"),
        ({"model": "pooled", "network_norm": "group"}, "--network_norm=batch only"),
        ({"network_norm": "layer"}, "Unknown network_norm 'layer'"),
        ({"compute_dtype": "float16"}, "Unknown compute_dtype 'float16'"),
        ({"matmul_precision": "low"}, "Unknown matmul_precision 'low'"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, told):
    with pytest.raises(InputError, match=told):
        Config(**given)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, True),
        ({"remat": True}, False),
        ({"micro_batches": 2, "network_norm": "group"}, False),
    ],
)
def test_who_is_short_of_memory_keeps_no_linearisation(given, kept):
    assert Config(**given).hyperparameters.keep_linearization is kept


@pytest.fixture
def precision():
    before = jax.config.jax_default_matmul_precision
    yield
    jax.config.update("jax_default_matmul_precision", before)


@pytest.mark.usefixtures("precision")
def test_precision_of_products_is_set_and_taken_back(monkeypatch):
    monkeypatch.delenv("JAX_DEFAULT_MATMUL_PRECISION", raising=False)
    seen = []
    for name in ("highest", "default"):
        xla.choose_precision(name)
        lowered = jax.jit(jnp.matmul).lower(jnp.ones((2, 2)), jnp.ones((2, 2)))
        seen.append("HIGHEST" in lowered.as_text())
    assert seen == [True, False]
    monkeypatch.setenv("JAX_DEFAULT_MATMUL_PRECISION", "high")
    xla.choose_precision("default")
    assert jax.config.jax_default_matmul_precision == "high"


BARRIERS = "--xla_disable_hlo_passes=cse_barrier_expander"


@pytest.mark.parametrize(
    ("platforms", "given", "kept"),
    [
        ("cpu", "", True),
        ("cuda,cpu", "", False),
        ("cpu", "--xla_disable_hlo_passes=dce", False),
    ],
)
def test_barriers_are_kept_on_a_cpu_unless_the_user_says_otherwise(
    monkeypatch, platforms, given, kept
):
    monkeypatch.setenv("JAX_PLATFORMS", platforms)
    monkeypatch.setenv("XLA_FLAGS", given)
    xla.choose_flags()
    flags = xla.os.environ["XLA_FLAGS"].split()
    assert (BARRIERS in flags) == kept
    assert set(given.split()) <= set(flags)
