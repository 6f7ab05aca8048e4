"""The formats of exported models, and how each is loaded."""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

from damldg_jax.prediction.model import Model
from damldg_jax.prediction.onnx_model import to_onnx
from damldg_jax.prediction.stablehlo import to_stablehlo

_REPOSITORY = "https://github.com/damldg-jax/damldg_jax"
DOCS = f"{_REPOSITORY}/blob/main/docs"


class Format(NamedTuple):
    """A row of the table.

    Attributes:
      file: name of what is written.
      make: ``(model, its own file, samples of a waveform) -> bytes``; the last one
        counts where lengths cannot be open.
      what: a sentence on the file, for the card.
      loading: Python that loads it and predicts ``recording.wav``; ``{samples}`` is
        the least number of samples of a waveform.
    """

    file: str
    make: Callable[[Model, pathlib.Path, int], bytes]
    what: str
    loading: str


_STABLEHLO = """\
import pathlib

import numpy as np
import soundfile
from jax import export

recording, rate = soundfile.read("recording.wav", dtype="float32")
assert rate == 16_000 and recording.ndim == 1
waveforms = np.zeros((1, max(len(recording), {samples})), np.float32)
waveforms[0, : len(recording)] = recording
lengths = np.array([len(recording)], np.int32)

model = export.deserialize(bytearray(pathlib.Path("model.stablehlo").read_bytes()))
said = model.call(waveforms, lengths)
print(said["probabilities"], said["energy"])
"""
_SAFETENSORS = """\
import soundfile

import damldg_jax

recording, rate = soundfile.read("recording.wav")
said = damldg_jax.load("model.safetensors").predict(recording, rate)
print(said.probabilities, said.energy, said.unlike)
"""
_ONNX = """\
import numpy as np
import onnxruntime
import soundfile

recording, rate = soundfile.read("recording.wav", dtype="float32")
session = onnxruntime.InferenceSession("model.onnx")
samples = session.get_inputs()[0].shape[1]
assert rate == 16_000 and recording.ndim == 1 and len(recording) <= samples
waveforms = np.zeros((1, samples), np.float32)
waveforms[0, : len(recording)] = recording
lengths = np.array([len(recording)], np.int32)

given = {"waveforms": waveforms, "lengths": lengths}
probabilities, energy = session.run(["probabilities", "energy"], given)
print(probabilities, energy)
"""

FORMATS = {
    "stablehlo": Format(
        "model.stablehlo",
        lambda model, path, samples: to_stablehlo(model),
        "StableHLO with the parameters, for JAX on a CPU, a GPU or a TPU; it needs "
        "nothing of damldg_jax.",
        _STABLEHLO,
    ),
    "safetensors": Format(
        "model.safetensors",
        lambda model, path, samples: path.read_bytes(),
        "the model's own file: parameters by name, the description in its header. It "
        f"needs damldg_jax installed (`pip install .` in a clone of {_REPOSITORY}), "
        "which resamples, refuses what is no recording, and says whether one is unlike "
        "all that was trained on.",
        _SAFETENSORS,
    ),
    "onnx": Format(
        "model.onnx",
        lambda model, path, samples: to_onnx(model, samples),
        "ONNX with the parameters, for one waveform at a time of a fixed number of "
        "samples.",
        _ONNX,
    ),
}
