"""A small training and a linear SVM fused, as a user does it."""

import csv
import json

import pytest

from experiments.report.command import make_report
from tests.cli import run
from tests.place import prepared

SPLIT = "phone+studio-to-hall"


@pytest.fixture(scope="module")
def place(tmp_path_factory, synthetic):
    """Work directories: ``network``, two trials of Deep-All, and ``svm``."""
    place = prepared(tmp_path_factory.mktemp("fuse") / "place", synthetic)
    data = [f"--corpora={','.join(place.entries)}", f"--data_dir={place.records}"]
    commands = {
        "experiments.main": (
            *("--workdir=network", "--methods=deep_all", "--trials=2", "--steps=3"),
            *("--model=pooled", "--hidden_units=8", "--crop_seconds=0.6"),
            *("--batch_size=6", "--evaluate_every=3"),
        ),
        "experiments.linear_svm": ("--workdir=svm", "--features=log_mel"),
    }
    for name, arguments in commands.items():
        done = run(name, *data, "--target=hall", *arguments, cwd=place.folder)
        assert done.returncode == 0, done.stderr
    return place


def fused(place, *arguments):
    return run("experiments.fuse", *arguments, cwd=place.folder)


def test_a_network_is_fused_with_a_machine_that_knows_no_seed(place):
    done = fused(place, "network", "svm", "--workdir=both", "--weights=2,1")
    assert done.returncode == 0, done.stderr
    assert "Deep-All + Linear SVM, log_mel, network + svm fused" in done.stdout
    results = json.loads((place.folder / "both/results.json").read_text())
    assert [(e["trial"], e["selection"]) for e in results["runs"]] == [
        *((0, "last"), (1, "last")),
    ]
    with (place.folder / "both/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * results["runs"][0]["num_utterances"]
    told = results["runs"][0]["fused"][0]["settings"]
    # What the other knows nothing of, and nothing that both share.
    assert told["hidden_units"] == [8]
    assert not {"features", "normalization", "split_hash", "seed"} & told.keys()
    paths = [place.folder / name for name in ("network", "svm", "both")]
    assert make_report(paths, place.folder / "report") == []
    text = (place.folder / "report/report.md").read_text()
    assert "3 protocol(s)" in text
    assert "Deep-All + Linear SVM, log\\_mel, network + svm fused" in text


def test_trials_of_a_directory_are_fused_and_damage_is_made_good(place):
    command = ("network", "--workdir=ensemble", "--fusion_mean=arithmetic")
    done = fused(place, *command)
    assert done.returncode == 0, done.stderr
    assert "Deep-All, 2 trials fused" in done.stdout
    folder = place.folder / "ensemble/runs" / SPLIT / "deep_all_fused"
    assert [path.name for path in folder.iterdir()] == ["trial_0"]
    (folder / "trial_0/result.json").write_text("[{")
    assert fused(place, *command).stdout == done.stdout


def test_what_cannot_be_fused_is_a_message_and_status_2(place):
    done = fused(place, "network", "nowhere", "--workdir=none")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: There is no folder nowhere.")
