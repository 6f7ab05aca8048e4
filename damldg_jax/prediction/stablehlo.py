"""A trained model as a StableHLO artifact, which needs no code of this program."""

import jax
import numpy as np

from damldg_jax.prediction.model import Model
from damldg_jax.prediction.waveforms import min_samples, predict_waveforms

PLATFORMS = ("cpu", "cuda", "tpu")


def to_stablehlo(model: Model) -> bytes:
    """Exports a model with its parameters by ``jax.export``.

    ``jax.export.deserialize(artifact).call(waveforms, lengths)`` gives a dictionary of
    ``probabilities`` and ``energy``, as ``predict_waveforms`` has them.

    Args:
      model: as ``predict_waveforms`` takes it.

    Returns:
      The artifact, for any number of recordings of any length of at least
      ``min_samples``, on any of ``PLATFORMS``.

    Raises:
      InputError: it cannot be exported.
    """
    from jax import export

    predict = predict_waveforms(model)
    batch, samples = export.symbolic_shape(
        "batch, samples", constraints=["batch >= 1", f"samples >= {min_samples(model)}"]
    )
    exported = export.export(
        jax.jit(lambda waveforms, lengths: predict(waveforms, lengths)._asdict()),
        platforms=PLATFORMS,
    )(
        jax.ShapeDtypeStruct((batch, samples), np.float32),
        jax.ShapeDtypeStruct((batch,), np.int32),
    )
    return bytes(exported.serialize())
