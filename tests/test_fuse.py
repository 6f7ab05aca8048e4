"""Fusion of the runs of work directories: what is made, and what is refused."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
from absl.testing import flagsaver

from damldg_jax.errors import InputError
from experiments.flags import FLAGS
from experiments.fuse.command import choose_defaults, fuse_directories
from experiments.fuse.directories import read_directories
from experiments.fuse.ensembles import Options
from experiments.fuse.flags import read_options
from experiments.report.command import make_report
from experiments.report.conditions import conditions
from experiments.report.protocols import sort_by_protocol
from experiments.report.run_folders import find_runs
from tests.fake_runs import CORPORA, write_left_out, write_run

SPLIT = "emodb+emovo-to-savee"
TRIALS = Options("trials", (1.0,))
DIRECTORIES = Options("directories", (1.0, 1.0))
SVM = {"title": "Linear SVM, egemaps", "deterministic": True}


@pytest.fixture
def place(tmp_path):
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


def svm(place):
    write_run(
        place / "svm", method="linear_svm", account={"features": "egemaps"}, also=SVM
    )
    result = run(place, "svm", "linear_svm") / "result.json"
    last = [e for e in json.loads(result.read_text()) if e["selection"] == "last"]
    result.write_text(json.dumps(last))


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


def other_utterance(folder):
    rows = rows_of(folder)
    write_rows(
        folder, [{**r, "utterance": r["utterance"].replace("s3", "x")} for r in rows]
    )


def other_labels(folder):
    swapped = {"anger": "happiness", "happiness": "anger", "sadness": "sadness"}
    rows = rows_of(folder)
    for row in rows:
        row["label"], row["predicted"] = (
            swapped[row["label"]],
            swapped[row["predicted"]],
        )
    write_rows(folder, rows)


def other_speaker(folder):
    write_rows(folder, [{**row, "speaker": "s0"} for row in rows_of(folder)])


def of_dimensions(folder):
    entries = json.loads((folder / "result.json").read_text())
    for entry in entries:
        del entry["confusion"], entry["recall"]
    (folder / "result.json").write_text(json.dumps(entries))


def account(**values):
    return lambda folder: change(folder, "run.json", **values)


REFUSED = {
    "utterances": (other_utterance, r"not .* on the same utterances: savee_s3_0 is in"),
    "labels": (
        other_labels,
        r"label of savee_s0_0 is anger .* happiness .*predictions",
    ),
    "speakers": (other_speaker, r"speaker of savee_s1_0 is s1 in the first and s0 in"),
    "splits": (
        account(split_hash="y"),
        r"split_hash is x .* y .*run.json.*--split_seed",
    ),
    "training": (account(training_hash="y"), r"training_hash is x in the first and y"),
    "validation": (
        account(validation_speakers=["b"]),
        r"validation_speakers is \['a'\]",
    ),
    "emotions": (account(emotions=["fear"]), r"emotions is \['anger'\] .* --emotions"),
    "kind": (account(target_kind="arousal"), r"target_kind is emotion .* arousal"),
    "synthetic": (
        lambda folder: change(folder, "circumstances.json", synthetic=["savee"]),
        r"synthetic is \[\] .* \['savee'\] .*circumstances.json.* never fused",
    ),
    "recordings": (
        account(data={"savee": "other"}),
        r"data of savee is hash of savee .* and other .*run.json",
    ),
    "unfinished": (
        lambda folder: (folder / "result.json").unlink(),
        r"mfcc.*trial_1 is not finished.*goes on",
    ),
    "damage": (
        lambda folder: (folder / "predictions.csv").write_text("selection\nlast\n"),
        r"mfcc.*trial_1 is damaged \(.*Delete it",
    ),
    "missing trial": (shutil.rmtree, r"mfcc .* 0, 2. Train those that are missing"),
    "dimensions": (
        of_dimensions,
        r"trial_1 is of --target_kind=emotion, which has no probabilities",
    ),
    "fused": (account(fusion="trials"), r"trial_1 is itself fused"),
}


@pytest.mark.parametrize(("damage", "told"), REFUSED.values(), ids=REFUSED)
def test_runs_that_do_not_go_together_are_refused(place, damage, told):
    known = {"split_hash": "x", "training_hash": "x", "validation_speakers": ["a"]}
    for path in place.glob("*/runs/*/*/*"):
        also = {"emotions": ["anger"], "target_kind": "emotion"}
        change(path, "run.json", **known, **also)
    damage(run(place, "mfcc", trial=1))
    with pytest.raises(InputError, match=told):
        both(place)
    # Before anything is written.
    assert not (place / "fused").exists()


def test_runs_with_other_classes_are_refused(place):
    for trial in range(3):
        folder = run(place, "mfcc", trial=trial)
        for name in ("result.json", "predictions.csv", "sources.csv"):
            text = (folder / name).read_text().replace("sadness", "disgust")
            (folder / name).write_text(text)
    with pytest.raises(InputError, match=r"classes is .*'sadness'.* and .*'disgust'"):
        both(place)


def test_a_target_that_a_directory_lacks_is_refused_and_can_be_left_out(place):
    for trial in range(3):
        write_run(place / "log_mel", "emodb", ("emovo", "savee"), trial=trial)
    with pytest.raises(
        InputError, match=r"mfcc has no deep_all of emovo\+savee -> emo"
    ):
        both(place)
    told = both(place, targets=("savee",))
    assert "emodb" not in told
    with pytest.raises(InputError, match=r"nothing was tested on tess"):
        both(place, targets=("savee", "tess"))


def test_other_sources_are_refused(place):
    shutil.rmtree(place / "mfcc")
    for trial in range(3):
        write_run(place / "mfcc", sources=("emodb", "tess"), trial=trial)
    with pytest.raises(
        InputError, match=r"no deep_all of \S+ -> savee, but emodb\+\w+ ->"
    ):
        both(place)


def test_other_methods_are_refused_unless_they_are_named(place):
    for trial in range(3):
        write_run(
            place / "mfcc", method="mldg", trial=trial, account={"features": "mfcc"}
        )
    with pytest.raises(InputError, match=r"other methods: .* --method_of_each"):
        both(place)
    with pytest.raises(InputError, match=r"log_mel has no run of mldg"):
        both(place, methods=("mldg", "deep_all"))
    told = both(place, methods=("deep_all", "mldg"))
    assert "Deep-All + MLDG, log_mel + mfcc fused" in told
    with pytest.raises(InputError, match=r"no finished run of mldg in .*log_mel"):
        both(place, methods=("mldg", "mldg"))
    with pytest.raises(InputError, match=r"no finished run of rsc in .*log_mel"):
        both(place, methods=("rsc", "rsc"))


def test_a_run_is_not_counted_twice(place):
    with pytest.raises(InputError, match=r"named twice.*--weights"):
        fuse(place, "log_mel", "log_mel")
    shutil.copytree(place / "log_mel", place / "copy")
    with pytest.raises(InputError, match=r"are the same run by their settings"):
        fuse(place, "log_mel", "copy")
    with pytest.raises(InputError, match=r"the same trial of the same method"):
        fuse(place, ".", options=TRIALS, workdir="fused")


def test_targets_real_and_synthetic_are_not_told_together(place):
    for trial in range(3):
        for name in ("log_mel", "mfcc"):
            folder = write_run(
                place / name,
                "emodb",
                ("emovo", "savee"),
                trial=trial,
                skill=2.0,
                account={"features": name},
            )
            change(folder, "circumstances.json", synthetic=["emodb"])
            change(run(place, name, trial=trial), "run.json", features=name)
    with pytest.raises(
        InputError, match=r"Some targets are synthetic .*--only_targets"
    ):
        both(place)


def test_of_one_trial_there_is_nothing_to_fuse(place):
    write_run(place / "one")
    with pytest.raises(InputError, match=r"1 trial\(s\) in .*one .*--trials"):
        fuse(place, "one", options=TRIALS)
    with pytest.raises(InputError, match=r"3 trial\(s\) .* fuse 5"):
        fuse(place, "log_mel", options=TRIALS._replace(trials_per_ensemble=5))
    svm(place)
    with pytest.raises(InputError, match="knows no seed"):
        fuse(place, "svm", options=TRIALS)


def test_places_are_named(place):
    with pytest.raises(InputError, match=r"no folder .*nowhere"):
        fuse(place, "nowhere", options=TRIALS)
    with pytest.raises(InputError, match=r"is one of the directories .* another"):
        fuse(place, "log_mel", options=TRIALS, workdir="log_mel")
    (place / "empty").mkdir()
    with pytest.raises(InputError, match=r"no finished run in .*empty"):
        fuse(place, "empty", options=TRIALS)


def test_directories_of_one_name_are_told_apart(place):
    for name in ("a/work", "b/work"):
        shutil.copytree(place / "log_mel", place / name)
    first, second = read_directories([place / "a/work", place / "b/work"])
    assert (first.name, second.name) == (
        (place / "a/work").as_posix(),
        (place / "b/work").as_posix(),
    )
    assert first.tests_of("deep_all") == (("savee", CORPORA[:2]),)


def options(directories, **values):
    with flagsaver.flagsaver(**values):
        return read_options(directories)


def test_what_is_fused_if_nothing_is_said():
    FLAGS.mark_as_parsed()
    assert options(1) == TRIALS
    assert options(2) == DIRECTORIES
    both = options(3, weights=["1", "2", "1"], method_of_each=["mldg"], over="both")
    assert both == Options("both", (1.0, 2.0, 1.0), methods=("mldg",) * 3)


@pytest.mark.parametrize(
    ("directories", "values", "told"),
    [
        (0, {}, "Name the work directories"),
        (2, {"over": "trials"}, "--over=trials is of one directory, and 2 are named"),
        (1, {"over": "both"}, "--over=both is of several directories"),
        (2, {"trials_per_ensemble": 2}, "Choose --over=both"),
        (2, {"weights": ["1"]}, "--weights=1: give a number above 0"),
        (2, {"weights": ["1", "0"]}, "--weights=1,0"),
        (2, {"weights": ["1", "much"]}, "--weights=1,much"),
        (2, {"weights": ["1", "inf"]}, "such as --weights=1,1"),
        (2, {"method_of_each": ["a", "b", "c"]}, "3 methods for 2 directories"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(directories, values, told):
    FLAGS.mark_as_parsed()
    with pytest.raises(InputError, match=re.escape(told)):
        options(directories, **values)


def test_it_has_a_work_directory_of_its_own():
    with flagsaver.flagsaver():
        choose_defaults()
        assert FLAGS["workdir"].value == "runs/fused"
