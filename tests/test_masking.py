"""SpecAugment: where masks lie, what they put there, and that only training has it."""

import json
import re
import shutil
import types

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.augment import NO_AUGMENTATION, Augmentation
from damldg_jax.batches import pack, pack_domains
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.errors import InputError
from damldg_jax.masking import MaskPlaces, Masks, draw_masks, mask
from damldg_jax.sampling import Windowing, choose, sample_batch
from damldg_jax.source_domains import SourceDomain
from damldg_jax.tent import unaltered
from experiments.config import Config
from experiments.notices import about_masks
from experiments.programs import Programs
from tests.cli import run

SILENCE = -3.0


def places(frames, features=((0.0, 0.0),)):
    return MaskPlaces(jnp.asarray(frames), jnp.asarray(features))


def masked(where, masks, frames=10, features=4):
    found = mask(jnp.ones((frames, features, 1)), where, masks, SILENCE)
    assert found.shape == (frames, features, 1)
    assert set(np.unique(found)) <= {1.0, SILENCE}
    return np.asarray(found)[..., 0] == SILENCE


def test_a_mask_has_the_width_and_the_place_that_are_drawn():
    masks = Masks(1, frames=0.4, features=0.5)
    # Of widths 0 to 4 the fourth, at the third of eight places; of 0 to 2 the last.
    hidden = masked(places([[0.7, 0.3]], [[0.99, 0.99]]), masks)
    expected = np.zeros((10, 4), bool)
    expected[2:5] = True
    expected[:, 2:] = True
    np.testing.assert_array_equal(hidden, expected)


def test_masks_of_a_kind_may_overlap_and_lie_apart():
    masks = Masks(2, frames=0.2, features=0.0)
    apart = masked(places([[0.99, 0.0], [0.99, 0.99]], [[0.0, 0.0]] * 2), masks)
    assert np.flatnonzero(apart.all(axis=1)).tolist() == [0, 1, 8, 9]
    same = masked(places([[0.99, 0.5], [0.5, 0.5]], [[0.0, 0.0]] * 2), masks)
    assert np.flatnonzero(same.any(axis=1)).tolist() == [4, 5]


@given(st.integers(0, 10_000), st.integers(1, 40), st.floats(0, 1), st.integers(1, 4))
def test_no_mask_is_wider_than_the_widest(seed, frames, part, count):
    masks = Masks(count, part, 0.0)
    drawn = draw_masks(jax.random.key(seed), masks)
    hidden = masked(drawn, masks, frames)
    assert (hidden.all(axis=1) == hidden.any(axis=1)).all()
    widest = round(part * frames) if frames > 1 else 0
    assert hidden.any(axis=1).sum() <= count * widest
    edges = np.diff(np.pad(hidden.any(axis=1).astype(int), 1))
    assert (edges == 1).sum() <= count


def test_all_widths_and_places_come_about_as_often():
    masks = Masks(1, frames=0.3, features=0.0)
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = jax.vmap(lambda key: draw_masks(key, masks))(keys)
    hidden = mask(jnp.ones((4000, 10, 1, 1)), drawn, masks, SILENCE) == SILENCE
    widths = np.asarray(hidden).sum(axis=(1, 2, 3))
    shares = np.bincount(widths, minlength=4) / len(widths)
    np.testing.assert_allclose(shares, 0.25, atol=0.03)
    single = np.asarray(hidden)[widths == 1][:, :, 0, 0].mean(axis=0)
    np.testing.assert_allclose(single, 0.1, atol=0.035)


def batch(masks, step=0):
    rng = np.random.default_rng(0)
    utterances = [rng.normal(size=(12, 6)).astype(np.float32) for _ in range(8)]
    store = jax.tree.map(jnp.asarray, pack(utterances, [0] * 8, 1))
    domains = pack_domains([np.arange(4), np.arange(4, 8)])
    windowing = Windowing(12, SILENCE, NO_AUGMENTATION, masks=masks)
    return np.asarray(sample_batch(store, domains, 4, windowing, step, 7).inputs)


def test_a_step_reads_the_same_examples_and_masks_each_otherwise():
    plain, hidden = batch(None), batch(Masks(2, 0.3, 0.3))
    at = hidden == SILENCE
    np.testing.assert_array_equal(hidden[~at], plain[~at])
    assert 0.1 < at.mean() < 0.7
    assert len(np.unique(at.reshape(8, -1), axis=0)) > 5
    np.testing.assert_array_equal(hidden, batch(Masks(2, 0.3, 0.3)))
    assert not np.array_equal(at, batch(Masks(2, 0.3, 0.3), step=1) == SILENCE)


def test_nothing_is_masked_when_a_network_is_adapted():
    windowing = Windowing(12, SILENCE, NO_AUGMENTATION, masks=Masks(1, 0.5, 0.5))
    assert unaltered(windowing).masks is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"masks": 3}, "--masks=3 without --mask_frames or --mask_features"),
        ({"mask_frames": 1.5}, "--mask_frames=1.5: give a number"),
        ({"mask_features": 0.2, "masks": 0}, "--masks=0: give a whole number"),
    ],
)
def test_what_means_nothing_is_refused(given, told):
    with pytest.raises(InputError, match=told):
        Config(**given)


@pytest.mark.parametrize("part", [0.2, 0.6, 1.0])
def test_a_single_frame_is_never_masked(part):
    masks = Masks(2, part, 0.0)
    keys = jax.random.split(jax.random.key(0), 100)
    drawn = jax.vmap(lambda key: draw_masks(key, masks))(keys)
    inputs = jnp.ones((100, 1, 6, 1))
    np.testing.assert_array_equal(mask(inputs, drawn, masks, SILENCE), inputs)


