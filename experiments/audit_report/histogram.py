"""Histograms as SVG, whose colours are those of the page around them."""

import html
from collections.abc import Sequence

import numpy as np

_WIDTH, _HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 10, 16, 34
_BINS = 30


def shared_edges(values: Sequence[Sequence[float]]) -> np.ndarray:
    """Edges of bins for several histograms side by side.

    Args:
      values: of each histogram, one at least in all.

    Returns:
      The edges, between round numbers. The few largest of all values, a thousandth,
      may lie beyond.
    """
    everything = np.concatenate([np.asarray(v, float) for v in values])
    low, high = everything.min(), np.quantile(everything, 0.999)
    step = _round_step(high - low)
    low = np.floor(low / step) * step
    return np.linspace(low, max(np.ceil(high / step), low / step + 1) * step, _BINS + 1)


def histogram(values: Sequence[float], edges: np.ndarray, unit: str, told: str) -> str:
    """Draws a histogram.

    Args:
      values: at least one; those beyond the edges go into the outermost bins.
      edges: of the bins, ascending, equally far apart.
      unit: of the values, below the axis.
      told: what there is to see, for those who do not.

    Returns:
      An SVG element.
    """
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    bottom, height = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    width = (_WIDTH - _LEFT - _RIGHT) / len(counts)
    bars = [
        f'<rect x="{_LEFT + i * width:.1f}" y="{bottom - h:.1f}" '
        f'width="{width - 1:.1f}" height="{h:.1f}"/>'
        for i, h in enumerate(height * counts / counts.max())
        if h
    ]
    label = html.escape(told, quote=True)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f'<g class="bars">{"".join(bars)}</g>'
        f'<path class="axis" d="M{_LEFT} {bottom}H{_WIDTH - _RIGHT}"/>'
        f"{_ticks(edges, bottom)}"
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{counts.max()}</text>'
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">'
        f"{html.escape(unit)}</text></svg>"
    )


def _ticks(edges: np.ndarray, bottom: int) -> str:
    low, high = float(edges[0]), float(edges[-1])
    step = _round_step(high - low)
    marks = []
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        x = _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)
        # A real minus sign, as wide as a digit.
        text = f"{value:g}".replace("-", "\N{MINUS SIGN}")
        marks.append(
            f'<path class="axis" d="M{x:.1f} {bottom}v4"/>'
            f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{text}</text>'
        )
    return "".join(marks)


def _round_step(extent: float) -> float:
    """The step of an axis of about five parts: 1, 2 or 5 times a power of ten."""
    rough = max(extent, 1e-3) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999))
