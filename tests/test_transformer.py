"""Blocks of a transformer before pooling: derivatives, devices, padding, methods."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.encoders.blocks import num_heads
from damldg_jax.errors import InputError
from damldg_jax.meta import Batch
from damldg_jax.networks import NetworkSettings, check
from damldg_jax.parallel import AXIS
from damldg_jax.prediction.description import VERSION, parse
from damldg_jax.prediction.model_file import decode
from damldg_jax.transformer import transformer
from tests import trained
from tests.baselines import KEY, QUICK, TELLING, relative
from tests.heads import SILENCE, embeddings, filled
from tests.test_meta_gradient import OPTIONS, objective
from tests.tiny import CLASSES, FEATURES, FRAMES, tiny_batch


@functools.cache
def build(blocks=1, hidden_units=(), **options):
    given = {"silence": SILENCE, "last_norm": True, **options}
    return transformer(CLASSES, 8, blocks=blocks, hidden_units=hidden_units, **given)


@pytest.mark.parametrize(
    ("width", "heads"),
    [(4, 1), (64, 1), (100, 1), (128, 2), (200, 2), (384, 6), (1280, 20)],
)
def test_heads_are_64_wide_or_the_next_that_divide(width, heads):
    assert num_heads(width) == heads


def _padded(frames, before, after):
    padding = ((0, 0), (before, after), (0, 0), (0, 0))
    return np.pad(frames, padding, constant_values=SILENCE)


@functools.cache
def _evaluation():
    network = build()
    return jax.jit(network.evaluate, compiler_options=QUICK), filled(network)


def evaluate(inputs, lengths=None):
    run, start = _evaluation()
    return np.asarray(run(*start, inputs, lengths).logits)


@pytest.mark.parametrize(
    ("frames", "before", "after"), [(1, 0, 4), (3, 2, 0), (6, 1, 3)]
)
def test_padding_changes_no_result(frames, before, after):
    speech = embeddings(1, frames)
    padded = _padded(speech, before, after)
    for lengths in (None, np.array([before + frames])):
        np.testing.assert_allclose(
            evaluate(padded, lengths), evaluate(speech), rtol=1e-5, atol=1e-5
        )


def test_frames_past_the_end_do_not_count_whatever_they_hold():
    speech, lengths = embeddings(3, 9), np.array([9, 4, 1])
    together = evaluate(speech, lengths)
    for number, length in enumerate(lengths):
        alone = evaluate(speech[number : number + 1, :length])
        np.testing.assert_allclose(together[number], alone[0], rtol=1e-5, atol=1e-5)
    assert np.abs(together - evaluate(speech)).max() > 0.01


def test_in_training_padding_does_not_count_either():
    speech, start = embeddings(6, 5), filled(build())
    plain, alone = build().encode(*start, speech)
    maps, among = build().encode(*start, _padded(speech, 2, 1))
    np.testing.assert_allclose(maps, plain, rtol=1e-4, atol=1e-4)
    assert relative(among, alone) < 1e-5


@pytest.mark.parametrize("method", ALGORITHMS)
def test_every_algorithm_takes_it(method):
    network, batch = build(2), tiny_batch()
    start = jax.eval_shape(network.init, jax.random.key(0))
    algorithm = ALGORITHMS[method].factory(network, TELLING, None)
    init = functools.partial(algorithm.init, num_domains=len(batch.labels))
    state = jax.eval_shape(init, start[0])
    gradient, aux = jax.eval_shape(algorithm.gradient, *start, state, batch, KEY)
    assert jax.tree.map(jnp.shape, gradient) == jax.tree.map(jnp.shape, start[0])
    assert jax.tree.structure(aux.batch_stats) == jax.tree.structure(start[1])


def _gradient(network, method="da_mldg", axis_name=None):
    algorithm = ALGORITHMS[method].factory(network, OPTIONS[0], axis_name)
    return lambda start, batch: algorithm.gradient(*start, (), batch, KEY)


@functools.cache
def _compiled(network, method="da_mldg"):
    return jax.jit(_gradient(network, method), compiler_options=QUICK)


@pytest.mark.usefixtures("float64")
def test_the_meta_gradient_is_that_of_finite_differences():
    """With the block computed again; and where it is kept, in single precision."""
    network, batch = build(remat=True), tiny_batch(dtype=np.float64)
    start = filled(network, np.float64)
    gradient, _ = _compiled(network)(start, batch)
    theta, unflatten = ravel_pytree(start[0])
    directions = np.random.default_rng(0).normal(size=(4, len(theta)))

    def value(theta, start):
        params, anchor = unflatten(theta), start[0]
        given = build(), start[1], batch, KEY, OPTIONS[0]
        return objective(params, anchor, *given, True)

    value, step = jax.jit(value, compiler_options=QUICK), 1e-6
    differences = [
        (value(theta + step * d, start) - value(theta - step * d, start)) / (2 * step)
        for d in directions
    ]
    expected = directions @ ravel_pytree(gradient)[0]
    np.testing.assert_allclose(differences, expected, rtol=1e-6, atol=1e-6)

    with jax.enable_x64(False):
        kept, _ = _compiled(build())(filled(build()), tiny_batch())
    assert relative(kept, gradient) < 1e-4


@pytest.mark.usefixtures("float64")
def test_eight_devices_equal_one():
    batch = tiny_batch(dtype=np.float64)
    start = filled(build(), np.float64)
    gradient, aux = _compiled(build(), "deep_all")(start, batch)

    def share(x):
        return x.reshape(x.shape[0], 8, -1, *x.shape[2:]).swapaxes(0, 1)

    many = _gradient(build(axis_name=AXIS), "deep_all", AXIS)
    many = jax.pmap(many, axis_name=AXIS, in_axes=(None, 0), out_axes=None)
    on_eight, its = many(start, Batch(share(batch.inputs), share(batch.labels)))
    assert relative(on_eight, gradient) < 1e-9
    assert relative(its.batch_stats, aux.batch_stats) < 1e-9


def test_gradients_are_finite():
    few = embeddings(3, 8, FRAMES)
    few[:, :, 1:] = SILENCE
    given = {
        "single frames": few,
        "silence": np.full((3, 8, FRAMES, FEATURES, 1), SILENCE, np.float32),
        "large numbers": 1e4 * embeddings(3, 8, FRAMES),
    }
    compiled, start = _compiled(build()), filled(build())
    for told, inputs in given.items():
        gradient, aux = compiled(start, tiny_batch()._replace(inputs=inputs))
        for x in jax.tree.leaves((gradient, aux.batch_stats, aux.metrics)):
            assert np.isfinite(x).all(), told


def test_each_block_is_computed_again():
    def count(remat):
        network = build(3, remat=remat)
        shapes = jax.eval_shape(network.init, jax.random.key(0))
        jaxpr = jax.make_jaxpr(network.encode)(*shapes, tiny_batch().inputs)
        return str(jaxpr).count("remat2[") + str(jaxpr).count("checkpoint[")

    assert count(remat=False) == 0
    assert count(remat=True) == 3


@pytest.mark.parametrize("blocks", [0, 101, 1.5])
def test_numbers_of_blocks_that_cannot_be(blocks):
    with pytest.raises(InputError, match=f"--tuned_layers={blocks}: give a whole"):
        check("transformer", NetworkSettings(blocks=blocks))


def _described(**changes):
    settings = {**trained.description().network_settings, **changes}
    given = {"network": "transformer", "num_features": 6, "silence": 0.0}
    return {**given, "min_frames": 1, "network_settings": settings}


def test_a_model_file_holds_the_blocks(tmp_path):
    given = _described(blocks=1, last_norm=True)
    read = decode(trained.write(tmp_path / "x.safetensors", **given))
    blocks = read.params["encoder"]["pool"]["blocks"]
    assert sorted(blocks) == ["block1", "layer_norm"]
    rebuilt = jax.eval_shape(read.description.build().init, jax.random.key(0))
    assert jax.tree.map(jnp.shape, rebuilt[0]) == jax.tree.map(jnp.shape, read.params)


def test_model_files_of_earlier_versions_tell_nothing_of_blocks():
    now = dataclasses.asdict(trained.description(**_described()))
    settings = dict(now["network_settings"])
    for name in ("blocks", "last_norm"):
        del settings[name]
    before = {"version": VERSION, **now, "network_settings": settings}
    assert parse(before).settings == parse({"version": VERSION, **now}).settings
