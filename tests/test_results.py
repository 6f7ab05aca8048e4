import json
import os
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from damldg_jax.corpora.scenarios import Split
from damldg_jax.errors import InputError
from experiments.outputs import MetricsLog, write_csv, write_json
from experiments.results import read_entries, run_folder, table
from tests.cli import ROOT


def entry(target="emovo", method="da_mldg", selection="last", trial=0, uar=0.5):
    return {
        "target": target,
        "method": method,
        "selection": selection,
        "trial": trial,
        "accuracy": 0.25,
        "uar": uar,
        "macro_f1": 0.125,
        "majority_accuracy": 0.3,
        "chance_uar": 0.2,
        "num_utterances": 10,
        "normalization": "none",
    }


def cells(text, first):
    line = next(line for line in text.splitlines() if line.split()[:1] == [first])
    return line.split()


def test_table_of_one_trial_has_no_deviation():
    text = table([entry()], synthetic=False)
    assert cells(text, "emovo") == [
        *("emovo", "DA-MLDG", "last", "25.0", "50.0", "12.5", "30.0", "20.0", "10", "1")
    ]


def test_table_of_trials_has_mean_and_sample_deviation():
    text = table([entry(uar=0.4), entry(uar=0.6, trial=1)], synthetic=False)
    assert "50.0 +- 14.1" in text
    assert cells(text, "emovo")[-1] == "2"


def test_table_of_targets_has_their_unweighted_mean():
    text = table([entry(uar=0.4), entry(target="savee", uar=0.8)], synthetic=False)
    assert cells(text, "mean")[:5] == ["mean", "DA-MLDG", "last", "25.0", "60.0"]


def test_no_mean_over_targets_where_some_have_no_result():
    entries = [entry(), entry(target="savee"), entry(target="savee", selection="best")]
    lines = table(entries, synthetic=False).splitlines()
    assert [x.split()[2] for x in lines if x.split()[0] == "mean"] == ["last"]


def test_tests_on_further_corpora_have_no_part_in_the_mean():
    entries = [entry(uar=0.4), entry(target="savee", uar=0.8), entry("nemo", uar=0.1)]
    entries[2] |= {"scenario": "also_test"}
    text = table(entries, synthetic=False)
    assert cells(text, "mean")[4] == "60.0"
    assert cells(text, "nemo")[4] == "10.0"
    assert "mean" not in table(entries[1:], synthetic=False).split("savee")[1].split()


def test_damaged_results_are_named_with_the_remedy(tmp_path):
    path = tmp_path / "result.json"
    for text in ('[{"uar": 0.5', "[1]", "7", "[]", '[{"uar": 0.5}]'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"result.json is damaged .* Delete it"):
            read_entries(path, "1")
    whole = {**entry(), "sources": ["emodb", "savee"], "scenario": "eng4"}
    path.write_text(json.dumps([whole]))
    assert read_entries(path, "1") == [{**whole, "scenario": "1"}]


def test_table_of_synthetic_corpora_says_so_first():
    text = table([entry()], synthetic=True)
    assert text.startswith("Synthetic corpora")
    assert "Synthetic" not in table([entry()], synthetic=False)


def test_run_folders_differ_by_all_that_tells_runs_apart(tmp_path):
    folders = {
        run_folder(tmp_path, Split("s", sources, target), method, trial)
        for sources in (("a", "b"), ("a", "c"))
        for target in ("x", "y")
        for method in ("mldg", "da_mldg")
        for trial in (0, 1)
    }
    assert len(folders) == 16


def test_json_has_no_nan_and_is_whole_or_absent(tmp_path):
    path = tmp_path / "sub" / "x.json"
    write_json(path, {"a": np.array([1.0, np.nan]), "b": (np.int64(3), float("inf"))})
    assert json.loads(path.read_text()) == {"a": [1.0, None], "b": [3, None]}
    with pytest.raises(TypeError):
        write_json(tmp_path / "y.json", object())
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]
    assert not (tmp_path / "y.json").exists()


def test_csv_is_whole_or_absent(tmp_path):
    def rows():
        yield ["ä", 'with "quotes", and commas']
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "x.csv", ["a", "b"], rows())
    assert not (tmp_path / "x.csv").exists()


def steps(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines]


