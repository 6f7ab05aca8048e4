"""The ResNet: shapes, parameters, padding that does no harm, statistics."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.models import resnet
from damldg_jax.norms import NORMS

FEATURES, SILENCE = 8, -3.0


def shapes(depth, width=64, classes=5, features=64):
    network = resnet(classes, features, depth=depth, width=width)
    params, batch_stats = jax.eval_shape(network.init, jax.random.key(0))
    return network, params, batch_stats


def count(tree):
    return sum(x.size for x in jax.tree.leaves(tree))


@functools.cache
def small(depth=10, silence=SILENCE, norm="batch", width=2):
    """A network whose every number is random: zeros would hide what leaks."""
    network = resnet(3, FEATURES, depth=depth, width=width, silence=silence, norm=norm)
    rng = np.random.default_rng(0)
    params, batch_stats = jax.tree.map(
        lambda x: jnp.array(rng.uniform(0.2, 0.8, x.shape) - 0.3, x.dtype),
        jax.eval_shape(network.init, jax.random.key(0)),
    )
    batch_stats = jax.tree.map_with_path(
        lambda path, x: jnp.abs(x) + 0.5 if path[-1].key == "var" else x, batch_stats
    )
    return network, params, batch_stats


def spectrograms(*shape, seed=1):
    noise = np.random.default_rng(seed).normal(SILENCE, 2, (*shape, FEATURES, 1))
    return jnp.array(noise, jnp.float32)


@pytest.mark.parametrize("depth", [10, 18, 34])
@pytest.mark.parametrize("frames", [1, 33, 198])
def test_shapes(depth, frames):
    network, params, batch_stats = shapes(depth)
    inputs = jax.ShapeDtypeStruct((2, 4, frames, 64, 1), jnp.float32)
    logits, embedding = jax.eval_shape(network.evaluate, params, batch_stats, inputs)
    assert (logits.shape, embedding.shape) == ((2, 4, 5), (2, 4, 512))
    maps, updated = jax.eval_shape(network.encode, params, batch_stats, inputs)
    # Five layers of stride 2: 64 bands become 2; 198 frames 99, 50, 25, 13, 7.
    assert maps.shape == (2, 4, {1: 1, 33: 2, 198: 7}[frames], 2, 512)
    assert jax.tree.map(jnp.shape, updated) == jax.tree.map(jnp.shape, batch_stats)
    assert jax.eval_shape(network.classify, params, maps).shape == (2, 4, 5)


@pytest.mark.parametrize("classes", [2, 5, 1000])
def test_number_of_parameters_of_resnet18(classes):
    # Weights of the convolutions and two numbers per channel normalised:
    # stem     1*64*49 + 128                                           =     3 264
    # stage 1  4 * (64*64*9 + 128)                                     =   147 968
    # stage 2  64*128*9 + 3 * 128*128*9 + 64*128 + 5 * 256             =   525 568
    # stage 3  128*256*9 + 3 * 256*256*9 + 128*256 + 5 * 512           = 2 099 712
    # stage 4  256*512*9 + 3 * 512*512*9 + 256*512 + 5 * 1024          = 8 393 728
    # which is the ImageNet network's 11 689 512 less its 513 000 of the linear layer
    # and less 2*64*49 for two colours of three. The linear layer has 513 per class.
    _, params, batch_stats = shapes(18, classes=classes)
    assert count(params["encoder"]) == 11_170_240
    assert count(params["classifier"]) == 513 * classes
    # 4 800 channels are normalised, each with a mean and a variance.
    assert count(batch_stats) == 2 * 4800


def test_width_scales_the_channels():
    _, params, _ = shapes(18, width=16)
    assert params["classifier"]["kernel"].shape == (128, 5)


@pytest.mark.parametrize(
    ("depth", "norm"), [(10, "batch"), (18, "batch"), (10, "group")]
)
def test_padding_changes_nothing(depth, norm):
    network, params, batch_stats = small(depth, norm=norm)
    lengths = [1, 17, 70] if depth == 10 else [33]
    inputs = spectrograms(len(lengths), 70)
    evaluate = jax.jit(network.evaluate)
    together = evaluate(params, batch_stats, inputs, jnp.array(lengths))
    for number, length in enumerate(lengths):
        # What lies past the end is noise, not silence: none of it may count.
        alone = evaluate(params, batch_stats, inputs[number, None, :length])
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_allclose(one[0], many[number], rtol=1e-4, atol=1e-5)


def test_frames_past_the_end_have_no_say():
    network, params, batch_stats = small()
    evaluate = jax.jit(network.evaluate)
    lengths = np.array([1, 17, 40, 70])
    some, other = spectrograms(4, 70), spectrograms(4, 70, seed=2)
    valid = (np.arange(70) < lengths[:, None])[..., None, None]
    expected = evaluate(params, batch_stats, some, lengths)
    actual = evaluate(params, batch_stats, jnp.where(valid, some, other), lengths)
    np.testing.assert_array_equal(actual.logits, expected.logits)
    everything = evaluate(params, batch_stats, some, np.full(4, 70))
    assert not np.isclose(everything.logits, expected.logits, rtol=1e-2)[:3].any()


def test_silence_is_subtracted():
    network, params, batch_stats = small()
    reference, _, _ = small(silence=0.0)
    inputs = spectrograms(2, 24)
    actual = jax.jit(network.evaluate)(params, batch_stats, inputs)
    expected = jax.jit(reference.evaluate)(params, batch_stats, inputs - SILENCE)
    np.testing.assert_allclose(actual.logits, expected.logits, rtol=1e-4)


def test_silence_stays_zero_through_all_layers():
    """Normalised by zero means and unit variances, silence stays zero throughout."""
    network, params, batch_stats = small()
    params = jax.tree.map_with_path(
        lambda path, x: 0 * x if path[-1].key == "bias" else x, params
    )
    batch_stats = jax.tree.map_with_path(
        lambda path, x: 0 * x if path[-1].key == "mean" else x, batch_stats
    )
    inputs = jnp.full((1, 24, FEATURES, 1), SILENCE)
    _, embedding = jax.jit(network.evaluate)(params, batch_stats, inputs)
    np.testing.assert_array_equal(embedding, np.zeros((1, 16)))


def test_evaluation_leaves_the_statistics_alone():
    network, params, batch_stats = small()
    forward = jax.jit(lambda p, x: network.running_forward(batch_stats)(p, x))
    inputs = spectrograms(3, 24)
    logits, unchanged = forward(params, inputs)
    jax.tree.map(np.testing.assert_array_equal, unchanged, batch_stats)
    # Nor does a neighbour in the batch have a say.
    alone, _ = forward(params, inputs[1:2])
    np.testing.assert_allclose(alone[0], logits[1], rtol=1e-4, atol=1e-5)


def test_training_moves_the_statistics_by_a_tenth():
    network, params, batch_stats = small()
    other = jax.tree.map(lambda x: x + 1.0, batch_stats)
    inputs = spectrograms(2, 3, 24)
    encode = jax.jit(network.encode)
    maps, updated = encode(params, batch_stats, inputs)
    same, shifted = encode(params, other, inputs)
    # Batch statistics normalise, so those that ran before have no say in the maps.
    np.testing.assert_array_equal(maps, same)
    for a, b in zip(jax.tree.leaves(updated), jax.tree.leaves(shifted), strict=True):
        np.testing.assert_allclose(b - a, np.full(a.shape, 0.9), rtol=1e-4)
    # They are those of all leading axes together, whichever axis a sample lies on.
    order = np.array([3, 0, 4, 1, 5, 2])
    mixed = spectrograms(2, 3, 24).reshape(6, 24, FEATURES, 1)[order]
    moved, together = encode(params, batch_stats, mixed.reshape(inputs.shape))
    expected = maps.reshape(6, -1)[order]
    np.testing.assert_allclose(moved.reshape(6, -1), expected, rtol=1e-3, atol=1e-4)
    for one, other in zip(*map(jax.tree.leaves, (updated, together)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_groups_know_of_no_batch():
    """An utterance alone is what it is among many, and nothing runs along."""
    network, params, batch_stats = small(norm="group", width=32)
    assert not batch_stats
    inputs = spectrograms(3, 24)
    maps, updated = jax.jit(network.encode)(params, batch_stats, inputs)
    assert not updated
    assert not network.statistics(params, batch_stats, inputs)
    alone, _ = jax.jit(network.encode)(params, batch_stats, inputs[1:2])
    np.testing.assert_allclose(alone[0], maps[1], rtol=1e-3, atol=1e-4)
    # Training and evaluation normalise alike.
    logits = jax.jit(network.evaluate)(params, batch_stats, inputs).logits
    expected = network.classify(params, maps)
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)


def test_a_group_is_normalised_over_its_own_frames_bands_and_channels():
    rng = np.random.default_rng(0)
    maps = rng.normal(3, 2, (2, 6, 4, 32)).astype(np.float32)
    lengths = np.array([6, 2])

    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x, lengths):
            return NORMS["group"](True, None, None)("norm")(x, lengths)

    actual, _ = Layer().init_with_output(jax.random.key(0), maps, lengths)
    for number, length in enumerate(lengths):
        for group in (slice(0, 16), slice(16, 32)):
            part = maps[number, :length, :, group].astype(np.float64)
            expected = (part - part.mean()) / np.sqrt(part.var() + 1e-5)
            np.testing.assert_allclose(
                actual[number, :length, :, group], expected, rtol=1e-3, atol=1e-4
            )


def test_refuses_another_number_of_features():
    network, params, batch_stats = small()
    with pytest.raises(AssertionError):
        network.evaluate(params, batch_stats, jnp.zeros((1, 24, FEATURES + 1, 1)), None)
    with pytest.raises(AssertionError):
        network.encode(params, batch_stats, jnp.zeros((1, 24, FEATURES + 1, 1)))
