"""What holds of every network on statistics over time, and every algorithm with it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.meta import Batch
from tests import trained
from tests.baselines import KEY, QUICK
from tests.heads import HEADS, LEARNT, SILENCE, embeddings, head, start, step
from tests.tiny import CLASSES, FEATURES

every_head = pytest.mark.parametrize("name", HEADS)


@every_head
@pytest.mark.parametrize("hidden_units", [(), (6,), (5, 4)])
@pytest.mark.parametrize("frames", [1, 7])
def test_shapes(name, hidden_units, frames):
    network = head(name, hidden_units)
    params, batch_stats = start(name, hidden_units)
    inputs = embeddings(2, 4, frames)
    maps, updated = jax.eval_shape(network.encode, params, batch_stats, inputs)
    pooled = 2 * {"temporal": 5}.get(name, FEATURES)
    units = hidden_units[-1] if hidden_units else pooled
    assert maps.shape == (2, 4, 1, 1, units)
    assert jax.tree.map(jnp.shape, updated) == jax.tree.map(jnp.shape, batch_stats)
    outputs = jax.eval_shape(network.evaluate, params, batch_stats, inputs)
    assert outputs.logits.shape == (2, 4, CLASSES)
    assert outputs.embedding.shape == (2, 4, units)
    rest = {k: x for k, x in params["encoder"].items() if k != "pool"}
    kernels = [x for x in jax.tree.leaves(rest) if x.ndim == 2]
    assert len(kernels) == len(hidden_units)
    assert ("pool" in params["encoder"]) == (name in LEARNT)


@functools.cache
def _evaluation(name):
    return jax.jit(head(name).evaluate, compiler_options=QUICK)


def evaluate(name, inputs, lengths=None):
    return np.asarray(_evaluation(name)(*start(name), inputs, lengths).logits)


@every_head
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("frames", "before", "after"), [(1, 0, 4), (3, 2, 0), (6, 1, 3)]
)
def test_padding_changes_no_result(name, frames, before, after, told):
    speech = embeddings(1, frames)
    alone = evaluate(name, speech)
    padding = ((0, 0), (before, after), (0, 0), (0, 0))
    padded = np.pad(speech, padding, constant_values=SILENCE)
    lengths = np.array([before + frames]) if told else None
    np.testing.assert_allclose(
        evaluate(name, padded, lengths), alone, rtol=1e-5, atol=1e-5
    )


@every_head
def test_frames_past_the_end_do_not_count_whatever_they_hold(name):
    speech = embeddings(3, 9)
    lengths = np.array([9, 4, 1])
    together = evaluate(name, speech, lengths)
    for number, length in enumerate(lengths):
        alone = evaluate(name, speech[number : number + 1, :length])
        np.testing.assert_allclose(together[number], alone[0], rtol=1e-5, atol=1e-5)
    assert np.abs(together - evaluate(name, speech)).max() > 0.01


@every_head
def test_no_sound_at_all_gives_finite_outputs(name):
    silent = np.full((1, 5, FEATURES, 1), SILENCE, np.float32)
    assert np.isfinite(evaluate(name, silent)).all()


@every_head
def test_in_training_padding_does_not_count_either(name):
    speech = embeddings(6, 5)
    padding = ((0, 0), (2, 1), (0, 0), (0, 0))
    padded = np.pad(speech, padding, constant_values=SILENCE)
    plain, plain_stats = head(name).encode(*start(name), speech)
    maps, stats = head(name).encode(*start(name), padded)
    np.testing.assert_allclose(maps, plain, rtol=1e-4, atol=1e-4)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-5), stats, plain_stats
    )


@every_head
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_scale_of_embeddings_does_not_matter(name, scale):
    built = head(name, silence=0.0)
    speech = embeddings(16, 5)
    expected, _ = built.encode(*start(name), speech)
    actual, _ = built.encode(*start(name), speech * np.float32(scale))
    np.testing.assert_allclose(actual, expected, rtol=0.01, atol=0.01)


@every_head
def test_statistics_are_those_by_which_the_batch_was_normalised(name):
    params, batch_stats = start(name)
    batch = embeddings(16, 5)
    statistics = head(name).statistics(params, batch_stats, batch)
    training = head(name).training_forward(batch_stats)(params, batch)[0]
    evaluated = head(name).evaluate(params, statistics, batch).logits
    np.testing.assert_allclose(evaluated, training, rtol=1e-3, atol=1e-3)


@every_head
@pytest.mark.parametrize("method", ALGORITHMS)
def test_every_algorithm_descends(name, method):
    gradient_of, batch = step(name, method)
    gradient, aux = gradient_of(batch, KEY)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves((gradient, aux.metrics)))
    norms = jax.tree.map(np.linalg.norm, gradient)
    # A bias in front of batch normalisation alone could have no gradient.
    assert min(jax.tree.leaves(norms)) > 1e-6


EXTREMES = {
    "single frames": embeddings(3, 4, 1),
    "equal frames": np.repeat(embeddings(3, 4, 1), 6, axis=2),
    "one utterance again and again": np.tile(embeddings(1, 1, 6), (3, 4, 1, 1, 1)),
    "silence": np.full((3, 4, 6, FEATURES, 1), SILENCE, np.float32),
    "large numbers": 1e4 * embeddings(3, 4, 6),
    "one feature that counts": embeddings(3, 4, 6)
    * (np.arange(FEATURES) == 2)[:, None],
}


@pytest.mark.parametrize("name", LEARNT)
@pytest.mark.parametrize("method", ["deep_all", "da_mldg"])
@pytest.mark.parametrize("inputs", EXTREMES.values(), ids=EXTREMES)
def test_gradients_are_finite_also_of_second_order(name, method, inputs):
    gradient_of, _ = step(name, method)
    labels = np.arange(12).reshape(3, 4) % CLASSES
    batch = Batch(jnp.asarray(inputs, jnp.float32), jnp.asarray(labels, jnp.int32))
    gradient, aux = gradient_of(batch, KEY)
    for x in jax.tree.leaves((gradient, aux.batch_stats, aux.metrics)):
        assert np.isfinite(x).all()


@pytest.mark.parametrize("name", LEARNT)
def test_a_model_file_holds_it(tmp_path, name):
    from damldg_jax.prediction.model_file import decode

    given = {"network": name, "num_features": 6, "silence": 0.0, "min_frames": 1}
    path = trained.write(tmp_path / "model.safetensors", **given)
    written, read = trained.contents(**given), decode(path)
    jax.tree.map(np.testing.assert_array_equal, written[1:], read[1:])
    network, frames = read.description.build(), np.ones((1, 9, 6, 1), np.float32)
    outputs = jax.jit(network.evaluate)(read.params, read.batch_stats, frames, None)
    assert outputs.logits.shape == (1, 3)