def test_metrics_after_the_last_checkpoint_are_dropped_on_resuming(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with closing(MetricsLog(tmp_path, ("a", "b"), 0)) as log:
        for step in (1, 2, 3):
            log.write(step, {"loss": 1.0 / step, "finite": True})
    path.write_text(path.read_text() + '{"step": 4, "lo')  # killed while writing
    with closing(MetricsLog(tmp_path, ("a", "b"), 2)) as log:
        log.write(3, {"loss": 9.0})
    assert steps(path) == [(1, 1.0), (2, 0.5), (3, 9.0)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no limits of files")
def test_events_that_do_not_fit_on_the_disk_are_told_with_the_path(tmp_path):
    """In a process of its own: a writer that dies in a thread would hang it."""
    code = (
        "import pathlib, resource, sys\n"
        "from experiments.outputs import MetricsLog\n"
        "log = MetricsLog(pathlib.Path(sys.argv[1]), ('a',), 0)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "try:\n"
        "    for step in range(1, 5000):\n"
        "        log.write(step, {f'm{n}': 1.0 for n in range(5)})\n"
        "except OSError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "File too large" in done.stdout
    assert str(tmp_path / "metrics.jsonl") in done.stdout


def test_held_out_domains_are_told_by_their_names(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with closing(MetricsLog(tmp_path, ("a", "b"), 0)) as log:
        log.write_step(
            1, {"loss": np.float32(2), "held_out": np.array([1]), "finite": True}
        )
        assert steps(path) == [(1, 2.0)]
    assert json.loads(path.read_text().splitlines()[0])["held_out"] == ["b"]


def test_who_does_not_write_is_told_of_numbers_all_the_same(tmp_path):
    with closing(MetricsLog(tmp_path, ("a",), 0, False)) as log:
        log.write_step(1, {"loss": np.float32(2), "finite": np.True_})
        with pytest.raises(FloatingPointError, match="at step 2"):
            log.write_step(2, {"loss": np.float32(2), "finite": np.False_})
    assert not list(tmp_path.iterdir())


def test_a_number_that_is_not_finite_stops_with_step_and_values(tmp_path):
    log, message = MetricsLog(tmp_path, ("a",), 0), r"at step 1.*'loss': 2\.0"
    with closing(log), pytest.raises(FloatingPointError, match=message):
        log.write_step(1, {"loss": np.float32(2), "finite": np.False_})


@pytest.mark.parametrize(
    ("gamma", "told"), [(1e17, True), (np.inf, True), (np.nan, False), (3.0, False)]
)
def test_where_gamma_ran_away_the_remedy_is_named(tmp_path, gamma, told):
    values = {"gamma": np.float32(gamma), "finite": np.False_}
    log = MetricsLog(tmp_path, ("a",), 0)
    with closing(log), pytest.raises(FloatingPointError) as raised:
        log.write_step(1, values)
    assert ("as gamma ran away, --nomargin_gradient" in str(raised.value)) == told


def test_a_target_with_several_sets_of_sources_has_a_row_for_each():
    entries = [
        {**entry(target="nemo", uar=uar), "sources": sources}
        for uar, sources in ((0.4, ["emodb", "savee"]), (0.6, ["emovo", "savee"]))
    ]
    lines = table(entries, synthetic=False).splitlines()
    assert [line.split()[2] for line in lines if line.startswith("nemo")] == [
        "emodb+savee",
        "emovo+savee",
    ]
    assert "+-" not in "\n".join(lines)


def test_what_is_no_algorithm_has_a_title_of_its_own():
    text = table([{**entry(method="svm"), "title": "Linear SVM"}], synthetic=False)
    assert "Linear SVM" in text


def test_scores_among_present_classes_are_shown_where_a_class_is_absent():
    recall = {"anger": 0.5, "fear": None}
    present = {"classes": ["anger"], "uar": 0.75}
    lacking = {**entry(), "recall": recall, "present": present}
    text = table([lacking], synthetic=False)
    assert "UAR % of present" in text
    assert "\nof present: only classes that the target has may be said;" in text
    whole = {**lacking, "present": {**present, "classes": ["anger", "fear"]}}
    assert "of present" not in table([whole], synthetic=False)
    assert "of present" not in table([entry()], synthetic=False)
