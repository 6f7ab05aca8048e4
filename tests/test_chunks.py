"""Batches in parts: the whole batch's numbers for every algorithm, in less memory."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.assembly import assemble
from damldg_jax.chunks import check_parts, in_chunks
from damldg_jax.errors import InputError
from damldg_jax.meta import Batch
from damldg_jax.models import Network, Outputs, ResNetEncoder
from damldg_jax.networks import NETWORKS, NetworkSettings
from damldg_jax.parallel import AXIS
from tests.baselines import KEY, QUICK, TELLING, relative
from tests.tiny import CLASSES, FEATURES, smooth_network, tiny_batch, tiny_resnet

DOMAINS, PER_DOMAIN = 3, 8


def plain_network():
    """Smooth, of several places and channels, and without statistics."""

    def init(key):
        first, second = jax.random.split(key)
        return {
            "first": jax.random.normal(first, (FEATURES, 6)),
            "second": jax.random.normal(second, (6, CLASSES)),
        }, {}

    def encode(params, batch_stats, inputs):
        return jnp.tanh(inputs[..., 0] @ params["first"])[..., None, :], batch_stats

    def classify(params, maps):
        return maps.mean(axis=(-3, -2)) @ params["second"]

    def evaluate(params, batch_stats, inputs, lengths=None):
        del lengths
        maps, _ = encode(params, batch_stats, inputs)
        return Outputs(classify(params, maps), maps.mean(axis=(-3, -2)))

    return Network(init, encode, None, classify, evaluate)


def short_resnet(remat=False):
    """A stem and two blocks, with groups."""
    encoder = ResNetEncoder((1, 1), 2, -2.0, for_cpu=True, norm="group", remat=remat)
    return assemble(encoder, CLASSES, FEATURES)


def start(network, dtype=np.float32):
    """Random parameters, drawn without compiling anything, and statistics."""
    rng = np.random.default_rng(3)
    return jax.tree.map(
        lambda x: rng.normal(0, 0.4, x.shape).astype(dtype),
        jax.eval_shape(network.init, jax.random.key(0)),
    )


def gradient(method, network, settings=TELLING, batch=None, axis_name=None):
    """The algorithm's gradient and aux, and what they are computed from."""
    algorithm = ALGORITHMS[method].factory(network, settings, axis_name)
    batch = tiny_batch(DOMAINS, PER_DOMAIN) if batch is None else batch
    params, batch_stats = start(network, batch.inputs.dtype)
    state = algorithm.init(params, DOMAINS)
    step = functools.partial(algorithm.gradient, params, batch_stats, state)
    return step, batch


def compute(method, network, settings=TELLING, dtype=np.float64):
    batch = tiny_batch(DOMAINS, PER_DOMAIN, dtype=dtype)
    step, batch = gradient(method, network, settings, batch)
    return jax.jit(step, compiler_options=QUICK)(batch, KEY)


def assert_same(actual, expected, tolerance):
    assert relative(actual[0], expected[0]) < tolerance
    assert relative(actual[1].metrics, expected[1].metrics) < tolerance


MEAGRE = dataclasses.replace(TELLING, keep_linearization=False)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("method", ALGORITHMS)
def test_every_algorithm_has_the_whole_batchs_gradient(method):
    expected = compute(method, plain_network())
    network = in_chunks(plain_network(), 4, unroll=False)
    assert_same(compute(method, network, MEAGRE), expected, 1e-10)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "option", [{"inner_steps": 2}, {"energy_statistics": "running"}]
)
def test_so_it_is_with_the_options_of_meta_learning(option):
    settings, meagre = (dataclasses.replace(s, **option) for s in (TELLING, MEAGRE))
    expected = compute("da_mldg", plain_network(), settings)
    actual = compute("da_mldg", in_chunks(plain_network(), 2, unroll=True), meagre)
    assert_same(actual, expected, 1e-10)


def test_a_resnet_in_parts_has_the_whole_batchs_gradient():
    expected = compute("rsc", short_resnet(), dtype=np.float32)
    network = in_chunks(short_resnet(remat=True), 2)
    assert_same(compute("rsc", network, dtype=np.float32), expected, 1e-5)


