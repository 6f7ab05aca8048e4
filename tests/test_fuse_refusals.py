"""Fusion of the runs of work directories: what is refused, and how flags are read."""

import json
import re
import shutil

import pytest
from absl.testing import flagsaver

from damldg_jax.errors import InputError
from experiments.flags import FLAGS
from experiments.fuse.command import choose_defaults
from experiments.fuse.directories import read_directories
from experiments.fuse.ensembles import Options
from experiments.fuse.flags import read_options
from tests.fake_runs import CORPORA, write_run
from tests.fusions import (
    DIRECTORIES,
    TRIALS,
    both,
    change,
    fuse,
    rows_of,
    run,
    svm,
    write_rows,
    write_two,
)


@pytest.fixture
def place(tmp_path):
    return write_two(tmp_path)


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
