"""Draws the pictures of docs/method.md, as SVG.

python docs/site/pictures.py

Narrow, so that they can be read on a telephone; on a light ground of their own, so that
they can be read on a dark page.
"""

import pathlib
from xml.sax.saxutils import escape

FOLDER = pathlib.Path(__file__).resolve().parents[1]
INK, FAINT = "#1f2933", "#5f6b7a"
# Okabe and Ito's blue, orange and green in pale, with their own as a frame.
BLUE, ORANGE, GREEN = (
    ("#e3f0f8", "#0072b2"),
    ("#fdf0dc", "#c77800"),
    ("#def3ec", "#00835f"),
)
GREY = ("#f1f3f5", "#7b8794")
_HEAD = (
    '<marker id="{0}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" '
    'markerHeight="8" orient="auto-start-reverse">'
    '<path d="M0,0 L10,5 L0,10 z" fill="{1}"/></marker>'
)


def text(x: float, y: float, line: str, size: float = 16, **style: str) -> str:
    """A line of text, centred at x unless ``anchor`` says otherwise."""
    anchor = style.get("anchor", "middle")
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" '
        f'font-weight="{style.get("weight", "400")}" '
        f'fill="{style.get("fill", INK)}">{escape(line)}</text>'
    )


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    color: tuple[str, str],
    title: str,
    *lines: str,
) -> str:
    """A box with a title in bold and smaller lines under it."""
    fill, frame = color
    first = y + (height - 21 * len(lines)) / 2 + 6
    middle = x + width / 2
    return "\n".join(
        [
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" '
            f'fill="{fill}" stroke="{frame}" stroke-width="1.5"/>',
            text(middle, first, title, 19, weight="600"),
            *(text(middle, first + 21 * n, x, 16) for n, x in enumerate(lines, 1)),
        ]
    )


def arrow(*points: tuple[float, float], back: bool = False) -> str:
    """An arrow along points; dashed and orange for what a gradient does."""
    path = " ".join(f"{'L' if n else 'M'}{x},{y}" for n, (x, y) in enumerate(points))
    color, head = (ORANGE[1], "back") if back else (INK, "head")
    dashes = ' stroke-dasharray="6 4"' if back else ""
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.8"{dashes} '
        f'marker-end="url(#{head})"/>'
    )


def picture(width: int, height: int, title: str, *parts: str) -> str:
    """The whole picture."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" '
            'font-family="system-ui, Helvetica, Arial, sans-serif">',
            f"<title>{escape(title)}</title>",
            "<defs>",
            _HEAD.format("head", INK),
            _HEAD.format("back", ORANGE[1]),
            "</defs>",
            f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def data_flow() -> str:
    """From corpora to the report."""
    left, wide, high, step = 16, 320, 68, 94
    stages = [
        (GREY, "corpora", "file names, emotions, speakers", "corpora/"),
        (GREY, "features", "log-mel or others, fingerprints", "features/"),
        (GREY, "records", "TFRecords and packed copies", "records/"),
        (BLUE, "split", "by speakers; copies are refused", "splits.py, leakage.py"),
        (BLUE, "batch", "[domains, per_domain, frames, 64, 1]", "sampling.py"),
        (ORANGE, "pure step", "any of the algorithms, jit and pmap", "algorithms/"),
        (GREEN, "evaluation", "whole utterances", "evaluation.py"),
        (
            GREEN,
            "metrics and report",
            "with intervals and tests",
            "metrics.py, report/",
        ),
    ]
    parts = []
    for number, (color, title, line, where) in enumerate(stages):
        y = 20 + number * step
        parts.append(box(left, y, wide, high, color, title, line))
        parts.append(
            text(left + wide + 14, y + 16, where, 14, anchor="start", fill=FAINT)
        )
        if number:
            parts.append(
                arrow((left + wide / 2, y - step + high), (left + wide / 2, y))
            )
    right, out = left + wide, left + wide + 168
    split, evaluated = 20 + 3 * step + 44, 20 + 6 * step + 44
    parts += [
        arrow((right, split), (out, split), (out, evaluated), (right, evaluated)),
        *(
            text(out + 10, split + 104 + 20 * n, line, 16, anchor="start")
            for n, line in enumerate(
                ["validation", "speakers, and", "the target:", "never", "trained on"]
            )
        ),
        text(
            left + wide / 2 + 10,
            20 + 4 * step - 8,
            "training speakers",
            14,
            anchor="start",
        ),
        text(left + wide / 2 + 10, 20 + 6 * step - 8, "parameters", 14, anchor="start"),
    ]
    return picture(
        640, 20 + 8 * step, "How data flows, from corpora to the report", *parts
    )


def meta_step() -> str:
    """One step of DA-MLDG."""
    chips = [
        box(90 + 130 * n, 44, 116, 40, color, name)
        for n, (name, color) in enumerate(
            [("EmoDB", BLUE), ("RAVDESS", BLUE), ("SAVEE", GREEN)]
        )
    ]
    parts = [
        text(280, 28, "a batch of the source corpora; one is held out at random", 16),
        *chips,
        arrow((148, 84), (148, 116)),
        arrow((278, 84), (278, 116)),
        arrow((408, 84), (408, 116)),
        box(60, 118, 280, 44, BLUE, "S', meta-train"),
        box(346, 118, 148, 44, GREEN, "V, meta-test"),
        arrow((200, 162), (200, 196)),
        box(60, 198, 280, 62, BLUE, "L(S') at θ", "mean of the corpora's risks"),
        arrow((200, 260), (200, 294)),
        box(60, 296, 280, 62, ORANGE, "θ' = θ − η_s grad L(S')", "virtual step"),
        arrow((170, 358), (170, 392)),
        arrow((310, 358), (310, 376), (400, 376), (400, 392)),
        arrow((440, 162), (440, 392)),
        box(
            60, 394, 250, 76, ORANGE, "γ = |E(S') − E(V)|", "domain-shift margin, at θ'"
        ),
        box(330, 394, 150, 76, GREEN, "L(V)", "at θ'"),
        arrow((185, 470), (185, 518)),
        arrow((405, 470), (405, 518)),
        arrow((60, 229), (28, 229), (28, 543), (60, 543)),
        box(60, 520, 420, 46, GREY, "L(S') + γ L(V)"),
        arrow((270, 566), (270, 602)),
        box(60, 604, 420, 62, GREY, "θ ← θ − η_t grad of the sum", "SGD with momentum"),
        arrow((480, 543), (528, 543), (528, 327), (340, 327), back=True),
        arrow((528, 327), (528, 229), (340, 229), back=True),
        *(
            text(540, 290 + 20 * n, line, 16, anchor="start", fill=ORANGE[1])
            for n, line in enumerate(
                ["the gradient", "passes back", "through θ'", "and γ"]
            )
        ),
    ]
    return picture(640, 686, "One step of DA-MLDG", *parts)


PICTURES = {"data_flow.svg": data_flow, "meta_step.svg": meta_step}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")
