"""Fusion of the runs of work directories: what is made."""

import csv
import json
import re

import numpy as np
import pytest

from damldg_jax.errors import InputError
from experiments.report.command import make_report
from experiments.report.conditions import conditions
from experiments.report.protocols import sort_by_protocol
from experiments.report.run_folders import find_runs
from tests.fake_runs import write_left_out, write_run
from tests.fusions import (
    DIRECTORIES,
    TRIALS,
    both,
    change,
    fuse,
    probabilities,
    rows_of,
    run,
    svm,
    write_rows,
    write_two,
)


@pytest.fixture
def place(tmp_path):
    return write_two(tmp_path)


def test_trial_is_fused_with_trial(place):
    told = both(place)
    assert "Deep-All, log_mel + mfcc fused" in told
    for trial in range(3):
        for selection in ("last", "best"):
            parts = [
                probabilities(run(place, name, trial=trial), selection)
                for name in ("log_mel", "mfcc")
            ]
            odds = np.sqrt(parts[0] * parts[1])
            wanted = odds / odds.sum(axis=1, keepdims=True)
            folder = run(place, "fused", "deep_all_fused", trial)
            np.testing.assert_allclose(
                probabilities(folder, selection), wanted, atol=2e-6
            )


def test_trials_of_one_directory_are_fused_by_the_mean_that_is_asked_for(place):
    options = TRIALS._replace(mean="arithmetic")
    assert "Deep-All, 3 trials fused" in fuse(place, "log_mel", options=options)
    parts = [probabilities(run(place, "log_mel", trial=k)) for k in range(3)]
    found = probabilities(run(place, "fused", "deep_all_fused"))
    np.testing.assert_allclose(found, np.mean(parts, axis=0), atol=2e-6)
    assert not run(place, "fused", "deep_all_fused", 1).exists()


def test_trials_of_a_directory_share_its_weight(place):
    options = DIRECTORIES._replace(over="both", weights=(3.0, 1.0), mean="arithmetic")
    fuse(place, "log_mel", "mfcc", options=options)
    parts = {
        name: np.mean([probabilities(run(place, name, trial=k)) for k in range(3)], 0)
        for name in ("log_mel", "mfcc")
    }
    wanted = 0.75 * parts["log_mel"] + 0.25 * parts["mfcc"]
    found = probabilities(run(place, "fused", "deep_all_fused"))
    np.testing.assert_allclose(found, wanted, atol=2e-6)


def test_disjoint_ensembles_give_a_spread_and_what_is_left_over_is_told(place, capsys):
    for trial in (3, 4):
        write_run(place / "log_mel", trial=trial)
    fuse(place, "log_mel", options=TRIALS._replace(trials_per_ensemble=2))
    entries = json.loads((place / "fused/results.json").read_text())["runs"]
    seeds = [e["seed"] for e in entries if e["selection"] == "last"]
    assert seeds == [[0, 1], [2, 3]]
    assert "Left over and not fused, as 2 make an ensemble: trial 4" in (
        capsys.readouterr().err
    )


def test_the_order_of_directories_does_not_matter(place):
    fuse(place, "log_mel", "mfcc")
    fuse(place, "mfcc", "log_mel", workdir="turned")
    one, other = (
        probabilities(run(place, name, "deep_all_fused"))
        for name in ("fused", "turned")
    )
    np.testing.assert_array_equal(one, other)


def test_utterances_are_aligned_by_name(place):
    fuse(place, "log_mel", "mfcc", workdir="straight")
    for trial in range(3):
        folder = run(place, "mfcc", trial=trial)
        write_rows(folder, rows_of(folder)[::-1])
    fuse(place, "log_mel", "mfcc")
    one, other = (
        rows_of(run(place, name, "deep_all_fused")) for name in ("straight", "fused")
    )
    assert one == other


def test_it_is_told_what_was_fused(place):
    both(place, weights=(2.0, 1.0))
    results = json.loads((place / "fused/results.json").read_text())
    names = [(d["name"], d["weight"]) for d in results["fused"]["directories"]]
    assert names == [("log_mel", 2.0), ("mfcc", 1.0)]
    entry = results["runs"][0]
    assert [part["settings"] for part in entry["fused"]] == [
        {"features": "log_mel"},
        {"features": "mfcc"},
    ]
    account = json.loads(
        (run(place, "fused", "deep_all_fused") / "run.json").read_text()
    )
    assert account["features"] == "log_mel+mfcc"
    assert account["fusion_weights"] == [0.666667, 0.333333]
    with (place / "fused/predictions.csv").open(newline="") as file:
        assert {row["method"] for row in csv.DictReader(file)} == {"deep_all_fused"}


def test_warnings_of_runs_are_passed_on(place):
    change(run(place, "mfcc"), "result.json", warnings=["The loss jumped."])
    both(place)
    (path,) = (place / "fused/runs").rglob("deep_all_fused/trial_0/result.json")
    entry = json.loads(path.read_text())[0]
    assert entry["warnings"] == ["mfcc/deep_all/trial_0: The loss jumped."]


def test_the_same_command_gives_the_same_files(place):
    def files():
        found = sorted(p for p in (place / "fused").rglob("*") if p.is_file())
        return {path: path.read_bytes() for path in found}

    both(place)
    first = files()
    both(place)
    assert files() == first


