r"""Tells the emotion of recordings by a trained model.

  python -m experiments.predict --checkpoint=RUN_OR_MODEL call.wav
  python -m experiments.predict --checkpoint=model.safetensors recordings/ \
      --format=csv --predictions_file=emotions.csv --timeline_dir=timelines

--checkpoint is the folder of a run or a model's file; what follows are recordings and
folders, which are searched. Recordings longer than --whole_seconds are predicted window
by window, and their probabilities are means over the windows. Whatever libsndfile reads
is read; recordings that cannot be used are told at the end, with the reason of each.

Beside the probabilities stand the energy, log sum exp of the logits, and whether the
recording is unlike the training domains: further from them than 99 % of the utterances
of held-out speakers. Of such a recording do not trust the emotion.

Exit status: 0 if something was predicted, 2 for wrong usage or if nothing was, 130
when interrupted, 143 when terminated.
"""

import pathlib
from collections.abc import Mapping, Sequence

from absl import flags

from damldg_jax.errors import InputError
from damldg_jax.prediction.loading import load
from damldg_jax.prediction.model import (
    HOP_SECONDS,
    WHOLE_SECONDS,
    WINDOW_SECONDS,
    Model,
)
from experiments.console import say
from experiments.model_flags import (
    CHECKPOINT,
    ENCODER_WEIGHTS,
    FEATURES,
    GROUP,
    SELECTION,
)
from experiments.outputs import write_text
from experiments.predict.finding import find, passed_over
from experiments.predict.recordings import Predicted, Windowing, predict_files
from experiments.predict.telling import FORMATS, failures, show
from experiments.predict.timeline_files import write_timeline

_FORMAT = flags.DEFINE_enum("format", "table", list(FORMATS), "What is printed.")
_OUTPUT = flags.DEFINE_string(
    "predictions_file", None, "File to write to instead of standard output."
)
_WHOLE = flags.DEFINE_float(
    "whole_seconds",
    WHOLE_SECONDS,
    "Recordings up to this length are predicted in one piece.",
    lower_bound=0.0,
)
_WINDOW = flags.DEFINE_float(
    "window_seconds", WINDOW_SECONDS, "Length of a window of longer ones."
)
_HOP = flags.DEFINE_float(
    "hop_seconds", HOP_SECONDS, "From the beginning of a window to that of the next."
)
_TIMELINES = flags.DEFINE_string(
    "timeline_dir",
    None,
    "Folder for a plot (PNG) and a table (CSV) over time of each recording that is "
    "predicted window by window.",
)
GROUPS = {
    "Model": GROUP,
    "Recordings": ("whole_seconds", "window_seconds", "hop_seconds"),
    "Output": ("format", "predictions_file", "timeline_dir"),
}


def main(arguments: Sequence[str]) -> None:
    """Predicts what the command line names."""
    if not CHECKPOINT.value or not arguments:
        raise InputError(
            "Name the model and the recordings: python -m experiments.predict "
            "--checkpoint=RUN_OR_MODEL FILE_OR_FOLDER..."
        )
    windowing = Windowing(_WHOLE.value, _WINDOW.value, _HOP.value)
    windowing.check()
    model = load(
        CHECKPOINT.value, SELECTION.value, FEATURES.value, ENCODER_WEIGHTS.value
    )
    _introduce(model)
    named = find([pathlib.Path(argument) for argument in arguments])
    found, failed = predict_files(model, named.recordings, windowing)
    failed = {**named.failed, **failed}
    if not found:
        raise InputError("\n".join(["Nothing could be predicted.", *failures(failed)]))
    _tell(model, found, failed)
    for line in (passed_over(named.others), *failures(failed)):
        if line:
            say(line)
    if _TIMELINES.value:
        _draw(pathlib.Path(_TIMELINES.value).expanduser(), model, found)


def _tell(
    model: Model, found: Sequence[Predicted], failed: Mapping[pathlib.Path, str]
) -> None:
    """Prints the predictions, or writes them to the file that is named."""
    text = show(_FORMAT.value, model, found, failed)
    if not _OUTPUT.value:
        print(text, end="")
        return
    path = pathlib.Path(_OUTPUT.value).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    say(f"{len(found)} predictions are in {path}.")


def _draw(folder: pathlib.Path, model: Model, found: Sequence[Predicted]) -> None:
    for one in found:
        if one.timeline:
            write_timeline(folder, one, model.classes)
    say(f"Timelines are in {folder}.")


def _introduce(model: Model) -> None:
    """Says what the model is, and what it must not be taken for."""
    description = model.description
    if synthetic := description.training.get("synthetic"):
        say(
            f"The model was trained on synthetic corpora ({', '.join(synthetic)}): it "
            "shows that the software works, and nothing else."
        )
    say(
        f"Trained on {', '.join(description.domains)} to tell "
        f"{', '.join(model.classes)}. It tells what acted speech sounds like, not what "
        "somebody feels."
    )
    if model.needs_others:
        say(
            f"The model normalises by {description.normalization}: all recordings are "
            "taken for one corpus, and those in one folder for one speaker's."
        )