@pytest.mark.parametrize("unroll", [True, False])
def test_no_more_than_a_part_is_encoded_at_a_time(unroll):
    seen = set()
    whole = plain_network()

    def encode(params, batch_stats, inputs):
        seen.add(inputs.shape[:2])
        return whole.encode(params, batch_stats, inputs)

    network = in_chunks(whole._replace(encode=encode), 4, unroll)
    step, batch = gradient("da_mldg", network)
    jax.eval_shape(step, batch, KEY)
    # Of S', two domains, and of V, one.
    assert seen == {(2, 2), (1, 2)}


def _bytes(network):
    """Memory of a gradient over and above its arguments and results."""
    inputs = jax.ShapeDtypeStruct((DOMAINS, 8, 198, FEATURES, 1), jnp.float32)
    labels = jax.ShapeDtypeStruct((DOMAINS, 8), jnp.int32)
    step, _ = gradient("deep_all", network)
    lowered = jax.jit(step).lower(Batch(inputs, labels), KEY)
    compiled = lowered.compile(compiler_options=QUICK)
    return compiled.memory_analysis().temp_size_in_bytes


def test_memory_is_that_of_a_part():
    network = short_resnet()
    assert _bytes(in_chunks(network, 8, False)) < 0.3 * _bytes(network)


def test_eight_devices_equal_one():
    batch = tiny_batch(DOMAINS, 16)
    step, _ = gradient("da_mldg", plain_network(), batch=batch)
    expected = jax.jit(step, compiler_options=QUICK)(batch, KEY)

    def share(x):
        return x.reshape(x.shape[0], 8, -1, *x.shape[2:]).swapaxes(0, 1)

    shares = Batch(share(batch.inputs), share(batch.labels))
    network = in_chunks(plain_network(), 2)
    step, _ = gradient("da_mldg", network, MEAGRE, batch, AXIS)
    mapped = jax.pmap(step, AXIS, in_axes=(0, None), out_axes=None)
    assert_same(mapped(shares, KEY), expected, 1e-5)


def test_one_part_is_the_network_itself():
    network = smooth_network()
    assert in_chunks(network, 1) is network


def test_utterances_to_be_predicted_come_in_any_number():
    network, params = plain_network(), start(plain_network())[0]
    inputs, lengths = tiny_batch(1, 5).inputs[0], np.full(5, 9)
    actual = in_chunks(network, 4).evaluate(params, {}, inputs, lengths)
    expected = network.evaluate(params, {}, inputs, lengths)
    jax.tree.map(np.testing.assert_array_equal, actual, expected)


@pytest.mark.parametrize(
    "network", [tiny_resnet, smooth_network], ids=["resnet", "smooth"]
)
def test_statistics_over_the_batch_are_refused(network):
    with pytest.raises(InputError, match="--model=resnet --network_norm=group"):
        in_chunks(network(), 2)


def test_the_pooled_network_has_such_statistics():
    build = NETWORKS["pooled"].factory
    with pytest.raises(InputError, match="--micro_batches=3: this network normalises"):
        build(NetworkSettings(micro_batches=3), CLASSES, FEATURES)


@pytest.mark.parametrize("what", ["encode", "evaluate"])
def test_parts_that_do_not_divide_are_refused(what):
    network = in_chunks(plain_network(), 3)
    params, _ = start(network)
    with pytest.raises(InputError, match="--micro_batches=3 cannot divide the 8 "):
        getattr(network, what)(params, {}, tiny_batch(2, 8).inputs)


def test_shares_that_do_not_divide_are_refused_with_the_nearest_that_do():
    assert check_parts(24, 3, 4, 6) is None
    with pytest.raises(InputError, match=r"11 utterances .* 2 parts on each of 4 dev"):
        check_parts(11, 3, 4, 2)
    with pytest.raises(InputError, match=r"for 3 domains: 24 or 48 \(--batch_size\)"):
        check_parts(11, 3, 4, 2)
    with pytest.raises(InputError, match=r"into 8 parts\. Nearest .* domains: 16 \("):
        check_parts(5, 2, 1, 8)
