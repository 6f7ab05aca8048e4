"""Draws the training runs of a work directory.

python docs/plot_run.py runs/quickstart docs/quickstart.png
"""

import json
import pathlib
import sys

import matplotlib.pyplot as plt

# Okabe and Ito's colours, told apart by colour-blind readers too.
COLORS = {"deep_all": "#0072B2", "mldg": "#E69F00", "da_mldg": "#D55E00"}
PANELS = {
    "loss": "loss on training domains",
    "gamma": "domain-shift margin gamma",
    "validation_uar": "UAR on held-out source speakers",
    "validation_mean_ccc": "CCC on held-out source speakers",
}


def smoothed(values: list[float], weight: float = 0.9) -> list[float]:
    """Exponential mean, for reading a noisy curve."""
    mean, result = values[0], []
    for value in values:
        mean = weight * mean + (1 - weight) * value
        result.append(mean)
    return result


def draw(workdir: pathlib.Path, picture: pathlib.Path) -> None:
    """Draws the metrics of ``PANELS`` over steps, a line for each run."""
    lines = (workdir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    runs: dict[tuple, list[dict]] = {}
    for row in rows:
        run = (row["method"], row["scenario"], row["target"], row["trial"])
        runs.setdefault(run, []).append(row)
    labelled: set[str] = set()
    # Either UAR or CCC is there, and gamma with one method only.
    panels = {k: title for k, title in PANELS.items() if any(k in row for row in rows)}
    width = 3.7 * len(panels)
    figure, axes = plt.subplots(1, len(panels), figsize=(width, 3.2), squeeze=False)
    for axis, (name, title) in zip(axes[0], panels.items(), strict=True):
        for run, mine in runs.items():
            mine = [row for row in mine if name in row]
            if not mine:
                continue
            method = run[0]
            steps = [row["step"] for row in mine]
            values = [row[name] for row in mine]
            color = COLORS.get(method)
            if len(steps) > 50:
                axis.plot(steps, values, color=color, alpha=0.25, linewidth=0.7)
                values = smoothed(values)
            # A line for each run, a label for each method.
            label = None if method in labelled else method
            labelled.add(method)
            axis.plot(steps, values, color=color, label=label)
        axis.set(xlabel="step", title=title)
        axis.title.set_fontsize(10)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    draw(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