def test_bands_are_masked_with_all_their_channels():
    masks = Masks(1, 0.0, 0.5, channels=3)
    # Of four bands, of widths 0 to 2 the last, at the second of three places.
    hidden = masked(places([[0.0, 0.0]], [[0.99, 0.5]]), masks, features=12)
    assert hidden.all(axis=0).tolist() == [False] * 3 + [True] * 6 + [False] * 3


def test_places_that_are_not_of_these_examples_are_refused():
    drawn = draw_masks(jax.random.key(0), Masks(2, 0.5, 0.5))
    with pytest.raises(AssertionError, match="shape"):
        mask(jnp.ones((4, 10, 6, 1)), drawn, Masks(2, 0.5, 0.5), SILENCE)


def test_masks_do_not_follow_the_windows():
    masks, lengths = Masks(2, 0.3, 0.3), jnp.full(8, 100)
    windowing = Windowing(12, SILENCE, Augmentation(), masks=masks)
    domains = pack_domains([np.arange(4), np.arange(4, 8)])
    given = lengths, domains, 4, windowing
    chosen = jax.vmap(lambda step: choose(*given, step, 7))(jnp.arange(100))
    windows = np.stack([np.ravel(x) for x in chosen.windows])
    drawn = np.concatenate([np.reshape(x, (800, -1)).T for x in chosen.masks])
    related = np.corrcoef(np.concatenate([windows, drawn]))
    assert np.abs(related[: len(windows), len(windows) :]).max() < 0.15


@pytest.mark.parametrize(
    ("settings", "frame_rate", "told"),
    [
        ({"features": "egemaps", "mask_frames": 1.0}, 0.0, ".* leave it out; --mask_f"),
        ({"features": "egemaps", "mask_frames": 0.2}, 1.0, ".* has 2 frames: give a g"),
        ({"features": "egemaps", "mask_frames": 0.2}, 5.0, None),
        ({"mask_frames": 0.002}, 0.0, "--mask_frames=0.002 masks nothing.* 198 frames"),
        ({"mask_features": 0.005}, 0.0, "--mask_features=0.005 masks .* 64 bands"),
        ({"features": "log_mel_deltas", "mask_features": 0.005}, 0.0, ".* 64 bands"),
        ({"features": "grey32", "mask_features": 0.01}, 0.0, ".* 32 bands"),
        ({"mask_features": 0.2, "mask_frames": 0.2}, 0.0, None),
    ],
)
def test_of_what_no_mask_is_wide_enough_for_it_is_told(settings, frame_rate, told):
    notices = about_masks(frame_rate, Config(**settings))
    assert len(notices) == bool(told)
    assert all(re.match(told, notice) for notice in notices)


def programs(**settings):
    """A small network, its data and its settings."""
    config = Config(
        **{"features": "mfcc", "model": "pooled", "parallel": "none"},
        **{"emotions": ("anger", "sadness"), "hidden_units": ()},
        **settings,
    )
    rng = np.random.default_rng(0)
    shape = (12, config.extractor.num_features)
    examples = {
        corpus: [
            Example(str(n), rng.normal(size=shape).astype("f4"), emotion, "0")
            for n, emotion in enumerate(["anger", "sadness"] * 4)
        ]
        for corpus in ("a", "b")
    }
    return Programs(build_dataset(examples, config.emotions), config)


def test_statistics_to_evaluate_with_are_of_what_is_not_masked():
    found = []
    for masks in ({}, {"mask_frames": 0.5, "mask_features": 0.5}):
        made = programs(**masks)
        assert (made.windowing.masks is not None) == bool(masks)
        members, target = (made.dataset.corpora[name].indices for name in "ab")
        division = types.SimpleNamespace(
            train=(members,),
            domains=(SourceDomain("a", "a", (), members, members[:0]),),
            test=target,
            account={"hash": "of the split"},
        )
        state = made.alone.init(jax.random.key(0))
        of_sources = made.statistics(division, *state, 4)
        found.append((of_sources, made.target_statistics(division, *state, 4)))
    chex.assert_trees_all_equal(*found)
    # That of the target are others.
    other = jax.tree.map(lambda one, two: (one != two).any(), *found[0])
    assert any(jax.tree.leaves(other))


def losses(place, workdir, *flags):
    done = run(
        "experiments.main",
        *("--corpora=a=a/manifest.csv,b=b/manifest.csv", "--target=b"),
        *("--methods=deep_all", "--features=mfcc", "--model=pooled", "--steps=3"),
        *("--hidden_units=", "--batch_size=6", f"--workdir={workdir}", *flags),
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    folder = place / workdir / "runs/a-to-b/deep_all/trial_0"
    account = json.loads((folder / "run.json").read_text())
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return account, [line["loss"] for line in lines if "loss" in line]


def test_a_run_is_trained_on_masked_examples_and_says_so(tmp_path, synthetic):
    for name, corpus in (("a", "studio"), ("b", "phone")):
        shutil.copytree(synthetic / "corpora" / f"synth_{corpus}", tmp_path / name)
    flags = ("--mask_frames=0.3", "--mask_features=0.3", "--masks=1")
    plain, masked = losses(tmp_path, "plain"), losses(tmp_path, "masked", *flags)
    assert {name: masked[0][name] for name in masked[0] if "mask" in name} == {
        **{"mask_frames": 0.3, "mask_features": 0.3, "masks": 1}
    }
    assert len(masked[1]) == len(plain[1]) == 3
    assert masked[1] != plain[1]
