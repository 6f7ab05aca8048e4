"""The layers for a CPU against those of JAX and Flax, with derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from damldg_jax.convolution import convolve, max_pool
from damldg_jax.models import _max_pool
from tests.tiny import tiny_batch, tiny_resnet

LAYOUT = ("NHWC", "HWIO", "NHWC")
STRAIGHT = jax.lax.conv_general_dilated


def normal(*shape, seed=0):
    return jnp.array(np.random.default_rng(seed).normal(size=shape))


def relative(a, b):
    a, b = (np.asarray(ravel_pytree(x)[0]) for x in (a, b))
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@functools.partial(jax.jit, static_argnums=0)
def curved(function, *arguments):
    """Gradient of the sum of squares, and how it changes along a direction."""
    gradient = jax.grad(
        lambda *x: (function(*x) ** 2).sum(), tuple(range(len(arguments)))
    )
    along = tuple(normal(*x.shape, seed=9) for x in arguments)
    return jax.jvp(gradient, arguments, along)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("size", "channels", "stride", "shape"),
    [
        (7, 1, 2, (13, 8)),
        (7, 1, 2, (12, 9)),
        (7, 1, 1, (7, 7)),
        (1, 3, 2, (7, 4)),
        (1, 3, 2, (8, 5)),
        (1, 3, 1, (4, 4)),
    ],
)
def test_convolution(size, channels, stride, shape):
    x, kernel = normal(2, *shape, channels), normal(size, size, channels, 5, seed=1)
    padding = ((size // 2, size // 2),) * 2
    options = {"window_strides": (stride, stride), "padding": padding}

    def expected(x, kernel):
        return STRAIGHT(x, kernel, **options, dimension_numbers=LAYOUT)

    def actual(x, kernel):
        return convolve(x, kernel, (stride, stride), padding, dimension_numbers=LAYOUT)

    assert actual(x, kernel).shape == expected(x, kernel).shape
    assert relative(actual(x, kernel), expected(x, kernel)) < 1e-13
    assert relative(curved(actual, x, kernel), curved(expected, x, kernel)) < 1e-13


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (13, 8), (12, 9)])
def test_max_pool(shape):
    x = normal(2, *shape, 3)
    np.testing.assert_array_equal(max_pool(x), _max_pool(x))
    assert relative(curved(max_pool, x), curved(_max_pool, x)) < 1e-13


def test_what_is_out_of_the_ordinary_is_left_to_jax():
    """Padded 1x1 convolutions, and channels in groups."""
    x, kernel = normal(2, 5, 4, 3), normal(1, 1, 3, 2, seed=1)
    padding = ((1, 1), (0, 0))
    expected = STRAIGHT(x, kernel, (1, 1), padding, dimension_numbers=LAYOUT)
    actual = convolve(x, kernel, (1, 1), padding, dimension_numbers=LAYOUT)
    np.testing.assert_array_equal(actual, expected)
    kernel, options = normal(3, 3, 1, 3), {"feature_group_count": 3}
    options["dimension_numbers"] = LAYOUT
    expected = STRAIGHT(x, kernel, (1, 1), padding, **options)
    np.testing.assert_array_equal(
        convolve(x, kernel, (1, 1), padding, **options), expected
    )


def test_ties_share_their_gradient():
    x = jnp.ones((1, 5, 4, 2))
    shared = jax.grad(lambda x: max_pool(x).sum())(x)
    first = jax.grad(lambda x: _max_pool(x).sum())(x)
    assert shared.sum() == first.sum() == 12
    assert shared.max() < first.max()


@pytest.mark.usefixtures("float64")
def test_a_whole_network_has_the_same_gradient():
    """Rectified maps are full of ties: all of them zeros."""
    batch = tiny_batch(dtype=np.float64)
    gradients = []
    for for_cpu in (True, False):
        network = tiny_resnet(for_cpu=for_cpu)
        params, batch_stats = jax.tree.map(
            lambda x: x.astype(jnp.float64), network.init(jax.random.key(0))
        )

        def loss(params, network=network, batch_stats=batch_stats):
            forward = network.training_forward(batch_stats)
            logits, _ = forward(params, batch.inputs)
            return (logits**2).mean()

        gradients.append(jax.jit(jax.grad(loss))(params))
    assert relative(*gradients) < 1e-12
