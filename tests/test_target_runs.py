"""Whole commands for every kind of target, on synthetic corpora with ratings."""

import csv
import json
import re
import shutil

import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.metrics import score_dimensions
from damldg_jax.targets import TARGETS, Wishes
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.results import table

NAMES = ("studio", "phone", "hall")
DIMENSIONS = ("arousal", "valence", "dominance")
RATINGS = {
    "anger": (4.0, 1.5, 4.0),
    "happiness": (4.0, 4.5, 3.5),
    "sadness": (1.5, 2.0, 2.0),
    "disgust": (2.5, 1.75, 3.0),
    "fear": (4.5, 1.25, 1.5),
}


def rate(manifest):
    """Adds ratings to a manifest; those of its first recording lack one."""
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        speaker = 0.25 * (number // len(RATINGS) - 1)
        ratings = [rating + speaker for rating in RATINGS[row["emotion"]]]
        row |= dict(zip(DIMENSIONS, map(str, ratings), strict=True))
    rows[0]["valence"] = ""
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def place(tmp_path_factory, synthetic):
    folder = tmp_path_factory.mktemp("place")
    for name in NAMES:
        corpus = folder / "corpora" / name
        shutil.copytree(synthetic / "corpora" / f"synth_{name}", corpus)
        rate(corpus / "manifest.csv")
    return folder


def config(place, kind, **settings):
    tiny = {
        "model": "pooled",
        "hidden_units": (8,),
        # Longer than any of them, so that all are tested by one program.
        "crop_seconds": 4.0,
        "batch_size": 6,
        "steps": 4,
        "evaluate_every": 4,
        "learning_rate": 0.01,
        "evaluation_statistics": "running",
        "parallel": "none",
    }
    return Config(
        corpora=[f"{name}={place}/corpora/{name}/manifest.csv" for name in NAMES],
        target="hall",
        target_kind=kind,
        data_dir=place / "records",
        **{"workdir": place / kind, "methods": "deep_all", **tiny, **settings},
    )


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("kind", "classes", "described"),
    [
        (
            "arousal",
            ["low", "high"],
            "low = sadness, disgust; high = anger, happiness, fear.",
        ),
        (
            "valence",
            ["negative", "positive"],
            "negative = anger, sadness, disgust, fear; positive = happiness.",
        ),
    ],
)
def test_emotions_are_sorted_into_two_classes(place, kind, classes, described, capsys):
    entries = run_experiments(config(place, kind))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Classes of {kind}: {described}"
    assert "UAR %" in lines[1]
    results = json.loads((place / kind / "results.json").read_text())
    assert results["target_kind"] == kind
    assert results["classes"] == classes
    assert results["class_of_emotion"]["happiness"] == classes[1]
    assert len(results["emotions"]) == 5
    predictions = rows(place / kind / "predictions.csv")
    assert {row["label"] for row in predictions} == set(classes)
    for entry in entries:
        assert list(entry["recall"]) == classes
        assert entry["chance_uar"] == 0.5
        mine = [row for row in predictions if row["selection"] == entry["selection"]]
        right = np.mean([row["label"] == row["predicted"] for row in mine])
        assert entry["accuracy"] == pytest.approx(right)


LONGER = {"methods": "da_mldg", "steps": 60, "evaluate_every": 20}


@pytest.fixture(scope="module")
def finished(place):
    """Entries of a finished command for dimensions."""
    return run_experiments(config(place, "dimensions", **LONGER))


def test_results_of_dimensions_agree_with_predictions(place, finished):
    predictions = rows(place / "dimensions" / "predictions.csv")
    assert {entry["selection"] for entry in finished} == {"last", "best"}
    for entry in finished:
        mine = [row for row in predictions if row["selection"] == entry["selection"]]
        assert entry["num_utterances"] == len(mine) == 14
        labels, predicted = (
            [[float(row[prefix + name]) for name in DIMENSIONS] for row in mine]
            for prefix in ("", "predicted_")
        )
        scores = score_dimensions(labels, predicted)
        assert entry["mean_ccc"] == pytest.approx(scores.mean_ccc, abs=1e-4)
        for number, name in enumerate(DIMENSIONS):
            assert entry["ccc"][name] == pytest.approx(scores.ccc[number], abs=1e-4)
            assert entry["rmse"][name] == pytest.approx(scores.rmse[number], abs=1e-4)
    by_name = {row["utterance"]: row for row in predictions}
    # 4 - 1/4 on a scale from 1 to 5.
    row = by_name["hall_f01_sadness_01"]
    assert float(row["arousal"]) == pytest.approx((1.5 - 0.25 - 3) / 2)
    assert float(row["energy"]) > 0
    assert "hall_f01_anger_01" not in by_name


def test_dimensions_select_by_concordance_and_know_gamma(place, finished):
    text = (place / "dimensions" / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    validated = {x["step"]: x["validation_mean_ccc"] for x in lines if "gamma" not in x}
    assert set(validated) == {20, 40, 60}
    best = next(entry for entry in finished if entry["selection"] == "best")
    assert validated[best["step"]] == max(validated.values())
    steps = [x for x in lines if "gamma" in x]
    assert len({x["gamma"] for x in steps}) == 60
    first, last = (
        np.mean([x["loss"] for x in part]) for part in (steps[:9], steps[-9:])
    )
    assert last < first


def test_the_table_of_dimensions(place, finished, capsys):
    again = run_experiments(config(place, "dimensions", **LONGER))
    assert [x["mean_ccc"] for x in again] == [x["mean_ccc"] for x in finished]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Dimensions: arousal, valence, dominance, each from -1")
    heads = ("CCC arousal", "CCC valence", "CCC dominance", "mean CCC", "utterances")
    assert all(head in lines[1] for head in heads)
    assert lines[3].split()[:3] == ["hall", "DA-MLDG", "last"]
    assert lines[3].split()[6] == f"{finished[0]['mean_ccc']:.3f}"
    assert any("constant guess it is 0" in line for line in lines)


def test_a_step_too_small_for_a_concordance_is_refused(place):
    settings = config(place, "dimensions", batch_size=2, workdir=place / "small")
    with pytest.raises(InputError, match=r"needs 2 utterances .*=2 gives 1.*mse"):
        run_experiments(settings)


def rated(target, ccc, trial=0):
    return {
        **{"target": target, "method": "da_mldg", "selection": "last", "trial": trial},
        "ccc": {"arousal": ccc, "valence": -0.25, "dominance": 0.0},
        **{"mean_ccc": ccc / 2, "num_utterances": 7, "normalization": "none"},
    }


def test_the_table_of_dimensions_has_deviations_and_means():
    target = TARGETS["dimensions"](Wishes())
    entries = [rated("one", 0.5), rated("one", 0.7, trial=1), rated("two", 0.2)]
    text = table(entries, True, target.report, target.description)
    synthetic, described, _, _, *lines = text.splitlines()
    assert synthetic.startswith("Synthetic")
    assert described == target.description
    one, two, mean = (re.split(r"\s{2,}", line.strip()) for line in lines[:3])
    assert one[3:] == [
        *("0.600 +- 0.141", "-0.250 +- 0.000", "0.000 +- 0.000", "0.300 +- 0.071"),
        *("7", "2"),
    ]
    assert two[3:] == ["0.200", "-0.250", "0.000", "0.100", "7", "1"]
    assert mean[:1] + mean[3:] == ["mean", "0.400", "-0.250", "0.000", "0.200"]
