"""Protocols end to end: within a corpus, normalised inputs, leaks that are refused."""

import csv
import json
import shutil

import pytest

from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.experiment import run_experiments


@pytest.fixture(scope="module")
def place(tmp_path_factory, synthetic):
    """Three small corpora, and `copied`, in which one recording is another's copy."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(synthetic / "corpora", folder, dirs_exist_ok=True)
    shutil.copytree(folder / "synth_hall", folder / "copied")
    with (folder / "synth_phone" / "manifest.csv").open(newline="") as file:
        original = next(csv.DictReader(file))["path"]
    row = {"path": "x.wav", "emotion": "anger", "speaker": "newcomer"}
    _append(folder / "copied" / "manifest.csv", row)
    shutil.copy(folder / "synth_phone" / original, folder / "copied" / "x.wav")
    return folder


def _append(manifest, row):
    with manifest.open(newline="") as file:
        columns = next(csv.reader(file))
    with manifest.open("a", newline="") as file:
        csv.DictWriter(file, columns).writerow(row)


def config(place, workdir, corpora, **settings):
    defaults = {
        "methods": "deep_all",
        "steps": 2,
        "batch_size": 6,
        # It compiles in no time.
        "model": "pooled",
        "hidden_units": "",
        "crop_seconds": 0.6,
        "parallel": "none",
    }
    return Config(
        corpora=[f"{name}={place / folder}/manifest.csv" for name, folder in corpora],
        data_dir=place / "records",
        workdir=workdir,
        **{**defaults, **settings},
    )


THREE = [(name, f"synth_{name}") for name in ("studio", "phone", "hall")]
LEAKING = [("studio", "synth_studio"), ("phone", "synth_phone"), ("copied", "copied")]


def test_within_each_corpus_speakers_are_divided(place, tmp_path):
    settings = config(place, tmp_path, THREE[:2], target="within")
    entries = run_experiments(settings)
    assert {(*e["sources"], e["target"]) for e in entries} == {
        ("studio", "studio"),
        ("phone", "phone"),
    }
    results = json.loads((tmp_path / "results.json").read_text())
    for split in results["splits"]:
        # One of three speakers is tested on; with two left, none is kept to select.
        assert (split["train"], split["validation"], split["test"]) == (10, 0, 5)
    with (tmp_path / "predictions.csv").open(newline="") as file:
        tested = {(row["target"], row["speaker"]) for row in csv.DictReader(file)}
    assert len(tested) == 2


def test_every_split_has_a_hash_and_runs_name_it(place, tmp_path):
    entries = run_experiments(config(place, tmp_path, THREE, target="all"))
    results = json.loads((tmp_path / "results.json").read_text())
    hashes = {split["target"]: split["hash"] for split in results["splits"]}
    assert len(set(hashes.values())) == 3
    assert all(entry["split_hash"] == hashes[entry["target"]] for entry in entries)


def test_transductive_inputs_are_told_in_results_and_table(place, tmp_path, capsys):
    settings = config(
        place, tmp_path, THREE, target="hall", normalization="speaker", steps=1
    )
    entries = run_experiments(settings)
    assert all(entry["transductive"] for entry in entries)
    assert "TRANSDUCTIVE" in capsys.readouterr().out


def test_training_statistics_are_not_transductive(place, tmp_path, capsys):
    settings = config(
        place, tmp_path, THREE, target="hall", normalization="training", steps=1
    )
    entries = run_experiments(settings)
    assert not any(entry["transductive"] for entry in entries)
    output = capsys.readouterr().out
    assert "normalised by the mean and deviation of the training utterances" in output
    assert "TRANSDUCTIVE" not in output


def test_a_recording_on_both_sides_is_refused_before_anything_is_trained(
    place, tmp_path
):
    with pytest.raises(InputError, match=r"1 recording\(s\) are on two sides.* copied"):
        run_experiments(config(place, tmp_path, LEAKING, target="copied"))
    assert not (tmp_path / "runs").exists()


def test_its_copy_is_left_out_of_training_where_that_is_asked_for(place, tmp_path):
    settings = config(place, tmp_path, LEAKING, target="copied", skip_duplicates=True)
    run_experiments(settings)
    (split,) = json.loads((tmp_path / "results.json").read_text())["splits"]
    # With all else of its speaker, who speaks each of five emotions once.
    assert len(split["left_out"]) == 5
    assert all(name.startswith("phone/") for name in split["left_out"])
    assert split["test"] == 16
