"""Confusion matrices, and the margins between corpora."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.report.document import Figure
from experiments.report.figures.look import Look, drawn

# Equally readable with every kind of colour vision, and in grey.
_COLOURS = "cividis"
# Beside the ground's white, which is another in the dark, and beside plain black, which
# matplotlib leaves to the page to choose.
_WHITE, _BLACK = "#fdfdfd", "#050505"
_LETTERS = 4  # Of a class, where that tells them apart.
_NARROW = 7  # Classes of which two matrices have room side by side.


def confusions(
    name: str,
    title: str,
    caption: str,
    classes: Sequence[str],
    of_each: Mapping[str, np.ndarray],
) -> Figure:
    """Draws confusion matrices, in percent of each true class.

    Args:
      name: of the files.
      title: above the picture.
      caption: below it.
      classes: names.
      of_each: [classes, classes] counts, true class by predicted class, by method.

    Returns:
      The figure, a panel for each method.
    """
    rows = [
        (method, classes[true], classes[said], int(matrix[true, said]))
        for method, matrix in of_each.items()
        for true in range(len(classes))
        for said in range(len(classes))
    ]
    short = [word[:_LETTERS] for word in classes]
    if len(set(short)) < len(short):
        short = list(classes)
    columns = min(2, len(of_each)) if len(classes) <= _NARROW else 1
    lines = -(-len(of_each) // columns)

    def draw(canvas: Canvas, look: Look) -> None:
        del look
        panels = canvas.subplots(lines, columns, squeeze=False).ravel()
        for axes, (method, matrix) in zip(panels, of_each.items(), strict=False):
            support = matrix.sum(axis=1, keepdims=True)
            parts = 100 * matrix / np.maximum(support, 1)
            texts = [
                [f"{value:.0f}" if total else "-" for value in row]
                for row, total in zip(parts, support[:, 0], strict=True)
            ]
            _cells(axes, parts, texts, 0, 100)
            axes.set_title(method)
            axes.set_xticks(range(len(short)), short, rotation=45, ha="right")
            axes.set_yticks(range(len(short)), short)
        for axes in panels[len(of_each) :]:
            axes.set_visible(False)
        canvas.supxlabel("predicted", fontsize=10)
        canvas.supylabel("true", fontsize=10)

    header = ("method", "true", "predicted", "utterances")
    height = 0.3 + 2.4 * lines if columns > 1 else 3.8 * lines
    return drawn(name, title, caption, draw, header, rows, height)


def margins(
    name: str,
    title: str,
    caption: str,
    corpora: Sequence[str],
    values: np.ndarray,
    limits: np.ndarray,
) -> Figure:
    """Draws the domain-shift margin between every two corpora.

    Args:
      name: of the files.
      title: above the picture.
      caption: below it.
      corpora: names.
      values: [n, n] margins; on the diagonal the median margin between two halves of a
        corpus, divided by speaker. NaN where not known.
      limits: [n] 95 % quantile of the margins between halves, NaN likewise.

    Returns:
      The figure; a margin within the limits of both corpora is in brackets.
    """
    most = np.fmax(limits[:, None], limits[None])
    within = ~(values > most) & ~np.eye(len(corpora), dtype=bool) & ~np.isnan(most)
    rows = [
        (one, other, _number(values[i, j]), _number(limits[i]) if i == j else "")
        for i, one in enumerate(corpora)
        for j, other in enumerate(corpora)
    ]
    texts = [
        [_told(values[i, j], within[i, j]) for j in range(len(corpora))]
        for i in range(len(corpora))
    ]

    def draw(canvas: Canvas, look: Look) -> None:
        del look
        axes = canvas.add_subplot()
        _cells(axes, values, texts, 0, max(float(np.nanmax(values, initial=0)), 1e-9))
        axes.set_xticks(range(len(corpora)), corpora, rotation=30, ha="right")
        axes.set_yticks(range(len(corpora)), corpora)

    header = ("corpus", "other", "margin", "95 % of halves")
    height = 1.2 + 0.45 * len(corpora)
    return drawn(name, title, caption, draw, header, rows, height)


def _cells(
    axes: Axes,
    values: np.ndarray,
    texts: Sequence[Sequence[str]],
    low: float,
    high: float,
) -> None:
    """Draws coloured cells with a text in each that stands out against its colour."""
    colours = mpl.colormaps[_COLOURS]
    axes.imshow(values, cmap=colours, vmin=low, vmax=high, aspect="auto")
    axes.grid(False)
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            # What is not known has the ground's colour, and the text's own.
            colour = None
            if not np.isnan(values[i, j]):
                bright = (values[i, j] - low) / (high - low) > 0.55
                colour = _BLACK if bright else _WHITE
            style = {"color": colour} if colour else {}
            axes.text(j, i, text, ha="center", va="center", fontsize=9, **style)


def _told(value: float, within: bool) -> str:
    if np.isnan(value):
        return "-"
    return f"({value:.2f})" if within else f"{value:.2f}"


def _number(value: float) -> float | str:
    return "" if np.isnan(value) else float(f"{value:.6g}")
