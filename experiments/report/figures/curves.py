"""Learning curves, and the domain-shift margin while a network learns."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure as Canvas

from experiments.report.document import Figure
from experiments.report.figures.look import Look, dashes, drawn

# A curve: steps and values of each trial.
Curves = Mapping[str, Sequence[tuple[Sequence[int], Sequence[float]]]]
_POINTS = 40


def curves(name: str, title: str, caption: str, of_each: Curves, label: str) -> Figure:
    """Draws a quantity over the steps, a line for each name.

    Args:
      name: of the files.
      title: above the picture.
      caption: below it.
      of_each: steps and values of each trial, by name of the line.
      label: of the upward axis.

    Returns:
      The figure; each point is a mean over neighbouring steps and over trials, and the
      band from the least to the most of any trial.
    """
    summed = {line: _binned(trials) for line, trials in of_each.items()}
    rows = [
        (line, round(float(step), 1), *(float(f"{v:.6g}") for v in values))
        for line, points in summed.items()
        for step, *values in points
    ]

    def draw(canvas: Canvas, look: Look) -> None:
        axes = canvas.add_subplot()
        for number, (line, points) in enumerate(summed.items()):
            step, mean, low, high = points.T
            colour = look.colour(number)
            axes.plot(step, mean, color=colour, linestyle=dashes(number), label=line)
            axes.fill_between(step, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.set_xlabel("step")
        axes.set_ylabel(label)
        canvas.legend(loc="outside upper center", ncols=2)

    header = ("line", "step", "mean", "lowest", "highest")
    return drawn(name, title, caption, draw, header, rows)


def _binned(trials: Sequence[tuple[Sequence[int], Sequence[float]]]) -> np.ndarray:
    """[points, 4]: mean step, and mean, least and most of the trials' means there."""
    last = max(max(steps) for steps, _ in trials)
    edges = np.linspace(0, last, min(_POINTS, last) + 1)
    sums = np.zeros((len(trials), len(edges) - 1))
    counts, places = np.zeros_like(sums), np.zeros_like(sums)
    for number, (steps, values) in enumerate(trials):
        which = np.searchsorted(edges, steps) - 1
        np.add.at(sums[number], which, values)
        np.add.at(places[number], which, steps)
        np.add.at(counts[number], which, 1)
    # Only where every trial has something to say.
    full = (counts > 0).all(axis=0)
    means = sums[:, full] / counts[:, full]
    step = places[:, full].sum(axis=0) / counts[:, full].sum(axis=0)
    return np.stack([step, means.mean(0), means.min(0), means.max(0)], axis=1)
