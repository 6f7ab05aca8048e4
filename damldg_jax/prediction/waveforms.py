"""A trained model as one pure function, from waveforms to probabilities."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from damldg_jax.errors import InputError
from damldg_jax.features.front_end import front_end
from damldg_jax.moments import MIN_DEVIATION
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.prediction.model import Model


class Said(NamedTuple):
    """What a model says of recordings; NaN of one that cannot be used.

    Attributes:
      probabilities: [batch, classes] float32; of dimensions the values, -1 to 1.
      energy: [batch] float32, ``log sum_c exp z_c`` of the logits, as in Eq. (3).
    """

    probabilities: jax.Array
    energy: jax.Array


# ``(waveforms [batch, samples] float32, lengths [batch] int32) -> Said``.
PredictWaveforms = Callable[[jax.Array, jax.Array], Said]
# ``(frames [batch, frames, features], valid [batch, frames]) -> frames``.
_Normalise = Callable[[jax.Array, jax.Array], jax.Array]


def min_samples(model: Model) -> int:
    """How many samples waveforms must have, those of shorter recordings zeros."""
    settings = model.features
    frames = max(model.description.min_frames, 1)
    return settings.frame_length + (frames - 1) * settings.hop_length


def predict_waveforms(model: Model, for_cpu: bool = False) -> PredictWaveforms:
    """Makes a pure function of a model, its front end included.

    It says what ``Model.predict`` says of the same samples, up to rounding. It does not
    resample, and does not refuse what is silent or too loud.

    Args:
      model: of features that have a front end, normalised by nothing else than the
        recording itself or what training has fixed.
      for_cpu: as of ``models.resnet``; what is quick on a CPU alone is slow elsewhere.

    Returns:
      ``(waveforms [batch, samples] float32, lengths [batch] int32) -> Said``: mono, at
      ``model.features.sample_rate``, full scale 1; at least ``min_samples`` of them,
      the first ``lengths`` of each its own and what follows anything that is finite.
      NaN where a length is below a frame's or beyond the samples.

    Raises:
      InputError: the features have no front end, or other recordings are needed.
    """
    described, contents, features = model.description, model.contents, model.features
    _refuse_others(model)
    compute, normalise = front_end(features), _normaliser(model)
    network = described.build(for_cpu=for_cpu)
    least = described.min_frames

    def predict(waveforms: jax.Array, lengths: jax.Array) -> Said:
        beyond = jnp.maximum(lengths - features.frame_length, 0)
        count = 1 + jax.lax.div(beyond, features.hop_length)
        frames = compute(waveforms)
        place = jnp.arange(frames.shape[1])
        valid = place[None] < count[:, None]
        frames = normalise(frames, valid)
        frames = jnp.where(valid[..., None], frames, described.silence)
        # Short ones go to the middle of the least length; silence comes in behind.
        source = place[None] - jnp.maximum(least - count, 0)[:, None] // 2
        source = jnp.where(source < 0, source + frames.shape[1], source)
        laid = jnp.take_along_axis(frames, source[..., None], axis=1)
        logits, _ = network.evaluate(
            contents.params,
            contents.batch_stats,
            laid[..., None],
            jnp.maximum(count, least),
        )
        usable = (lengths >= features.frame_length) & (lengths <= waveforms.shape[1])
        outputs = network.objective.predict(logits)
        energies = network.objective.energies(logits, 1.0)
        return Said(
            jnp.where(usable[:, None], outputs, jnp.nan),
            jnp.where(usable, energies, jnp.nan),
        )

    return predict


def _refuse_others(model: Model) -> None:
    if model.needs_others:
        rule = NORMALIZATIONS[model.description.normalization]
        raise InputError(
            f"This model's inputs are normalised by {rule.meaning}: it needs other "
            "recordings, and cannot be exported as a function of one. Train with "
            "--normalization=none, training or utterance, or export its weights alone "
            "by --formats=safetensors."
        )


def _normaliser(model: Model) -> _Normalise:
    rule = NORMALIZATIONS[model.description.normalization]
    if rule is None:
        return lambda frames, valid: frames
    if rule.learnt:
        shift, scale = model.contents.shift, model.contents.scale
        return lambda frames, valid: (frames - shift[None, None]) * scale[None, None]
    return _by_itself


def _by_itself(frames: jax.Array, valid: jax.Array) -> jax.Array:
    share = valid[..., None].astype(frames.dtype)
    total = share.sum(axis=1, keepdims=True)
    mean = (frames * share).sum(axis=1, keepdims=True) / total
    squares = ((frames - mean) * share) ** 2
    deviation = jnp.sqrt(squares.sum(axis=1, keepdims=True) / total)
    varies = deviation > MIN_DEVIATION
    return (frames - mean) / jnp.where(varies, deviation, 1)
