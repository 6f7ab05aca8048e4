"""A trained model as ONNX, by jax2onnx (``requirements-export.txt``)."""

import logging

import jax
import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.prediction.model import Model
from damldg_jax.prediction.waveforms import min_samples, predict_waveforms


def to_onnx(model: Model, samples: int) -> bytes:
    """Converts a model with its parameters.

    Args:
      model: as ``predict_waveforms`` takes it.
      samples: of the one waveform that goes in, at least ``min_samples``. The
        converter has no lengths that are open.

    Returns:
      The file: ``waveforms [1, samples] float32`` and ``lengths [1] int32`` to
      ``probabilities [1, classes]`` and ``energy [1]``.

    Raises:
      InputError: there are too few samples, jax2onnx lacks, or the model cannot be
        exported.
    """
    # Of pooling with padding, which the others do, onnxruntime can make nothing.
    predict = predict_waveforms(model, for_cpu=True)
    if samples < (least := min_samples(model)):
        raise InputError(
            f"This model's shortest input is {least / model.features.sample_rate:.3f} "
            "s long: give at least that as --export_seconds."
        )
    try:
        import jax2onnx
    except ImportError as error:
        raise InputError(
            f"ONNX needs jax2onnx ({error}): pip install --no-deps -r "
            "requirements-export.txt."
        ) from error
    # It warns of values without a type that it leaves out, and are no part of it.
    logging.getLogger("onnx_ir").setLevel(logging.ERROR)
    converted = jax2onnx.to_onnx(
        lambda waveforms, lengths: tuple(predict(waveforms, lengths)),
        [
            jax.ShapeDtypeStruct((1, samples), np.float32),
            jax.ShapeDtypeStruct((1,), np.int32),
        ],
        input_names=["waveforms", "lengths"],
        output_names=["probabilities", "energy"],
    )
    return converted.SerializeToString()
