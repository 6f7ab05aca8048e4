r"""Writes a trained model for other programs, and its model card.

  python -m experiments.export --checkpoint=RUN_OR_MODEL --export_dir=DIR
  python -m experiments.export --checkpoint=model.safetensors --export_dir=DIR \
      --formats=stablehlo,safetensors

A waveform goes in, the front end is inside, and probabilities and the energy come out.
Beside the files lies MODEL_CARD.md: data, protocol, figures, shift, limits, what the
model must not be used for, and how each file is loaded. From the folder of a run the
card has intervals and domain-shift margins too.

Exit status: 0 if all was written, 2 for wrong usage or a model that cannot be exported,
130 when interrupted, 143 when terminated.
"""

import pathlib
from collections.abc import Sequence

from absl import flags

from damldg_jax.errors import InputError, unknown
from damldg_jax.prediction.loading import load
from damldg_jax.prediction.model import WHOLE_SECONDS, Model
from damldg_jax.prediction.places import find_file
from damldg_jax.prediction.waveforms import min_samples
from experiments.console import say
from experiments.export.card import model_card
from experiments.export.card_figures import find_tested
from experiments.export.formats import FORMATS
from experiments.model_flags import (
    CHECKPOINT,
    ENCODER_WEIGHTS,
    FEATURES,
    GROUP,
    SELECTION,
)
from experiments.outputs import write_bytes, write_text

CARD = "MODEL_CARD.md"
_FOLDER = flags.DEFINE_string("export_dir", None, "Folder to write to.")
_FORMATS = flags.DEFINE_list(
    "formats", ["stablehlo", "safetensors"], f"Some of {', '.join(FORMATS)}."
)
_SECONDS = flags.DEFINE_float(
    "export_seconds",
    WHOLE_SECONDS,
    "Longest recording that ONNX takes, of which every other costs as much.",
    lower_bound=0.1,
    upper_bound=600.0,
)
GROUPS = {"Model": GROUP, "Output": ("export_dir", "formats", "export_seconds")}


def main(arguments: Sequence[str]) -> None:
    """Exports the model that the command line names."""
    if not CHECKPOINT.value or not _FOLDER.value or arguments:
        raise InputError(
            "Name the model and a folder: python -m experiments.export "
            "--checkpoint=RUN_OR_MODEL --export_dir=DIR"
        )
    formats = list(dict.fromkeys(_FORMATS.value))
    for name in formats:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
    path = find_file(pathlib.Path(CHECKPOINT.value), SELECTION.value)
    model = load(path, features=FEATURES.value, encoder_weights=ENCODER_WEIGHTS.value)
    folder = pathlib.Path(_FOLDER.value).expanduser()
    for written in export(model, path, folder, formats, _SECONDS.value):
        say(f"{written} ({written.stat().st_size:,} bytes)")


def export(
    model: Model,
    path: pathlib.Path,
    folder: pathlib.Path,
    formats: Sequence[str],
    seconds: float = WHOLE_SECONDS,
) -> list[pathlib.Path]:
    """Writes a model and its card.

    Args:
      model: that was loaded.
      path: of its file.
      folder: to write to; made if need be.
      formats: keys of ``FORMATS``.
      seconds: longest recording of a format that has no open lengths.

    Returns:
      The files.

    Raises:
      InputError: the model cannot be written so. Nothing is, then.
    """
    samples = round(seconds * model.features.sample_rate)
    rows = [FORMATS[name] for name in formats]
    contents = {row.file: row.make(model, path, samples) for row in rows}
    takes_waveforms = any(name != "safetensors" for name in formats)
    least = min_samples(model) if takes_waveforms else 0
    card = model_card(model.description, find_tested(path), formats, least)
    for name, content in contents.items():
        write_bytes(folder / name, content)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / CARD, card)
    return [*(folder / name for name in contents), folder / CARD]