def test_another_fusion_is_refused_until_it_may_be_deleted(place):
    options = TRIALS._replace(trials_per_ensemble=2)
    write_run(place / "log_mel", trial=3)
    fuse(place, "log_mel", options=options)
    with pytest.raises(InputError, match=r"fused_runs 2 -> 4.*--overwrite"):
        fuse(place, "log_mel", options=TRIALS)
    fuse(place, "log_mel", options=TRIALS, overwrite=True)
    # Nothing of the earlier one is left to be taken for another trial.
    assert not run(place, "fused", "deep_all_fused", 1).exists()


def test_the_report_takes_fusions_for_protocols_of_their_own(tmp_path):
    for name, skill in (("log_mel", {}), ("mfcc", {"account": {"features": "mfcc"}})):
        write_left_out(tmp_path / name, trials=3, **skill)
    fuse(tmp_path, "log_mel", "mfcc")
    fuse(tmp_path, "log_mel", options=TRIALS, workdir="ensemble")
    paths = [tmp_path / name for name in ("log_mel", "mfcc", "fused", "ensemble")]
    protocols = sort_by_protocol(find_runs(paths).runs)
    titles = [tuple(protocol.methods.values()) for protocol in protocols]
    assert sorted(titles) == [
        ("DA-MLDG, 3 trials fused", "Deep-All, 3 trials fused"),
        ("DA-MLDG, log_mel + mfcc fused", "Deep-All, log_mel + mfcc fused"),
        ("Deep-All", "DA-MLDG"),
        ("Deep-All", "DA-MLDG"),
    ]
    assert [len(p.runs) for p in protocols] == [18, 18, 18, 6]


def test_a_report_compares_what_is_fused(place):
    both(place)
    for folder in place.glob("*/runs/*/*/trial_*"):
        # What takes long to draw.
        for name in ("metrics.jsonl", "sources.csv", "embeddings.npz"):
            (folder / name).unlink(missing_ok=True)
    paths = [place / name for name in ("log_mel", "mfcc", "fused")]
    assert make_report(paths, place / "report") == []
    text = (place / "report/report.md").read_text()
    assert "Methods of different protocols on the same utterances" in text
    assert re.search(
        r"Deep-All, log\\_mel \+ mfcc fused \(\w\) is .* points of UAR", text
    )
    assert "Features are log\\_mel+mfcc instead of log-mel spectrograms." in text


def test_what_knows_no_seed_is_fused_with_each_trial(place, capsys):
    svm(place)
    told = fuse(place, "log_mel", "svm")
    assert "Deep-All + Linear SVM, egemaps, log_mel + svm fused" in told
    entries = json.loads((place / "fused/results.json").read_text())["runs"]
    assert [(e["trial"], e["selection"]) for e in entries] == [
        *((0, "last"), (1, "last"), (2, "last")),
    ]
    assert not any(entry["deterministic"] for entry in entries)
    assert "'best' is not fused, as svm/linear_svm/trial_0 has none" in (
        capsys.readouterr().err
    )


def test_each_method_is_fused_with_its_namesake(place):
    for name in ("log_mel", "mfcc"):
        for trial in range(3):
            write_run(
                place / name, trial=trial, method="da_mldg", account={"features": name}
            )
    told = both(place)
    assert told.index("Deep-All, log_mel") < told.index("DA-MLDG, log_mel")


def test_transductive_runs_are_mixed_where_that_is_said(place):
    for trial in range(3):
        folder = run(place, "mfcc", trial=trial)
        change(folder, "result.json", normalization="speaker", transductive=True)
        change(folder, "run.json", normalization="speaker")
        change(run(place, "log_mel", trial=trial), "run.json", normalization="none")
    with pytest.raises(
        InputError, match=r"normalization is none .* speaker .*--mix_tr"
    ):
        both(place)
    told = both(place, mix_transductive=True)
    assert "TRANSDUCTIVE inputs" in told
    results = json.loads((place / "fused/results.json").read_text())["runs"]
    assert {(e["normalization"], e["transductive"]) for e in results} == {
        ("none+speaker", True)
    }
    (protocol,) = sort_by_protocol(find_runs([place / "fused"]).runs)
    assert protocol.transductive


def test_what_was_adapted_in_any_part_is_told(place):
    for trial in range(3):
        folder = run(place, "mfcc", trial=trial)
        adapted = {"transductive": True, "adapted": "batch_statistics+tent"}
        change(folder, "result.json", **adapted)
    with pytest.raises(InputError, match=r"adapted is none .* batch_statistics\+tent"):
        both(place)
    told = both(place, mix_transductive=True)
    assert "TRANSDUCTIVE statistics" in told
    assert "TRANSDUCTIVE parameters" in told
    results = json.loads((place / "fused/results.json").read_text())["runs"]
    assert {e["adapted"] for e in results} == {"none+batch_statistics+tent"}


def test_runs_of_other_lengths_are_fused_and_told_apart(place):
    for trial in range(3):
        known = {"vary_split": True, "validation_fraction": 0.2}
        change(run(place, "log_mel", trial=trial), "run.json", **known)
        known |= {"steps": 80, "validation_fraction": 0.25}
        change(run(place, "mfcc", trial=trial), "run.json", **known)
    both(place)
    (protocol,) = sort_by_protocol(find_runs([place / "fused"]).runs)
    assert "Features are log_mel+mfcc" in conditions(protocol)[0]
    assert protocol.runs[0].account["schedules"] == [[40, 12, None], [80, 12, None]]
    assert "steps" not in protocol.runs[0].account
