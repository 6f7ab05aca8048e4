"""The command that predicts recordings, in this process."""

import csv
import io
import json
import re

import numpy as np
import pytest
import soundfile
from absl.testing import flagsaver

from experiments import cli
from experiments.predict import command
from experiments.predict.finding import find
from tests import trained
from tests.documents import ROOT
from tests.trained import RATE, voice


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, and a folder of recordings of which some are of no use."""
    folder = tmp_path_factory.mktemp("place")
    trained.write(folder / "run" / "models" / "best.safetensors")
    sounds = folder / "sounds"
    (sounds / "inside").mkdir(parents=True)
    soundfile.write(sounds / "a.wav", voice(1.0), RATE)
    stereo = np.stack([voice(1.0, 200)] * 2, axis=1)
    soundfile.write(sounds / "inside" / "b.flac", stereo, RATE)
    soundfile.write(sounds / "inside" / "c.mp3", voice(1.2, 90), RATE)
    soundfile.write(sounds / "silent.wav", np.zeros(RATE), RATE)
    (sounds / "damaged.wav").write_bytes(b"no sound")
    (sounds / "notes.txt").write_text("no recording")
    return folder


@pytest.fixture
def predict(place, capsys):
    """Runs the command; returns its status and what it says."""

    def run(*arguments, model="run"):
        given = [f"--checkpoint={place / model}", *map(str, arguments)]
        with flagsaver.flagsaver():
            status = cli._status(
                command.main, command.__doc__, command.GROUPS, ["predict", *given]
            )
        return status, *capsys.readouterr()

    return run


def test_a_table(predict, place):
    status, out, err = predict(place / "sounds")
    assert status == 0
    lines = out.splitlines()
    assert len(lines) == 5
    for name in (*trained.CLASSES, "energy", "unlike training"):
        assert name in lines[0]
    assert [line.split()[0].rsplit("/", 1)[1] for line in lines[2:]] == [
        "a.wav",
        "b.flac",
        "c.mp3",
    ]
    assert "synthetic corpora (here, there)" in err
    assert "2 recordings could not be predicted" in err
    assert f"{place}/sounds/silent.wav: silent" in err
    assert "damaged.wav: unreadable" in err


def test_csv_and_json_say_the_same(predict, place, tmp_path):
    path = tmp_path / "deep" / "all.csv"
    arguments = place / "sounds", "--format=csv", f"--predictions_file={path}"
    status, out, err = predict(*arguments)
    assert (status, out) == (0, "")
    assert f"3 predictions are in {path}" in err
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    _, out, _ = predict(place / "sounds", "--format=json")
    told = json.loads(out)
    assert told["model"]["trained_on"] == trained.DOMAINS
    assert len(told["failed"]) == 2
    for row, one in zip(rows, told["recordings"], strict=True):
        assert row["recording"] == one["recording"]
        assert row["emotion"] == one["emotion"]
        assert row["unlike"] == str(one["unlike"])
        assert {n: float(row[n]) for n in trained.CLASSES} == one["values"]
        assert sum(one["values"].values()) == pytest.approx(1, abs=1e-4)
        assert one["windows"] is None


def test_each_name_of_the_output_is_in_the_documents_table(predict, place):
    page = (ROOT / "docs" / "prediction.md").read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    table, as_csv, as_json = (
        set(
            re.findall(
                r"`(\w[\w ]*)`", " ".join(row[i] for row in rows if len(row) > 3)
            )
        )
        for i in (1, 2, 3)
    )
    _, out, _ = predict(place / "sounds", "--format=csv")
    assert {*out.splitlines()[0].split(",")} - {*trained.CLASSES} <= as_csv
    _, out, _ = predict(place / "sounds", "--format=json")
    told = json.loads(out)
    for names in (told, told["model"], told["recordings"][0]):
        assert {*names} - {"recordings"} <= as_json
    _, out, _ = predict(place / "sounds")
    assert {"recording", "seconds", "emotion", "energy", "unlike training"} <= table
    assert all(name in out.splitlines()[0] for name in ("seconds", "unlike training"))


def test_a_long_recording_has_a_timeline(predict, place, tmp_path):
    long = tmp_path / "long.wav"
    soundfile.write(long, np.concatenate([voice(1.5), voice(1.5, 300)]), RATE)
    windows = "--whole_seconds=2", "--window_seconds=1", "--hop_seconds=0.5"
    folder = tmp_path / "timelines"
    given = long, place / "sounds" / "a.wav", *windows, f"--timeline_dir={folder}"
    status, out, _ = predict(*given, "--format=json")
    assert status == 0
    told, short = json.loads(out)["recordings"]
    assert short["windows"] is None
    windows = told["windows"]
    assert [of["start"] for of in windows] == [0, 0.5, 1, 1.5, 2]
    for name, value in told["values"].items():
        each = [of["values"][name] for of in windows]
        assert value == pytest.approx(np.mean(each), abs=1e-5)
    assert told["emotion"] == max(told["values"], key=told["values"].get)
    (table,), (picture,) = folder.glob("*.csv"), folder.glob("*.png")
    assert len(table.read_text().splitlines()) == 6
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_comes_alone_costs_the_others_nothing(predict, tmp_path):
    given = {"network": "pooled", "normalization": "speaker", "silence": 0.0}
    trained.write(tmp_path / "models/best.safetensors", **given)
    for name in ("x/1", "x/2", "y/1"):
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, voice(1, 100 + 50 * int(name[-1])), RATE)
    status, out, err = predict(
        tmp_path / "x", tmp_path / "y", "--format=csv", model=tmp_path
    )
    assert status == 0
    assert len(out.splitlines()) == 3
    assert f"{tmp_path}/y/1.wav: This model's inputs are normalised by" in err


def test_recordings_of_one_name_have_timelines_each(predict, tmp_path):
    # What matplotlib would take for a formula.
    for name in ("x/a$\\x$b.wav", "y/a$\\x$b.wav"):
        path = tmp_path / name
        path.parent.mkdir()
        soundfile.write(path, voice(1.2), RATE)
    folder = tmp_path / "timelines"
    windows = "--whole_seconds=1", "--window_seconds=1", "--hop_seconds=0.5"
    status, _, _ = predict(
        tmp_path / "x", tmp_path / "y", *windows, f"--timeline_dir={folder}"
    )
    assert status == 0
    assert len([*folder.glob("*.png")]) == len([*folder.glob("*.csv")]) == 2


def test_names_that_are_no_text_are_told(predict, place, tmp_path):
    name = b"\xff\x1b[31m.wav".decode(errors="surrogateescape")
    soundfile.write(bytes(tmp_path / name), voice(1), RATE, format="WAV")
    for kind in ("table", "csv", "json"):
        status, out, _ = predict(tmp_path, f"--format={kind}")
        assert status == 0
        assert "\x1b" not in out
        assert "xff" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name the model and the recordings"),
        (("nowhere.wav",), "nowhere.wav: there is no such file or folder"),
        (("run",), "run: there are no recordings in it"),
        (("sounds/silent.wav",), "Nothing could be predicted"),
        (("sounds/a.wav", "--window_seconds=0"), "must be at least"),
        (("sounds/a.wav", "--model_selection=last"), "no last model"),
        (("sounds/a.wav", "--format=xml"), "format"),
    ],
)
def test_wrong_usage_is_told(predict, place, monkeypatch, arguments, message):
    monkeypatch.chdir(place)
    status, out, err = predict(*arguments)
    assert status == 2
    assert out == ""
    assert message in err


def test_each_recording_is_predicted_once(place, tmp_path):
    sounds = place / "sounds"
    found = find([sounds / "a.wav", sounds, sounds / "a.wav"]).recordings
    assert [path.name for path in found][:1] == ["a.wav"]
    assert len(found) == len(set(found)) == 5


def test_a_slip_in_one_name_costs_the_others_nothing(predict, place):
    status, out, err = predict(place / "sounds/a.wav", place / "suonds/a.wav")
    assert status == 0
    assert len(out.splitlines()) == 3
    assert "1 recording could not be predicted" in err
    assert f"no such file or folder. Did you mean '{place}/sounds/a.wav'?" in err


def test_what_is_passed_over_in_a_folder_is_told(predict, place):
    _, _, err = predict(place / "sounds")
    assert "1 file of other endings (.txt) passed over" in err
    _, _, err = predict(place / "sounds" / "a.wav")
    assert "passed over" not in err


def test_recordings_of_a_folder_are_one_speakers(predict, tmp_path):
    name = "models/best.safetensors"
    given = {"normalization": "speaker", "silence": 0.0}
    trained.write(tmp_path / name, **given)
    for speaker, hz in (("x", 100), ("y", 300)):
        (tmp_path / speaker).mkdir()
        for number in range(2):
            path = tmp_path / speaker / f"{number}.wav"
            soundfile.write(path, voice(1, hz + 20 * number), RATE)

    def energies(*folders):
        arguments = [*(tmp_path / folder for folder in folders), "--format=json"]
        _, out, err = predict(*arguments, model=tmp_path)
        assert "those in one folder for one speaker's" in err
        return [one["energy"] for one in json.loads(out)["recordings"]]

    assert energies("x", "y") == pytest.approx(energies("x") + energies("y"), rel=1e-3)
    together, (alone,) = energies("x"), energies("x/0.wav")
    assert abs(together[0] - alone) > 1e-3
