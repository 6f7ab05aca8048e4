"""A recording's predictions over time: a plot and a table."""

import hashlib
import os
import pathlib
import re
from collections.abc import Sequence

from damldg_jax.corpora.files import printable
from experiments.outputs import write_csv
from experiments.predict.recordings import Predicted

# Okabe and Ito's colours, told apart by colour-blind readers too.
_COLOURS = (
    *("#D55E00", "#F0E442", "#0072B2", "#009E73", "#CC79A7", "#999999", "#E69F00"),
    *("#56B4E9", "#000000"),
)


def write_timeline(
    folder: pathlib.Path, one: Predicted, classes: Sequence[str]
) -> None:
    """Writes ``<recording>_<digest of its path>.png`` and ``.csv``.

    Args:
      folder: to write to; made if need be.
      one: a recording that was predicted window by window.
      classes: names of the classes, or of the dimensions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _name(one.path)
    spans, said = one.timeline
    rows = [
        [
            *(f"{span.start:.3f}", f"{span.end:.3f}", of.emotion),
            *(f"{of.probabilities[name]:.6f}" for name in classes),
            *(f"{of.energy:.4f}", of.unlike),
        ]
        for span, of in zip(spans, said, strict=True)
    ]
    header = ["start", "end", "emotion", *classes, "energy", "unlike"]
    write_csv(path.with_name(f"{path.name}.csv"), header, rows)
    _draw(path.with_name(f"{path.name}.png"), one, classes)


def _name(recording: pathlib.Path) -> str:
    """A name that recordings of one name in several folders do not share."""
    # Of the whole path: so each recording has one file, however often it is written.
    whole = hashlib.sha256(os.fsencode(recording.absolute())).hexdigest()
    plain = re.sub(r"[^\w.-]", "_", printable(recording.name))
    return f"{plain}_{whole[:8]}"


def _draw(path: pathlib.Path, one: Predicted, classes: Sequence[str]) -> None:
    from matplotlib.figure import Figure

    spans, said = one.timeline
    middles = [(span.start + span.end) / 2 for span in spans]
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes = figure.subplots()
    for number, name in enumerate(classes):
        values = [of.probabilities[name] for of in said]
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(middles, values, color=colour, label=name, marker=".", linewidth=1.8)
    unlike = [span for span, of in zip(spans, said, strict=True) if of.unlike]
    for number, span in enumerate(unlike):
        label = None if number else "unlike training"
        axes.axvspan(span.start, span.end, color="0.9", linewidth=0, label=label)
    axes.set_xlim(0, one.seconds)
    axes.set_ylim(*((0, 1) if one.emotion else (-1, 1)))
    axes.set_xlabel("time in seconds")
    axes.set_ylabel("probability" if one.emotion else "value")
    axes.set_title(printable(one.path.name), parse_math=False)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(path, dpi=120)
