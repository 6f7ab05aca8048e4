"""Reliability diagrams, and energies of sources and target."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure as Canvas

from damldg_jax.calibration import Calibration
from experiments.report.document import Figure
from experiments.report.figures.look import Look, dashes, drawn, marker

_BINS = 30


def reliability(
    name: str, title: str, caption: str, of_each: Mapping[str, Calibration]
) -> Figure:
    """Draws how often predictions of a confidence are right.

    Args:
      name: of the files.
      title: above the picture.
      caption: below it.
      of_each: calibration by method.

    Returns:
      The figure: accuracy over confidence, and below it how many predictions there are.
    """
    rows = [
        (method, *(_number(x) for x in (low, high)), int(n), _number(c), _number(a))
        for method, found in of_each.items()
        for low, high, n, c, a in zip(
            found.edges, found.edges[1:], *found[1:4], strict=False
        )
    ]

    def draw(canvas: Canvas, look: Look) -> None:
        top, below = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        top.plot([0, 1], [0, 1], color=look.text, linewidth=0.8, linestyle=":")
        for number, (method, found) in enumerate(of_each.items()):
            full = found.count > 0
            style = {"color": look.colour(number), "linestyle": dashes(number)}
            top.plot(
                *(found.confidence[full], found.accuracy[full]),
                marker=marker(number),
                markersize=4,
                label=method,
                **style,
            )
            part = found.count / found.count.sum()
            below.stairs(part, found.edges, linewidth=1.4, **style)
        top.set_ylabel("accuracy")
        top.set_ylim(0, 1)
        below.set_ylabel("part")
        below.set_xlabel("confidence")
        canvas.legend(loc="outside upper center", ncols=2)

    header = ("method", "from", "to", "predictions", "confidence", "accuracy")
    return drawn(name, title, caption, draw, header, rows, 3.8)


def energies(
    name: str,
    title: str,
    caption: str,
    of_each: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> Figure:
    """Draws histograms of energies.

    Args:
      name: of the files.
      title: above the picture.
      caption: below it.
      of_each: energies of the sources and of the target, by method.

    Returns:
      The figure, a panel for each method.
    """
    counted = {method: _histograms(*both) for method, both in of_each.items()}
    rows = [
        (method, _number(low), _number(high), _number(source), _number(target))
        for method, (edges, *parts) in counted.items()
        for low, high, source, target in zip(edges, edges[1:], *parts, strict=False)
    ]

    def draw(canvas: Canvas, look: Look) -> None:
        panels = canvas.subplots(len(counted), 1, squeeze=False).ravel()
        for axes, (method, (edges, source, target)) in zip(
            panels, counted.items(), strict=True
        ):
            for number, (part, label) in enumerate(
                ((source, "sources, speakers not trained on"), (target, "target"))
            ):
                style = {"color": look.colour(number), "linestyle": dashes(number)}
                shown = label if axes is panels[0] else None
                axes.stairs(part, edges, linewidth=1.6, label=shown, **style)
                axes.stairs(part, edges, fill=True, color=style["color"], alpha=0.15)
            axes.set_title(method, loc="left")
            axes.set_ylabel("part")
        axes.set_xlabel("energy")
        canvas.legend(loc="outside upper center", ncols=2)

    header = ("method", "from", "to", "sources", "target")
    height = 0.8 + 1.35 * len(counted)
    return drawn(name, title, caption, draw, header, rows, height)


def _histograms(
    source: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    edges = np.histogram_bin_edges(np.concatenate([source, target]), _BINS)
    parts = [np.histogram(x, edges)[0] / len(x) for x in (source, target)]
    return edges, *parts


def _number(value: float) -> float | str:
    return "" if np.isnan(value) else float(f"{value:.6g}")
