"""MixStyle: samples in the style of another domain, each frequency on its own.

Zhou et al. 2021 (https://arxiv.org/abs/2104.02008). Where they take the statistics of
channels, those of frequency bins are taken here (Freq-MixStyle), for it is these that
tell the domains of audio apart (Kim et al. 2022, https://arxiv.org/abs/2206.12513).
"""

import jax
import jax.numpy as jnp

from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.pairing import draw_partners, require_pairs
from damldg_jax.algorithms.signature import Algorithm, Aux, State, descend
from damldg_jax.meta import Batch, meta_train_loss
from damldg_jax.models import Network
from damldg_jax.parallel import device_share
from damldg_jax.types import BatchStats, Params

# Added to variances, as in the code of MixStyle's authors.
EPSILON = 1e-6


def mixstyle(
    network: Network, hyperparameters: Hyperparameters, axis_name: str | None = None
) -> Algorithm:
    """Gradient of Eq. (1) on inputs with the statistics of two domains mixed.

    With ``mixstyle_probability`` a step's inputs become ``(x - m) / s * S + M``, where
    m and s are the mean and standard deviation over time in each frequency bin,
    ``M = l m + (1 - l) m'``, ``S = l s + (1 - l) s'``, and m' and s' are those of the
    sample in the same slot of another domain; ``l ~ Beta(alpha, alpha)`` for each
    sample. Labels stay. It acts on the input alone, not within the network, so no
    gradient is involved. Frames of silence that pad a sample take part in its
    statistics, unless the network leaves padding out: then they do not, and stay
    silent. The altered inputs are those that update the running statistics. An
    input of one frame is nothing but its mean: embeddings of whole utterances are mixed
    themselves, and keep the first one's label.

    Args:
      network: the model.
      hyperparameters: ``mixstyle_alpha`` and ``mixstyle_probability``.
      axis_name: of the devices that share a batch, or None.

    Returns:
      The algorithm; its ``domain_loss`` is of altered inputs.
    """

    def loss_fn(
        params: Params,
        batch_stats: BatchStats,
        state: State,
        batch: Batch,
        rng: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        require_pairs("MixStyle", batch.labels.shape[0])
        coin, draw = jax.random.split(rng)
        counts = None if network.counts is None else network.counts(batch.inputs)
        altered = _mix_styles(draw, batch.inputs, counts, hyperparameters, axis_name)
        active = jax.random.bernoulli(coin, hyperparameters.mixstyle_probability)
        batch = batch._replace(inputs=jnp.where(active, altered, batch.inputs))
        forward = network.training_forward(batch_stats)
        loss, risk = meta_train_loss(
            params, forward, batch, axis_name, network.objective
        )
        return loss, Aux(risk.state, state, {"domain_loss": risk.domain_risks})

    return descend(loss_fn, axis_name)


def _mix_styles(
    rng: jax.Array,
    x: jax.Array,
    counts: jax.Array | None,
    settings: Hyperparameters,
    axis_name: str | None,
) -> jax.Array:
    """Alters inputs [domains, per_domain, frames, features, 1] in frames that count."""
    pair_key, share_key = jax.random.split(rng)
    partners = draw_partners(pair_key, x.shape[0])
    own = _shares(share_key, x, settings.mixstyle_alpha, axis_name)
    taken = None if counts is None else _at_least_one(counts)[..., None, None]
    mean = x.mean(axis=2, keepdims=True, where=taken)
    deviation = jnp.sqrt(x.var(axis=2, keepdims=True, where=taken) + EPSILON)
    normalised = (x - mean) / deviation
    mixed_mean = own * mean + (1 - own) * mean[partners]
    mixed_deviation = own * deviation + (1 - own) * deviation[partners]
    altered = normalised * mixed_deviation + mixed_mean
    return altered if counts is None else jnp.where(counts[..., None, None], altered, x)


def _at_least_one(counts: jax.Array) -> jax.Array:
    """All frames of a sample where none counts: it has the statistics of silence."""
    return counts | ~counts.any(axis=-1, keepdims=True)


def _shares(
    rng: jax.Array, x: jax.Array, alpha: float, axis_name: str | None
) -> jax.Array:
    """What each sample keeps of its own style, [domains, per_domain, 1, 1, 1]."""
    devices = 1 if axis_name is None else jax.lax.axis_size(axis_name)
    shape = (x.shape[0], x.shape[1] * devices, 1, 1, 1)
    own = jax.random.beta(rng, alpha, alpha, shape, x.dtype)
    return device_share(own, 1, axis_name)
