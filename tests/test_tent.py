"""Entropy minimisation over scales and biases, as pure functions."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.augment import Augmentation
from damldg_jax.batches import pack_domains
from damldg_jax.losses import entropy
from damldg_jax.networks import NETWORKS, NetworkSettings, has_affine
from damldg_jax.sampling import Windowing
from damldg_jax.tent import (
    affine_of,
    compile_tent,
    entropy_and_gradient,
    with_affine,
)
from tests.heads import SILENCE, embeddings, head, start
from tests.tiny import FEATURES, FRAMES, sloped_store

DOMAINS = pack_domains([np.arange(40)])
# As in training: what adapts takes no notice of the augmentation.
WINDOWING = Windowing(FRAMES, SILENCE, Augmentation())


@functools.cache
def adapter(name="pooled", learning_rate=0.01):
    return compile_tent(head(name), WINDOWING, 8, learning_rate)


@functools.cache
def store():
    return jax.tree.map(jnp.asarray, sloped_store())


def adapt(name="pooled", seed=0, steps=3, learning_rate=0.01, **changes):
    params, batch_stats = start(name)
    given = {"params": params, "batch_stats": batch_stats, "store": store(), **changes}
    tent = adapter(name, learning_rate)
    return tent(**given, domains=DOMAINS, seed=seed, steps=range(steps))


def same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def flat(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree, is_leaf=lambda x: x is None)
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): x for path, x in leaves
    }


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([1 / 3, 1 / 3, 1 / 3], math.log(3)),
        ([0.5, 0.25, 0.25], 1.5 * math.log(2)),
        ([0.9, 0.05, 0.05], 0.394398),
    ],
)
def test_entropies_by_hand(probabilities, expected):
    # Whatever is added to all logits alike.
    logits = jnp.log(jnp.array([probabilities])) + 7
    np.testing.assert_allclose(entropy(logits), [expected], rtol=1e-5)


def test_of_what_is_sure_entropy_and_gradient_are_nothing():
    logits = jnp.array([1e4, 0.0, -1e4])
    value, gradient = jax.value_and_grad(entropy)(logits)
    assert value == 0
    np.testing.assert_array_equal(gradient, np.zeros(3))


SETTINGS = {
    "resnet": {"depth": 10, "width": 2},
    "resnet, groups": {"depth": 10, "width": 2, "norm": "group"},
    "pooled": {"hidden_units": (4, 3)},
    "pooled, linear": {"hidden_units": ()},
    "attentive": {"hidden_units": (4,), "width": 3},
    "attentive, linear": {"hidden_units": (), "width": 3},
    "temporal": {"hidden_units": (4,), "width": 3},
    "temporal, linear": {"hidden_units": (), "width": 3},
    "transformer": {"hidden_units": (4,), "blocks": 2, "last_norm": True},
    "transformer, linear": {"hidden_units": ()},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_scales_and_biases_are_those_of_normalisation_layers(name):
    key, settings = name.partition(",")[0], NetworkSettings(**SETTINGS[name])
    network = NETWORKS[key].factory(settings, 3, FEATURES)
    params, _ = jax.eval_shape(network.init, jax.random.key(0))
    affine = affine_of(params)
    chosen = {path for path, x in flat(affine).items() if x is not None}
    norms = {path for path in flat(params) if "norm" in path.split("/")[-2]}
    assert chosen == norms
    assert {*SETTINGS} >= {*NETWORKS}
    assert bool(chosen) == has_affine(key, settings)
    assert with_affine(params, affine) == params


def test_nothing_else_moves():
    before, after = flat(start("temporal")[0]), flat(adapt("temporal").params)
    assert before.keys() == after.keys()
    moved = {path for path in before if (before[path] != after[path]).any()}
    norms = ("pool/norm1", "pool/norm2", "norm1")
    assert moved == {f"encoder/{n}/{x}" for n in norms for x in ("scale", "bias")}


@pytest.mark.parametrize("name", ["pooled", "temporal"])
def test_the_gradient_is_that_of_finite_differences(name, float64):
    params, batch_stats = start(name, dtype=np.float64)
    inputs = jnp.asarray(embeddings(1, 8, 9), jnp.float64)
    affine = affine_of(params)
    of = jax.jit(functools.partial(entropy_and_gradient, head(name)))
    _, gradient = of(params, affine, batch_stats, inputs)
    rng = np.random.default_rng(0)
    direction = jax.tree.map(lambda x: rng.normal(size=x.shape), affine)

    def along(step):
        moved = jax.tree.map(lambda x, d: x + step * d, affine, direction)
        return of(params, moved, batch_stats, inputs)[0]

    expected = (along(1e-6) - along(-1e-6)) / 2e-6
    parts = jax.tree.map(lambda g, d: (g * d).sum(), gradient, direction)
    assert abs(expected) > 1e-4
    np.testing.assert_allclose(sum(jax.tree.leaves(parts)), expected, rtol=1e-6)


def test_entropy_falls():
    adapted = adapt(steps=40, learning_rate=0.05)
    assert adapted.entropies.shape == (40,)
    assert adapted.entropies[-5:].mean() < 0.7 * adapted.entropies[:5].mean()
    # The mean over other examples too, of which the steps saw some at most.
    network, (params, batch_stats) = head("pooled"), start("pooled")
    inputs = embeddings(1, 40, FRAMES, seed=5)
    means = [
        entropy(network.training_forward(batch_stats)(p, inputs)[0]).mean()
        for p in (params, adapted.params)
    ]
    assert means[1] < means[0]


def test_it_is_the_same_each_time_and_another_by_another_seed():
    one, again, other = adapt(), adapt(), adapt(seed=1)
    same(one, again)
    assert (one.entropies != other.entropies).all()


def test_going_on_is_compiled_once():
    traces, network = [], head("pooled")

    def encode(*args):
        traces.append(args)
        return network.encode(*args)

    tent = compile_tent(network._replace(encode=encode), WINDOWING, 8, 0.01)
    for seed in (0, 1):
        tent(*start("pooled"), store(), DOMAINS, seed, range(2))
    assert len(traces) == 1


def test_no_steps_leave_all_as_it_is():
    adapted = adapt(steps=0)
    same(adapted.params, start("pooled")[0])
    assert adapted.entropies.shape == (0,)


def test_neither_labels_nor_others_nor_running_statistics_have_a_part():
    frames = store().frames.at[int(store().offsets[40]) :].set(jnp.nan)
    labels = jnp.full_like(store().labels, -1)
    changed = store()._replace(frames=frames, labels=labels)
    batch_stats = jax.tree.map(lambda x: x + 9, start("pooled")[1])
    same(adapt(), adapt(store=changed, batch_stats=batch_stats))
