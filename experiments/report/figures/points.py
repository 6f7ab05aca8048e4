"""Embeddings laid out in the plane, and scores with their intervals."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from threadpoolctl import threadpool_limits

from damldg_jax.significance import Interval
from experiments.report.document import Figure
from experiments.report.figures.look import Look, drawn, marker

# t-SNE of more takes long, and shows no more.
MOST_POINTS = 600
_FEWEST_POINTS = 4


class Cloud(NamedTuple):
    """Utterances and where they lie.

    Attributes:
      places: [n, 2]
      corpora: [n] text.
      labels: [n] text.
    """

    places: np.ndarray
    corpora: np.ndarray
    labels: np.ndarray


def lay_out(
    embeddings: np.ndarray, corpora: np.ndarray, labels: np.ndarray
) -> Cloud | None:
    """Lays embeddings out by t-SNE, as Fig. 2 of the paper does.

    Van der Maaten and Hinton 2008, https://jmlr.org/papers/v9/vandermaaten08a.html.

    Args:
      embeddings: [n, channels], inputs of the last layer.
      corpora: [n] text.
      labels: [n] text.

    Returns:
      At most ``MOST_POINTS``, evenly drawn; None of such as have no neighbours: too few
      finite ones, or all the same.
    """
    from sklearn.manifold import TSNE

    chosen = np.flatnonzero(np.isfinite(embeddings).all(axis=1))
    if len(chosen) > MOST_POINTS:
        rng = np.random.default_rng(0)
        chosen = np.sort(rng.choice(chosen, MOST_POINTS, replace=False))
    points = embeddings[chosen].astype(np.float32)
    if len(chosen) < _FEWEST_POINTS or not np.ptp(points, axis=0).any():
        return None
    perplexity = min(30.0, (len(chosen) - 1) / 3)
    layout = TSNE(
        perplexity=perplexity, init="pca", learning_rate="auto", random_state=0
    )
    # Threads that wait for each other cost more than they bring for so few points.
    with threadpool_limits(1):
        places = layout.fit_transform(points)
    return Cloud(places, corpora[chosen], labels[chosen])


def clouds(name: str, title: str, caption: str, of_each: Mapping[str, Cloud]) -> Figure:
    """Draws embeddings, coloured by class and marked by corpus.

    Args:
      name: of the files.
      title: above the picture.
      caption: below it.
      of_each: utterances by method.

    Returns:
      The figure, a panel for each method.
    """
    every = list(of_each.values())
    labels = list(dict.fromkeys(x for cloud in every for x in sorted({*cloud.labels})))
    corpora = list(dict.fromkeys(x for cloud in every for x in cloud.corpora))
    rows = [
        (method, corpus, label, *(float(f"{x:.4g}") for x in place))
        for method, cloud in of_each.items()
        for place, corpus, label in zip(*cloud, strict=True)
    ]

    def draw(canvas: Canvas, look: Look) -> None:
        panels = canvas.subplots(len(of_each), 1, squeeze=False).ravel()
        for axes, (method, cloud) in zip(panels, of_each.items(), strict=True):
            _scatter(axes, cloud, labels, corpora, look)
            axes.set_title(method, loc="left")
        canvas.legend(
            handles=_legend(labels, corpora, look), loc="outside lower center", ncols=3
        )

    header = ("method", "corpus", "class", "x", "y")
    legend = 0.25 * -(-(len(labels) + len(corpora)) // 3)
    height = 0.2 + legend + 3.0 * len(of_each)
    return drawn(name, title, caption, draw, header, rows, height)


def _scatter(
    axes: Axes, cloud: Cloud, labels: Sequence[str], corpora: Sequence[str], look: Look
) -> None:
    for i, label in enumerate(labels):
        for j, corpus in enumerate(corpora):
            which = (cloud.labels == label) & (cloud.corpora == corpus)
            axes.scatter(
                *cloud.places[which].T,
                s=12,
                color=look.colour(i),
                marker=marker(j),
                alpha=0.75,
                linewidths=0,
            )
    axes.set_xticks([])
    axes.set_yticks([])


def _legend(labels: Sequence[str], corpora: Sequence[str], look: Look) -> list[Line2D]:
    of_labels = [
        Line2D([], [], linewidth=5, color=look.colour(i), label=label)
        for i, label in enumerate(labels)
    ]
    return of_labels + [
        Line2D(*([], []), linestyle="", color=look.text, marker=marker(j), label=corpus)
        for j, corpus in enumerate(corpora)
    ]


def forest(
    name: str,
    title: str,
    caption: str,
    of_each: Mapping[str, Mapping[str, Interval]],
    chance: Mapping[str, float],
) -> Figure:
    """Draws scores with their intervals.

    Args:
      name: of the files.
      title: above the picture.
      caption: below it.
      of_each: UAR by method, by target.
      chance: UAR of a constant guess, by target.

    Returns:
      The figure, in percent.
    """
    methods = list(dict.fromkeys(m for scores in of_each.values() for m in scores))
    rows = [
        (target, method, *(_percent(x) for x in found[:3]), _percent(chance[target]))
        for target, scores in of_each.items()
        for method, found in scores.items()
    ]

    def draw(canvas: Canvas, look: Look) -> None:
        axes = canvas.add_subplot()
        for place, (target, scores) in enumerate(of_each.items()):
            span = [place - 0.42, place + 0.42]
            level = [100 * chance[target]] * 2
            axes.plot(level, span, color=look.text, linewidth=1, linestyle=":")
            for method, found in scores.items():
                number = methods.index(method)
                offset = 0.7 * ((number + 0.5) / len(methods) - 0.5)
                # Few unlike speakers may have an interval beside their value.
                reach = [[found.value - found.low], [found.high - found.value]]
                reach = np.maximum(np.nan_to_num(reach), 0)
                axes.errorbar(
                    *([100 * found.value], [place + offset]),
                    xerr=100 * reach,
                    fmt=marker(number),
                    markersize=5,
                    color=look.colour(number),
                    label=method if place == 0 else None,
                )
        axes.set_yticks(range(len(of_each)), of_each)
        axes.set_ylim(len(of_each) - 0.4, -0.6)
        axes.set_xlabel("UAR %")
        canvas.legend(loc="outside upper center", ncols=2)

    header = ("target", "method", "UAR %", "low", "high", "chance %")
    height = 1.2 + 0.2 * len(of_each) * max(3, len(methods))
    return drawn(name, title, caption, draw, header, rows, height)


def _percent(value: float) -> float | str:
    return "" if np.isnan(value) else round(100 * float(value), 3)
