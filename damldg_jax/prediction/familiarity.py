"""Whether an utterance looks unlike all that a model was trained on.

The embeddings of training utterances are taken for normal around the mean of their
corpus, with one covariance for all: the distance of an utterance is the smallest of its
squared Mahalanobis distances (as in Lee et al. 2018, "A simple unified framework for
detecting out-of-distribution samples", https://arxiv.org/abs/1807.03888, whose classes
are corpora here). The covariance is that of probabilistic principal components
(Tipping and Bishop 1999, doi 10.1111/1467-9868.00196): a few directions have their own
variance and all others share one, so that few utterances are enough.

What distance is large, utterances tell that were not trained on: those of the
validation speakers. The rank of an utterance is the share of them that are nearer, it
counting itself among them, so that a few are never evidence that one is far.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

# Directions with a variance of their own.
_DIRECTIONS = 64
# Of the variance in all, what every direction has at least.
_LEAST_SHARE = 1e-6
_QUANTILES = np.linspace(0, 1, 101)
# Further than this share of held-out utterances is unlike.
UNLIKE = 0.99


class Reference(NamedTuple):
    """What familiarity is measured by; all arrays float32.

    Attributes:
      centers: [domains, channels], the mean embedding of each.
      directions: [channels, k], orthonormal.
      variances: [k], along each.
      rest: [], variance along any other direction.
      distances: [101], quantiles from 0 to 1 of the distances of held-out utterances.
      energies: [101], of their energies.
      count: [], how many they are.
    """

    centers: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    rest: np.ndarray
    distances: np.ndarray
    energies: np.ndarray
    count: np.ndarray


class Familiarity(NamedTuple):
    """How an utterance lies to what was trained on.

    Attributes:
      distance: squared Mahalanobis distance to the nearest domain.
      domain: number of that domain.
      rank: share of held-out utterances that are nearer, in [0, 1].
      energy_rank: share of them that have a lower energy, in [0, 1].
      highest: the rank of what is further than all of them.
    """

    distance: float
    domain: int
    rank: float
    energy_rank: float
    highest: float

    @property
    def unlike(self) -> bool | None:
        """Whether next to none of the held-out utterances are as far."""
        return is_unlike(self.rank, self.highest)


def is_unlike(rank: float, highest: float) -> bool | None:
    """Whether an utterance of a rank is unlike all that was trained on.

    Args:
      rank: as of ``Familiarity``.
      highest: likewise.

    Returns:
      None if the held-out utterances are too few to tell: whatever it is, they would
      not call it unlike.
    """
    return rank > UNLIKE if highest > UNLIKE else None


class Seen(NamedTuple):
    """Utterances of a domain as a model sees them.

    Attributes:
      embeddings: [n, channels] float32.
      energies: [n] float32.
      trained: [n] bool, whether each was trained on.
    """

    embeddings: np.ndarray
    energies: np.ndarray
    trained: np.ndarray


def make_reference(domains: Mapping[str, Seen]) -> Reference | None:
    """Fits what familiarity is measured by.

    Args:
      domains: utterances of each domain. Where none is held out, what is a large
        distance is told by those trained on, which are nearer than others will be.

    Returns:
      The reference; None if there are too few utterances to speak of a variance.
    """
    trained = [seen.embeddings[seen.trained].astype(float) for seen in domains.values()]
    if any(not len(part) for part in trained) or sum(map(len, trained)) < 3:
        return None
    centers = np.stack([part.mean(axis=0) for part in trained])
    around = np.concatenate([p - c for p, c in zip(trained, centers, strict=True)])
    fitted = _fit(centers, around)
    kept = [
        (s, ~s.trained if (~s.trained).any() else s.trained) for s in domains.values()
    ]
    embeddings = np.concatenate([seen.embeddings[chosen] for seen, chosen in kept])
    energies = np.concatenate([seen.energies[chosen] for seen, chosen in kept])
    distances, _ = distances_of(fitted, embeddings)
    return fitted._replace(
        distances=np.quantile(distances, _QUANTILES).astype(np.float32),
        energies=np.quantile(energies.astype(float), _QUANTILES).astype(np.float32),
        count=np.asarray(len(energies), np.float32),
    )


def _fit(centers: np.ndarray, around: np.ndarray) -> Reference:
    count, channels = around.shape
    k = min(_DIRECTIONS, min(count, channels) - 1)
    scatter, directions = _leading(around, k)
    freedom = max(count - len(centers), 1)
    variances, total = scatter / freedom, (around**2).sum() / freedom
    rest = max(total - variances.sum(), 0) / max(channels - k, 1)
    least = max(_LEAST_SHARE * total / channels, np.finfo(np.float32).tiny)
    single = np.float32
    return Reference(
        centers.astype(single),
        directions.astype(single),
        np.maximum(variances, least).astype(single),
        np.asarray(max(rest, least), single),
        np.zeros(len(_QUANTILES), single),
        np.zeros(len(_QUANTILES), single),
        np.asarray(1, single),
    )


def _leading(around: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k directions of most scatter, without a decomposition of the whole.

    Args:
      around: [n, channels], of mean zero.
      k: less than both.

    Returns:
      The sums of squares along them [k], largest first, and they [channels, k].
    """
    # Only here, as who trains without writing models needs none of it.
    from scipy.linalg import eigh

    if not k:
        return np.zeros(0), np.zeros((around.shape[1], 0))
    wide = around.shape[1] > len(around)
    gram = around @ around.T if wide else around.T @ around
    last = len(gram) - 1
    scatter, vectors = eigh(gram, subset_by_index=(last - k + 1, last))
    scatter, vectors = np.maximum(scatter[::-1], 0), vectors[:, ::-1]
    if wide:
        # Of a direction without scatter nothing is left; it weighs as any other one.
        vectors, _ = np.linalg.qr(around.T @ vectors)
    return scatter, vectors


def distances_of(
    reference: Reference, embeddings: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Squared Mahalanobis distances to the nearest domain.

    Args:
      reference: of the model.
      embeddings: [n, channels].

    Returns:
      The distances [n] float64, and the number of the domain [n].
    """
    away = embeddings[:, None].astype(float) - reference.centers.astype(float)
    along = away @ reference.directions.astype(float)
    rest = np.maximum((away**2).sum(axis=-1) - (along**2).sum(axis=-1), 0)
    distances = (along**2 / reference.variances).sum(axis=-1) + rest / reference.rest
    nearest = distances.argmin(axis=1)
    return distances[np.arange(len(distances)), nearest], nearest


def familiarity(
    reference: Reference, embeddings: np.ndarray, energies: np.ndarray
) -> list[Familiarity]:
    """Holds utterances against what a model was trained on.

    Args:
      reference: of the model.
      embeddings: [n, channels].
      energies: [n].

    Returns:
      How each lies.
    """
    distances, domains = distances_of(reference, embeddings)
    share = float(reference.count) / (float(reference.count) + 1)
    ranks = share * np.interp(distances, reference.distances, _QUANTILES)
    energy_ranks = np.interp(energies, reference.energies, _QUANTILES)
    return [
        Familiarity(float(d), int(n), float(r), float(e), share)
        for d, n, r, e in zip(distances, domains, ranks, energy_ranks, strict=True)
    ]
