"""Utterances of any length, each predicted once, as if it were alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax import evaluation
from damldg_jax.batches import pack
from damldg_jax.evaluation import compile_predict
from damldg_jax.models import Network, Outputs
from damldg_jax.parallel import replicate
from tests.tiny import CLASSES, FEATURES, tiny_resnet

MIN_FRAMES, SILENCE = 16, -2.0
ONE = tuple(jax.local_devices()[:1])
# Shorter than a window, exactly one, exactly on a step of the lengths, and long.
LENGTHS = [1, 2, 15, 16, 17, 20, 21, 24, 25, 30, 31, 32, 40, 61, 150, 16, 20, 5]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """So that a few utterances make several batches, the last one not full."""
    monkeypatch.setattr(evaluation, "_BATCH_FRAMES", 64)


@pytest.fixture(scope="module")
def predict():
    """Shared, as its programs need compiling once."""
    return predictor(place_sensitive([]))


def predictor(network, devices=ONE):
    """Predicts by a network, given what lies in host memory."""
    predict = compile_predict(network, MIN_FRAMES, SILENCE, devices)

    def given(params, batch_stats, store, utterances):
        placed = replicate((params, batch_stats, store), devices)
        return predict(*placed, store.lengths, utterances)

    return given


@pytest.fixture(scope="module")
def store():
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(n, FEATURES)).astype(np.float32) for n in LENGTHS]
    return pack(parts, [0] * len(parts), 1)


def spectrogram(store, utterance):
    first = store.offsets[utterance]
    return store.frames[first : first + store.lengths[utterance]]


def centred(frames):
    """A short utterance in the middle of a window, the odd frame of silence behind."""
    missing = max(0, MIN_FRAMES - len(frames))
    around = ((missing // 2, missing - missing // 2), (0, 0))
    return np.pad(frames, around, constant_values=SILENCE)[None, ..., None]


def place_sensitive(shapes):
    """Sums frames weighted by their place, within ``lengths``; records its inputs."""

    def evaluate(params, batch_stats, inputs, lengths):
        shapes.append(inputs.shape)
        time = jnp.arange(inputs.shape[1])[None]
        weight = (1 + jnp.sin(time)) * (time < lengths[:, None])
        embedding = jnp.einsum("bt,btf->bf", weight, inputs[..., 0])
        return Outputs(embedding @ params + batch_stats, embedding)

    return Network(None, None, None, None, evaluate)


PARAMS = np.random.default_rng(1).normal(0, 0.1, (FEATURES, CLASSES)).astype(np.float32)
STATS = np.full((1, CLASSES), 0.5, np.float32)


def alone(store, utterance):
    """The same network on one utterance, in NumPy."""
    frames = np.float64(centred(spectrogram(store, utterance))[0, ..., 0])
    embedding = (1 + np.sin(np.arange(len(frames)))) @ frames
    return embedding @ PARAMS + STATS[0], embedding


SUBSETS = {
    "all": range(len(LENGTHS)),
    "backwards": reversed(range(len(LENGTHS))),
    "one": [14],
    "short ones": [1, 0],
    "with repeats": [4, 4, 0, 14, 4, 3, 15],
}


@pytest.mark.parametrize("subset", SUBSETS)
def test_each_as_if_alone_and_in_the_order_asked_for(predict, store, subset):
    utterances = np.array(list(SUBSETS[subset]))
    probabilities, energy, embedding = predict(PARAMS, STATS, store, utterances)
    assert probabilities.shape == (len(utterances), CLASSES)
    assert energy.shape == (len(utterances),)
    assert embedding.shape == (len(utterances), FEATURES)
    for number, utterance in enumerate(utterances):
        logits, expected = alone(store, utterance)
        odds = np.exp(logits)
        np.testing.assert_allclose(embedding[number], expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(energy[number], np.log(odds.sum()), rtol=1e-4)
        np.testing.assert_allclose(
            probabilities[number], odds / odds.sum(), rtol=1e-3, atol=1e-6
        )


@pytest.mark.parametrize("count", [3, 8])
def test_several_devices_predict_what_one_does(predict, store, count):
    devices = tuple(jax.local_devices()[:count])
    together = predictor(place_sensitive([]), devices)
    utterances = np.array(list(SUBSETS["with repeats"]))
    one = predict(PARAMS, STATS, store, utterances)
    many = together(PARAMS, STATS, store, utterances)
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a, b)


def test_returns_arrays_of_the_host(predict, store):
    for column in predict(PARAMS, STATS, store, np.array([0, 14])):
        assert isinstance(column, np.ndarray)
        assert column.dtype == np.float32


def test_batches_are_filled_and_little_is_padded(store):
    shapes = []
    predict = predictor(place_sensitive(shapes))
    predict(PARAMS, STATS, store, np.arange(len(LENGTHS)))
    sizes = {frames: size for size, frames, _, _ in shapes}
    # One program for each step of the lengths, 16 * 1.25 ** n rounded up.
    assert len(shapes) == len(sizes)
    assert sorted(sizes) == [16, 20, 25, 32, 40, 49, 62, 187]
    assert all(size == max(1, 64 // frames) for frames, size in sizes.items())
    shapes.clear()
    predict(PARAMS, STATS, store, np.array([4, 9, 11, 13]))
    assert shapes == [], "a subset runs the programs that are there"


def test_never_sees_a_neighbour(predict):
    parts = [np.full((n, FEATURES), i, np.float32) for i, n in enumerate(LENGTHS)]
    parts[5][:] = np.nan
    store = pack(parts, [0] * len(parts), 1)
    _, energy, _ = predict(PARAMS, STATS, store, np.arange(len(parts)))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(energy)), [5])


def test_resnet_predicts_as_if_alone(store):
    network = tiny_resnet()
    rng = np.random.default_rng(2)
    params, batch_stats = jax.tree.map(
        lambda x: jnp.array(rng.uniform(0.2, 0.7, x.shape) - 0.3, x.dtype),
        jax.eval_shape(network.init, jax.random.key(0)),
    )
    batch_stats = jax.tree.map(lambda x: jnp.abs(x) + 0.5, batch_stats)
    # All go into the program for 20 frames, and the short one is padded to 16.
    utterances = np.array([4, 5, 16])
    predict = predictor(network)
    together = predict(params, batch_stats, store, utterances)
    evaluate = jax.jit(network.evaluate)
    for number, utterance in enumerate(utterances):
        inputs = centred(spectrogram(store, utterance))
        expected = evaluate(params, batch_stats, inputs)
        np.testing.assert_allclose(
            together.embedding[number], expected.embedding[0], rtol=1e-4, atol=1e-5
        )
        np.testing.assert_allclose(
            together.outputs[number],
            jax.nn.softmax(expected.logits[0]),
            rtol=1e-4,
            atol=1e-6,
        )
