"""The training step: over devices, over time, and against its own past."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.augment import NO_AUGMENTATION, Augmentation
from damldg_jax.batches import draw_utterances, pack_domains
from damldg_jax.parallel import AXIS, Layout, replicate, spread
from damldg_jax.sampling import Windowing, choose, cut
from damldg_jax.streaming import Streamer
from damldg_jax.training import compile_train_step, init_state, train_step
from tests.tiny import (
    FEATURES,
    FRAMES,
    sloped_store,
    smooth_network,
    tiny_batch,
    tiny_resnet,
)

WINDOWING = Windowing(FRAMES, -2.0, Augmentation())
OPTIMIZER = optax.sgd(0.05, momentum=0.9)
MEMBERS = [np.arange(0, 20), np.arange(20, 30), np.arange(30, 60)]
DOMAINS = pack_domains(MEMBERS)
PER_DOMAIN = 8


@pytest.fixture(scope="module")
def store():
    return sloped_store()


@pytest.fixture
def compilations():
    """What JAX traces, lowers or compiles during a test, by the names of its events."""
    events = []

    def listen(event, duration, **details):
        del duration, details
        if event.startswith("/jax/core/compile"):
            events.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield events
    jax.monitoring.unregister_event_duration_listener(listen)


def layout_of(num_devices, shared=True, lanes=1):
    return Layout(tuple(jax.local_devices()[:num_devices]), shared, lanes)


NETWORKS = {axis: smooth_network(axis) for axis in (AXIS, None)}


@functools.cache
def compiled(method, layout, steps_per_call=1):
    """Compiled once for all tests that use it."""
    network = NETWORKS[layout.axis_name]
    algorithm = ALGORITHMS[method].factory(network, Hyperparameters(), layout.axis_name)
    step = compile_train_step(
        algorithm, OPTIMIZER, WINDOWING, PER_DOMAIN, layout, steps_per_call
    )
    return algorithm, step


def initial(method, layout, seed):
    algorithm, _ = compiled(method, layout)
    network = NETWORKS[layout.axis_name]
    return init_state(network, algorithm, OPTIMIZER, seed, len(MEMBERS))


def place(layout, store, domains, seeds, count=1):
    """The arguments of a program that come after the state."""
    devices = layout.devices
    store, domains, count = replicate((store, domains, np.int32(count)), devices)
    return store, domains, layout.place_seeds(seeds), count


def train(method, store, steps, layout=None, seeds=(3,), per_call=1, domains=DOMAINS):
    """Trains a run for each seed; returns the state and the losses of each."""
    layout = layout or layout_of(1)
    _, step = compiled(method, layout, per_call)
    state = layout.place_runs([initial(method, layout, seed) for seed in seeds])
    losses = [[] for _ in seeds]
    for first in range(0, steps, per_call):
        count = min(per_call, steps - first)
        given = place(layout, store, domains, seeds, count)
        state, metrics = step(state, *given)
        for its, values in zip(losses, layout.fetch_runs(metrics), strict=True):
            its.extend(values["loss"])
    return layout.fetch_runs(state), [its[:steps] for its in losses]


def assert_close(one, other, rtol=1e-5, atol=1e-5):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize("method", ALGORITHMS)
def test_eight_devices_train_as_one(method, store):
    (one,), _ = train(method, store, 20)
    (eight,), _ = train(method, store, 20, layout_of(8))
    assert_close(one, eight)


# With a state of its own, and with a virtual update.
TWO = ("group_dro", "da_mldg")


@pytest.mark.parametrize("method", TWO)
def test_runs_on_devices_of_their_own_are_what_they_are_alone(method, store):
    """They know nothing of each other; XLA may round differently for more devices."""
    own = layout_of(4, shared=False)
    together, losses = train(method, store, 10, own, seeds=(3, 4, 5, 6))
    for seed, its, lost in zip((3, 4, 5, 6), together, losses, strict=True):
        (alone,), (expected,) = train(
            method, store, 10, layout_of(1, shared=False), seeds=(seed,)
        )
        assert_close(alone, its, atol=1e-6)
        np.testing.assert_allclose(lost, expected, rtol=1e-5)


@pytest.mark.parametrize("method", TWO)
def test_runs_side_by_side_are_what_they_are_alone(method, store):
    side_by_side = layout_of(2, shared=False, lanes=2)
    together, _ = train(method, store, 10, side_by_side, seeds=(3, 4, 5, 6))
    for seed, its in zip((3, 4, 5, 6), together, strict=True):
        (alone,), _ = train(
            method, store, 10, layout_of(1, shared=False), seeds=(seed,)
        )
        assert_close(alone, its)


@pytest.mark.parametrize("layout", [layout_of(1), layout_of(2, False, 2)], ids=str)
def test_several_steps_of_a_call_are_as_many_calls(layout, store):
    """Also where the last call has fewer to do."""
    seeds = range(3, 3 + layout.slots)
    one, losses = train("da_mldg", store, 7, layout, seeds)
    several, lost = train("da_mldg", store, 7, layout, seeds, per_call=3)
    assert [int(state.step) for state in several] == [7] * len(seeds)
    assert_close(one, several, atol=1e-6)
    np.testing.assert_allclose(losses, lost, rtol=1e-5)


def test_batch_normalisation_is_shared_among_devices():
    one, many = tiny_resnet(), tiny_resnet(AXIS)
    params, batch_stats = one.init(jax.random.key(0))
    inputs = tiny_batch().inputs
    maps, updated = jax.jit(one.encode)(params, batch_stats, inputs)
    shares = jnp.stack(jnp.split(inputs, 8, axis=1))
    encode = jax.pmap(many.encode, AXIS, in_axes=(None, None, 0), out_axes=(0, None))
    shared_maps, shared = encode(params, batch_stats, shares)
    joined = jnp.concatenate(list(shared_maps), axis=1)
    np.testing.assert_allclose(joined, maps, rtol=1e-4, atol=1e-4)
    for a, b in zip(jax.tree.leaves(shared), jax.tree.leaves(updated), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ALGORITHMS)
def test_training_lowers_the_loss(method, store):
    # Steps hold different domains out: only means over many of them compare.
    _, (losses,) = train(method, store, 200)
    assert np.mean(losses[-40:]) < 0.8 * np.mean(losses[:20])


def test_one_program_is_compiled_for_the_whole_training(store, compilations):
    """Whatever the sources: as many utterances, or fewer in the same room."""
    layout = layout_of(2)
    _, step = compiled("da_mldg", layout)
    state = layout.place_runs([initial("da_mldg", layout, 3)])
    fewer = pack_domains([each[:9] for each in MEMBERS], len(DOMAINS.members))
    given = [place(layout, store, each, (3,)) for each in (DOMAINS, fewer)]
    state, _ = step(state, *given[0])
    compilations.clear()
    for arguments in given * 2:
        state, _ = step(state, *arguments)
    assert not compilations
    other = pack_domains(MEMBERS[:2], len(DOMAINS.members))
    with pytest.raises(TypeError, match="differ from the types"):
        step(state, *place(layout, store, other, (3,)))


def test_nothing_is_copied_to_the_devices_in_a_step(store):
    layout = layout_of(2)
    _, step = compiled("da_mldg", layout)
    state = layout.place_runs([initial("da_mldg", layout, 3)])
    store, domains, _, count = place(layout, store, DOMAINS, (3,))
    with pytest.raises(Exception, match="Disallowed host-to-device"):
        step(state, store, domains, np.full(2, 3, np.uint32), count)


def test_the_memory_of_the_state_is_used_again(store):
    layout = layout_of(2)
    _, step = compiled("da_mldg", layout)
    state = layout.place_runs([initial("da_mldg", layout, 3)])
    before = jax.tree.leaves(state.params)
    step(state, *place(layout, store, DOMAINS, (3,)))
    assert all(array.is_deleted() for array in before)


def test_same_seed_same_bits_other_seed_other_bits(store):
    finals = [
        np.asarray(ravel_pytree(train("da_mldg", store, 4, seeds=(seed,))[0])[0])
        for seed in (3, 3, 4)
    ]
    assert np.array_equal(finals[0], finals[1])
    assert not np.array_equal(finals[0], finals[2])


def test_pmap_on_one_device_equals_jit_and_no_jit(store):
    network = NETWORKS[None]
    algorithm = ALGORITHMS["da_mldg"].factory(network, Hyperparameters(), None)
    plain = functools.partial(
        train_step,
        algorithm=algorithm,
        optimizer=OPTIMIZER,
        windowing=WINDOWING,
        per_domain=PER_DOMAIN,
    )
    state = init_state(network, algorithm, OPTIMIZER, 3, len(MEMBERS))
    given = jax.tree.map(jnp.asarray, (store, DOMAINS, np.uint32(3)))
    expected, _ = plain(state, *given)
    jitted, _ = jax.jit(plain)(state, *given)
    (mapped,), _ = train("da_mldg", store, 1)
    for other in (jitted, mapped):
        assert_close(expected, other, atol=1e-6)


@pytest.mark.parametrize("per_call", [1, 4])
def test_a_step_that_is_not_finite_is_not_taken(store, per_call):
    """Neither is any after it: the state before it waits to be looked at."""
    drawn = [np.asarray(draw_utterances(DOMAINS, PER_DOMAIN, n, 3)) for n in range(4)]
    # What the third step is the first to see.
    ill = next(n for n in drawn[2].ravel() if n not in np.stack(drawn[:2]))
    poisoned = store._replace(frames=store.frames.copy())
    rows = slice(store.offsets[ill], store.offsets[ill] + store.lengths[ill])
    poisoned.frames[rows] = np.inf
    (two,), _ = train("deep_all", store, 2)
    (state,), (losses,) = train("deep_all", poisoned, 4, per_call=per_call)
    assert not state.finite
    assert_close(two._replace(finite=None), state._replace(finite=None), atol=1e-6)
    assert list(np.isfinite(losses)) == [True, True, False, False]


def test_domains_may_count_by_their_size(store):
    """Weights reach the loss from outside of the compiled step."""
    layout = layout_of(1)
    weights, seen = np.array([1, 2, 5], np.float32), []
    for domains in (DOMAINS, pack_domains(MEMBERS, weights=weights)):
        algorithm, _ = compiled("deep_all", layout)
        step = compile_train_step(algorithm, OPTIMIZER, WINDOWING, PER_DOMAIN, layout)
        state = layout.place_runs([initial("deep_all", layout, 3)])
        _, metrics = step(state, *place(layout, store, domains, (3,)))
        seen += layout.fetch_runs(metrics)
    risks = seen[0]["domain_loss"][0]
    np.testing.assert_allclose(seen[0]["loss"], risks.mean(), rtol=1e-6)
    np.testing.assert_allclose(seen[1]["loss"], risks @ weights / 8, rtol=1e-6)


def test_batch_is_domain_major_and_labels_follow_their_utterances(store):
    windowing = Windowing(40, -2.0, NO_AUGMENTATION)
    on_device = jax.tree.map(jnp.asarray, store)
    choice = choose(on_device.lengths, DOMAINS, PER_DOMAIN, windowing, 0, 3)
    batch = cut(on_device, choice, windowing)
    assert batch.inputs.shape == (3, PER_DOMAIN, 40, FEATURES, 1)
    drawn = np.asarray(choice.utterances)
    np.testing.assert_array_equal(batch.labels, store.labels[drawn])
    for place_of in np.ndindex(drawn.shape):
        inputs = np.asarray(batch.inputs[place_of][..., 0])
        first, length = store.offsets[drawn[place_of]], store.lengths[drawn[place_of]]
        spoken = inputs[(inputs != -2.0).any(axis=1)]
        np.testing.assert_array_equal(spoken, store.frames[first : first + length])


def test_frames_that_are_streamed_give_the_same_steps(store):
    """To the bit: an excerpt holds what would have been read."""
    layout = layout_of(1, shared=False)
    (resident,), _ = train("da_mldg", store, 3, layout)
    state = layout.place_runs([initial("da_mldg", layout, 3)])
    given = place(layout, store._replace(frames=None), DOMAINS, (3,))
    spectrograms = np.split(store.frames, store.offsets[1:])
    streamer = Streamer(spectrograms, FRAMES, WINDOWING.augmentation, np.float32)
    fresh = compile_train_step(
        compiled("da_mldg", layout)[0], OPTIMIZER, WINDOWING, PER_DOMAIN, layout
    )
    for number in range(3):
        lengths = jnp.asarray(store.lengths)
        choice = choose(lengths, DOMAINS, PER_DOMAIN, WINDOWING, number, 3)
        excerpt = streamer.excerpt(np.asarray(choice.utterances), choice.windows)
        excerpt = jax.tree.map(lambda x: x[None, None, None], excerpt)
        state, _ = fresh(state, *given, spread(excerpt, layout.devices))
    assert_same(resident, layout.fetch_runs(state)[0])
