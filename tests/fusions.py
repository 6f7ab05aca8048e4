"""Made-up work directories, and their fusion, for the tests of it."""

import csv
import json

import numpy as np

from experiments.fuse.command import fuse_directories
from experiments.fuse.ensembles import Options
from tests.fake_runs import write_run

SPLIT = "emodb+emovo-to-savee"
TRIALS = Options("trials", (1.0,))
DIRECTORIES = Options("directories", (1.0, 1.0))
SVM = {"title": "Linear SVM, egemaps", "deterministic": True}


def write_two(tmp_path):
    """Two work directories of other features, three trials of a method each."""
    for trial in range(3):
        write_run(tmp_path / "log_mel", trial=trial)
        write_run(
            tmp_path / "mfcc", trial=trial, skill=2.0, account={"features": "mfcc"}
        )
    return tmp_path


def fuse(place, *names, options=DIRECTORIES, workdir="fused", overwrite=False):
    paths = [place / name for name in names]
    return fuse_directories(paths, place / workdir, options, overwrite)


def both(place, **options):
    return fuse(place, "log_mel", "mfcc", options=DIRECTORIES._replace(**options))


def run(place, workdir, method="deep_all", trial=0):
    return place / workdir / "runs" / SPLIT / method / f"trial_{trial}"


def change(folder, name, **values):
    """Changes values of a JSON file of a run, or of each of its entries."""
    content = json.loads((folder / name).read_text())
    for item in content if isinstance(content, list) else [content]:
        item.update(values)
    (folder / name).write_text(json.dumps(content))


def rows_of(folder):
    with (folder / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(folder, rows):
    with (folder / "predictions.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def probabilities(folder, selection="last"):
    """[utterances, classes] in the order of the file."""
    return np.array(
        [
            [float(row[name]) for name in row if name.startswith("probability_")]
            for row in rows_of(folder)
            if row["selection"] == selection
        ]
    )


def svm(place):
    write_run(
        place / "svm", method="linear_svm", account={"features": "egemaps"}, also=SVM
    )
    result = run(place, "svm", "linear_svm") / "result.json"
    last = [e for e in json.loads(result.read_text()) if e["selection"] == "last"]
    result.write_text(json.dumps(last))
