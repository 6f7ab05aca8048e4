import numpy as np
import pytest

from damldg_jax.prediction.familiarity import (
    Seen,
    distances_of,
    familiarity,
    make_reference,
)


def seen(embeddings, trained):
    embeddings = np.asarray(embeddings, np.float32)
    energies = np.arange(len(embeddings), dtype=np.float32)
    return Seen(embeddings, energies, np.asarray(trained))


def square(center, size=1.0):
    return [[center + x * size, y * size] for x in (-1, 1) for y in (-1, 1)]


def test_distances_are_mahalanobis_distances_to_the_nearest_domain():
    domains = {
        "a": seen(square(0), [True] * 4),
        "b": seen(square(10), [True] * 4),
    }
    reference = make_reference(domains)
    # Eight points, two means: 8 / 6 is the variance along each axis.
    distances, nearest = distances_of(reference, np.array([[0, 2], [12, 0], [4, 0]]))
    np.testing.assert_allclose(distances, np.array([4, 4, 16]) * 6 / 8, rtol=1e-6)
    assert nearest.tolist() == [0, 1, 0]


def test_against_the_inverse_covariance():
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(5, 5))
    trained = rng.normal(size=(200, 5)) @ mix
    reference = make_reference({"a": seen(trained, [True] * 200)})
    points = rng.normal(size=(20, 5)) @ mix * 2
    away = points - trained.mean(axis=0)
    inverse = np.linalg.inv(np.cov(trained.T))
    expected = np.einsum("ni,ij,nj->n", away, inverse, away)
    distances, _ = distances_of(reference, points)
    # Of five directions the last has the variance of the rest, which is its own.
    np.testing.assert_allclose(distances, expected, rtol=1e-4)


def test_ranks_are_told_by_utterances_held_out():
    rng = np.random.default_rng(0)
    trained, held_out = rng.normal(size=(100, 4)), 3 * rng.normal(size=(100, 4))
    flags = [True] * 100 + [False] * 100
    reference = make_reference({"a": seen(np.vstack([trained, held_out]), flags)})
    found = familiarity(reference, held_out.astype(np.float32), np.full(100, 150.0))
    # Each is among those that told the quantiles, which are a hundred steps.
    ranks = np.sort([of.rank for of in found])
    np.testing.assert_allclose(ranks, np.linspace(0, 100 / 101, 100), atol=0.011)
    assert all(abs(of.energy_rank - 0.5) < 0.02 for of in found)
    assert sum(of.unlike for of in found) == 1


@pytest.mark.parametrize("distance", [40.0, 1e6])
def test_what_is_far_from_all_is_unlike(distance):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(160, 3))
    reference = make_reference({"a": seen(points, np.arange(160) < 40)})
    (far,) = familiarity(reference, np.full((1, 3), distance), np.zeros(1))
    (near,) = familiarity(reference, np.zeros((1, 3)), np.zeros(1))
    assert far.unlike
    assert far.rank == pytest.approx(120 / 121)
    assert near.unlike is False


def test_a_few_utterances_are_no_evidence_that_one_is_unlike():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(60, 3))
    reference = make_reference({"a": seen(points, np.arange(60) < 40)})
    (far,) = familiarity(reference, np.full((1, 3), 1e6), np.zeros(1))
    assert far.rank == pytest.approx(20 / 21)
    assert far.unlike is None


@pytest.mark.parametrize(("held_out", "told"), [(99, None), (100, True)])
def test_a_hundred_can_tell(held_out, told):
    points = np.random.default_rng(4).normal(size=(40 + held_out, 3))
    reference = make_reference({"a": seen(points, np.arange(len(points)) < 40)})
    (far,) = familiarity(reference, np.full((1, 3), 1e6), np.zeros(1))
    assert far.unlike is told


def test_more_channels_than_utterances_do():
    rng = np.random.default_rng(2)
    reference = make_reference({"a": seen(rng.normal(size=(20, 300)), [True] * 20)})
    assert np.isfinite(distances_of(reference, rng.normal(size=(5, 300)))[0]).all()


def test_channels_that_never_vary_do_not_divide_by_zero():
    reference = make_reference({"a": seen(np.ones((5, 4)), [True] * 5)})
    distances, _ = distances_of(reference, np.array([[1, 1, 1, 1], [2, 1, 1, 1]]))
    assert np.isfinite(distances).all()
    assert distances[0] < distances[1]


def test_of_one_utterance_nothing_can_be_told():
    assert make_reference({"a": seen([[1.0, 2.0]], [True])}) is None
    assert make_reference({"a": seen(square(0), [False] * 4)}) is None


@pytest.mark.parametrize("count", [30, 300])
def test_directions_are_those_of_the_whole_decomposition(count):
    rng = np.random.default_rng(0)
    trained = rng.normal(size=(count, 100)) * np.geomspace(1, 0.01, 100)
    reference = make_reference({"a": seen(trained, [True] * count)})
    around = trained.astype(np.float32) - trained.mean(axis=0)
    _, scales, directions = np.linalg.svd(around, full_matrices=False)
    variances, k = scales**2 / (count - 1), min(64, count - 1)
    np.testing.assert_allclose(reference.variances, variances[:k], rtol=1e-4)
    cosines = (reference.directions * directions[:k].T).sum(axis=0)
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-4)
    rest = max(variances[k:].sum() / (100 - k), 1e-6 * variances.sum() / 100)
    np.testing.assert_allclose(reference.rest, rest, rtol=1e-3)


def test_a_direction_without_scatter_weighs_as_any_other():
    # Six utterances on a line in four dimensions.
    trained = np.outer(np.arange(6), [1, 0, 0, 0])
    reference = make_reference({"a": seen(trained, [True] * 6)})
    frame = reference.directions
    np.testing.assert_allclose(frame.T @ frame, np.eye(frame.shape[1]), atol=1e-6)
    distances, _ = distances_of(reference, np.array([[6.0, 0, 0, 0], [2.5, 1, 0, 0]]))
    assert distances[0] == pytest.approx(3.5**2 / 3.5)
    assert distances[1] > 1e5
