"""The whole path on synthetic corpora, as a user runs it."""

import csv
import dataclasses
import json
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
import soundfile

import damldg_jax
from damldg_jax.prediction.places import find_file
from experiments import experiment
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.loop import execute
from tests.cli import TINY, environment, run

RESULT_KEYS = {
    *("scenario", "sources", "target", "method", "trial", "seed", "selection"),
    *("accuracy", "uar", "macro_f1", "recall", "confusion", "num_utterances"),
    *("majority_accuracy", "chance_uar", "ece", "present", "seconds"),
    *("split_hash", "normalization", "transductive", "warnings"),
}
EMOTIONS = ["anger", "happiness", "sadness", "disgust", "fear"]
TARGET_UTTERANCES = 15


@pytest.fixture(scope="module")
def place(tmp_path_factory, synthetic):
    """A folder with three small corpora, each described by a manifest."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(synthetic / "corpora", folder / "corpora")
    return folder


def arguments(place, workdir):
    entries = [
        f"{short}={place}/corpora/synth_{short}/manifest.csv"
        for short in ("studio", "phone", "hall")
    ]
    return [
        f"--corpora={','.join(entries)}",
        f"--data_dir={place}/records",
        f"--workdir={workdir}",
        "--target=hall",
        "--methods=deep_all,da_mldg",
        *TINY,
    ]


@pytest.fixture(scope="module")
def finished(place):
    """A finished command and its work directory."""
    done = run("experiments.main", *arguments(place, place / "first"), cwd=place)
    assert done.returncode == 0, done.stderr
    return done, place / "first"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_standard_output_is_the_table_alone(finished):
    done, _ = finished
    lines = done.stdout.splitlines()
    assert "accuracy %" in lines[0]
    assert "majority %" in lines[0]
    assert [line.split()[:3] for line in lines[2:6]] == [
        ["hall", "Deep-All", "last"],
        ["hall", "Deep-All", "best"],
        ["hall", "DA-MLDG", "last"],
        ["hall", "DA-MLDG", "best"],
    ]
    assert "Preparing studio" in done.stderr
    assert "Warning" not in done.stderr


def test_results_hold_an_entry_for_each_method_and_selection(finished):
    results = json.loads((finished[1] / "results.json").read_text())
    assert len(results["runs"]) == 4
    for entry in results["runs"]:
        assert set(entry) >= RESULT_KEYS
        assert entry["sources"] == ["phone", "studio"]
        assert entry["num_utterances"] == TARGET_UTTERANCES
        assert sum(map(sum, entry["confusion"])) == TARGET_UTTERANCES
        assert entry["chance_uar"] == pytest.approx(0.2)
        assert entry["majority_accuracy"] == pytest.approx(0.2)
        assert list(entry["recall"]) == EMOTIONS


def test_predictions_hold_each_target_utterance_once_and_agree_with_results(finished):
    predictions = rows(finished[1] / "predictions.csv")
    results = json.loads((finished[1] / "results.json").read_text())["runs"]
    for entry in results:
        identity = {name: entry[name] for name in ("method", "selection")}
        mine = [row for row in predictions if identity.items() <= row.items()]
        assert len({row["utterance"] for row in mine}) == TARGET_UTTERANCES
        assert len(mine) == TARGET_UTTERANCES
        right = sum(row["label"] == row["predicted"] for row in mine)
        assert entry["accuracy"] == pytest.approx(right / TARGET_UTTERANCES)
    for row in predictions:
        probabilities = [float(row[f"probability_{e}"]) for e in EMOTIONS]
        assert sum(probabilities) == pytest.approx(1, abs=1e-4)
        assert EMOTIONS[probabilities.index(max(probabilities))] == row["predicted"]
        assert float(row["energy"]) > float("-inf")


def test_a_models_file_predicts_recordings_as_the_test_did(finished, place):
    folder = finished[1] / "runs/phone+studio-to-hall/da_mldg/trial_0"
    tested = [r for r in rows(folder / "predictions.csv") if r["selection"] == "last"]
    paths = sorted((place / "corpora/synth_hall").rglob("*.wav"))
    assert [row["utterance"] for row in tested] == [path.stem for path in paths]
    model = damldg_jax.load(folder, "last")
    assert model.description.domains == ["phone", "studio"]
    assert model.description.training["tested"]["selection"] == "last"
    waves = [soundfile.read(path)[0] for path in paths]
    said = model.predict_all(waves, soundfile.info(paths[0]).samplerate)
    for row, of in zip(tested, said, strict=True):
        assert of.energy == pytest.approx(float(row["energy"]), abs=1e-4)
        for name, value in of.probabilities.items():
            assert value == pytest.approx(float(row[f"probability_{name}"]), abs=1e-4)
        assert 0 <= of.familiarity.rank <= 1


def test_what_the_report_reads_agrees_with_results(finished):
    for folder in (finished[1] / "runs/phone+studio-to-hall").glob("*/trial_0"):
        seen = rows(folder / "sources.csv")
        account = json.loads((folder / "run.json").read_text())
        assert {row["corpus"] for row in seen} == {"phone", "studio"}
        trained = [row for row in seen if row["side"] == "train"]
        assert len(trained) == account["train_utterances"]
        kept = {(r["corpus"], r["speaker"]) for r in seen if r["side"] == "validation"}
        assert kept == {
            (c, s) for c, x in account["validation_speakers"].items() for s in x
        }
        assert all(float(row["energy"]) for row in seen)

        with np.load(folder / "embeddings.npz", allow_pickle=False) as arrays:
            stored = dict(arrays)
        assert stored["embedding"].shape[0] == len(seen) + TARGET_UTTERANCES
        assert stored["embedding"].dtype == np.float16
        of_target = stored["utterance"][stored["corpus"] == "hall"]
        predictions = rows(folder / "predictions.csv")
        assert set(of_target) == {row["utterance"] for row in predictions}
        assert {*stored["side"]} == {"train", "validation", "test"}

        circumstances = json.loads((folder / "circumstances.json").read_text())
        assert circumstances["classes"] == EMOTIONS
        assert circumstances["versions"]["jax"] == jax.__version__
        assert circumstances["feature_settings"]["hall"]["name"] == "log_mel"


def test_what_comes_next_is_said_with_the_paths_of_the_run(finished, place):
    done, workdir = finished
    *_, of_report, of_predict = done.stderr.strip().splitlines()
    assert of_report == f"  python -m experiments.report {workdir} --output=report"
    run_of = shlex.split(of_predict)[3].removeprefix("--checkpoint=")
    assert shlex.split(of_predict)[4] == "call.wav"
    assert find_file(pathlib.Path(run_of)).parents[1] == pathlib.Path(run_of)
    assert "experiments.report" not in done.stdout


def test_metrics_have_a_line_for_each_step(finished):
    text = (finished[1] / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    for method, keys in {
        "deep_all": {"loss", "gradient_norm", "update_norm"},
        "da_mldg": {"loss", "gamma", "held_out", "meta_test_loss", "update_norm"},
    }.items():
        mine = [x for x in lines if x["method"] == method and "loss" in x]
        assert [x["step"] for x in mine] == [1, 2, 3, 4, 5, 6]
        assert all(set(x) >= keys for x in mine)
        validated = [x for x in lines if x["method"] == method and x not in mine]
        assert [x["step"] for x in validated] == [3, 6]
    held_out = {x["held_out"][0] for x in lines if "held_out" in x}
    assert held_out <= {"studio", "phone"}


def test_configuration_says_all_that_determines_the_run(finished):
    config = json.loads((finished[1] / "config.json").read_text())
    assert config["settings"]["steps"] == 6
    assert config["seed"] == 0
    assert set(config["versions"]) >= {"python", "jax", "flax", "numpy"}
    assert len(config["data_hash"]) == 64
    assert config["corpora"]["hall"]["counts"] == dict.fromkeys(EMOTIONS, 3)
    assert config["runs"][0]["validation_speakers"]["studio"]
    assert config["runs"][0]["batch_size"] == 6


def test_tensorboard_events_and_checkpoints_are_written(finished):
    folder = next((finished[1] / "runs").glob("*/da_mldg/trial_0"))
    assert list((folder / "tensorboard").glob("events*"))
    assert sorted(p.name for p in (folder / "checkpoints").iterdir()) == ["3", "6"]


def test_a_finished_command_repeats_its_results_without_training(place, finished):
    results = (finished[1] / "results.json").read_bytes()
    done = run("experiments.main", *arguments(place, finished[1]), cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout == finished[0].stdout
    assert "unchanged" in done.stderr
    assert "step/s" not in done.stderr
    assert (finished[1] / "results.json").read_bytes() == results


def test_other_settings_in_the_same_workdir_are_refused(place, finished):
    done = run(
        "experiments.main",
        *arguments(place, finished[1]),
        "--learning_rate=0.07",
        cwd=place,
    )
    assert done.returncode == 2
    assert "learning_rate 0.05 -> 0.07" in done.stderr
    assert "--workdir" in done.stderr


def test_killed_and_resumed_is_bit_identical_to_undisturbed(place, finished):
    """SIGKILL after a checkpoint; the same command then ends as the first one did."""
    workdir = place / "killed"
    command = [sys.executable, "-m", "experiments.main", *arguments(place, workdir)]
    with subprocess.Popen(
        command, cwd=place, env=environment(place), stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 240
        while not list(workdir.glob("runs/*/da_mldg/trial_0/checkpoints/3")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    done = run("experiments.main", *arguments(place, workdir), cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout == finished[0].stdout
    for name in ("predictions.csv", "metrics.jsonl"):
        assert (workdir / name).read_bytes() == (finished[1] / name).read_bytes()


@pytest.fixture
def config(place, finished):
    """As from a notebook; on eight devices, of which one is used."""
    return Config(
        corpora=[
            f"{short}={place}/corpora/synth_{short}/manifest.csv"
            for short in ("studio", "phone", "hall")
        ],
        target="all",
        methods="rsc",
        trials=2,
        steps=3,
        batch_size=6,
        validation_fraction=0.0,
        data_dir=str(place / "records"),
        workdir=place / "all",
        # What compiles in no time.
        **{"model": "pooled", "hidden_units": "", "crop_seconds": 0.6},
        parallel="none",
    )


def test_each_corpus_in_turn_with_trials_and_without_validation(config, capsys):
    results = run_experiments(config)
    assert [(r["target"], r["trial"], r["seed"]) for r in results] == [
        (target, trial, trial)
        for target in ("studio", "phone", "hall")
        for trial in (0, 1)
    ]
    assert {r["selection"] for r in results} == {"last"}
    assert all(r["target"] not in r["sources"] for r in results)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == [
        *("studio", "phone", "hall", "mean")
    ]


def test_a_run_that_diverges_does_not_cost_the_others(config, place, monkeypatch):
    """One run stops; the others are reported, and then the failure is."""

    def diverge_once(group, programs):
        if group[0].split.target == "phone":
            error = FloatingPointError("A number is not finite any more at step 2")
            return {run.folder: error for run in group}
        return execute(group, programs)

    monkeypatch.setattr(experiment, "execute", diverge_once)
    with pytest.raises(FloatingPointError, match=r"RSC -> phone: .* step 2"):
        run_experiments(config)
    results = json.loads((place / "all" / "results.json").read_text())
    assert {entry["target"] for entry in results["runs"]} == {"studio", "hall"}
    assert len(results["failed"]) == 2


def test_training_stops_where_numbers_are_not_finite(config, place):
    config = dataclasses.replace(
        config, target="hall", trials=1, learning_rate=1e30, workdir=place / "diverged"
    )
    message = r"at step [123].*--learning_rate"
    with pytest.raises(FloatingPointError, match=message) as raised:
        run_experiments(config)
    kept = re.search(r"after step ([012]), is kept in (\S+)\.", str(raised.value))
    assert (pathlib.Path(kept[2]) / kept[1]).is_dir()
    # What is kept is sound, and goes on to the same step: no step is passed over.
    config = dataclasses.replace(config, debug_nans=True)
    message = f"at step {int(kept[1]) + 1}:"
    with pytest.raises(FloatingPointError, match=message) as raised:
        run_experiments(config)
    told = str(raised.value)
    assert re.search(r"encountered in \w+.* \(/.*\.py, line \d+, in \w+: ", told)
    (named,) = (place / "diverged").rglob("not_finite.json")
    batch = json.loads(named.read_text())
    assert batch["step"] == int(kept[1]) + 1
    assert set(batch["utterances"]) == {"studio", "phone"}
    assert all(len(names) == 3 for names in batch["utterances"].values())
    assert str(named) in told
    assert not list((place / "diverged").rglob("result.json"))
