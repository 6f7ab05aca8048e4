"""How all pictures look, on a light and on a dark ground, and how they become SVG."""

import contextlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from experiments.report.document import Figure

# Okabe and Ito's colours, told apart with every kind of colour vision, less the yellow
# that a white ground swallows; black is the colour of text.
# For more than six, Tol's muted ones (https://personal.sron.nl/~pault/).
_COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#882255", "#44AA99", "#999933", "#332288"),
)
_BRIGHT = (
    *("#56B4E9", "#F0884A", "#2FC79A", "#E3A3C9", "#F0C04A", "#9AD4F5"),
    *("#CC6699", "#66CCBB", "#CCCC66", "#8877DD"),
)
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")

# As wide as a telephone shows without making letters small, in inches.
WIDTH = 4.6


class Look(NamedTuple):
    """Colours of a ground.

    Attributes:
      ground: behind everything.
      text: of letters and axes.
      line: of grids.
      colours: of what is drawn.
    """

    ground: str
    text: str
    line: str
    colours: tuple[str, ...]

    def colour(self, number: int) -> str:
        """The colour of the n-th thing that is drawn."""
        return self.colours[number % len(self.colours)]


LIGHT = Look("#ffffff", "#1b1f24", "#d0d7de", _COLOURS)
DARK = Look("#12161b", "#e6e9ec", "#363d46", _BRIGHT)


def dashes(number: int) -> object:
    """The line style of the n-th thing, so that colour is not all."""
    return _DASHES[number % len(_DASHES)]


def marker(number: int) -> str:
    """The marker of the n-th thing."""
    return MARKERS[number % len(MARKERS)]


def drawn(
    name: str,
    title: str,
    caption: str,
    draw: Callable[[Canvas, Look], object],
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    height: float = 3.0,
) -> Figure:
    """Draws a picture for both grounds.

    Args:
      name: of its files.
      title: above it.
      caption: below it.
      draw: draws on an empty canvas.
      header: of the columns of its data.
      rows: of its data.
      height: in inches.

    Returns:
      The figure.
    """
    pictures = []
    for look in (LIGHT, DARK):
        with _style(look, name):
            canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
            draw(canvas, look)
            pictures.append(_svg(canvas))
    light, dark = pictures
    return Figure(
        name, title, caption, light, dark, tuple(header), tuple(map(tuple, rows))
    )


@contextlib.contextmanager
def _style(look: Look, name: str) -> Iterator[None]:
    """Settings of matplotlib while a picture is drawn."""
    settings = {
        "font.size": 10,
        "font.family": "sans-serif",
        # Text stays text: it can be found, and has the reader's font.
        "svg.fonttype": "none",
        # Names within the file are the same each time.
        "svg.hashsalt": name,
        "figure.facecolor": look.ground,
        "savefig.facecolor": look.ground,
        "axes.facecolor": look.ground,
        "axes.edgecolor": look.text,
        "axes.labelcolor": look.text,
        "axes.titlesize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": look.line,
        "grid.linewidth": 0.6,
        "text.color": look.text,
        "xtick.color": look.text,
        "ytick.color": look.text,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "lines.linewidth": 1.6,
    }
    with mpl.rc_context(settings):
        yield


def _svg(canvas: Canvas) -> str:
    buffer = io.StringIO()
    canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    # What comes before the picture itself names a DTD on the network.
    text = text[text.index("<svg") :]
    return re.sub(r"[ \t]*\n[ \t]*", "\n", text)
