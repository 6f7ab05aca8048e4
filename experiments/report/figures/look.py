"""How all pictures look, and how they become SVG for a light and a dark ground."""

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
    """Draws a picture for a light ground.

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
    with _style(LIGHT, name):
        canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
        draw(canvas, LIGHT)
        svg = _svg(canvas)
    return Figure(name, title, caption, svg, tuple(header), tuple(map(tuple, rows)))


def in_page(svg: str) -> str:
    """A picture whose colours are those of the page around it.

    Args:
      svg: of ``drawn``.

    Returns:
      The same with variables for colours, which ``page_style`` defines.
    """
    for number, colour in enumerate(_flat(LIGHT)):
        svg = re.sub(re.escape(colour), f"var(--f{number})", svg, flags=re.IGNORECASE)
    return svg


def page_style() -> str:
    """CSS that gives the variables their colours on either ground."""
    light, dark = (
        "".join(f"--f{n}:{colour};" for n, colour in enumerate(_flat(look)))
        for look in (LIGHT, DARK)
    )
    return (
        f":root{{{light}}}@media (prefers-color-scheme: dark){{:root{{{dark}}}}}"
        ".figures svg{max-width:34rem}"
        ".figures svg text{font-family:system-ui,sans-serif}"
    )


def _flat(look: Look) -> tuple[str, ...]:
    return (look.ground, look.text, look.line, *look.colours)


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
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", text[text.index("<svg") :])
    text = re.sub(r"<metadata>.*?</metadata>\n?", "", text, flags=re.DOTALL)
    # Names that nothing refers to would be there twice beside another picture.
    used = {*re.findall(r'(?:href="#|url\(#)([^")]+)', text)}
    text = re.sub(
        r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", text
    )
    # A hundredth of a point is not to be seen.
    return _PLACES.sub(lambda found: _DIGITS.sub(r"\1", found[0]), text)


_PLACES = re.compile(r' (?:d|x|y|transform|points)="[^"]*"')
_DIGITS = re.compile(r"(\.\d\d)\d+")
