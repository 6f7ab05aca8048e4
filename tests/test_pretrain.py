"""Pre-training on speakers as a whole command, and what may begin with its weights."""

import dataclasses
import json

import numpy as np
import pytest
from absl.testing import flagsaver
from safetensors.numpy import load_file, save_file

from damldg_jax.corpora.scenarios import PRETRAINING, Split
from damldg_jax.corpora.synthetic import write_corpus
from damldg_jax.errors import InputError
from damldg_jax.prediction import model_file
from damldg_jax.prediction.places import place as place_of
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.flags import FLAGS, read_config
from experiments.plan import make_plan
from experiments.pretrain import command
from experiments.pretrain.plan import make_plan as make_pretraining_plan
from experiments.report.run_folders import find_runs
from experiments.runs import Run
from experiments.unseen import check_unseen, seen_by, seen_in

NAMES = ("studio", "phone", "hall")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    for name in NAMES:
        corpus = folder / "corpora" / name
        write_corpus(f"synth_{name}", corpus, speakers=3, repetitions=2)
    return folder


def config(place, **settings):
    tiny = {
        "model": "pooled",
        "hidden_units": (16,),
        # Longer than any of them, so that all are tested by one program.
        "crop_seconds": 4.0,
        "batch_size": 16,
        "steps": 100,
        "evaluate_every": 50,
        "learning_rate": 0.02,
        "evaluation_statistics": "running",
        "validation_fraction": 0.1,
        "test_fraction": 0.2,
        "parallel": "none",
    }
    named = {
        "corpora": [f"{name}={place}/corpora/{name}/manifest.csv" for name in NAMES],
        "target": "hall",
        "data_dir": place / "records",
        "workdir": place / "speakers",
    }
    return Config(**{**named, **tiny, **settings})


@pytest.fixture(scope="module")
def trained(place):
    command.main(config(place))
    return place / "speakers"


def encoder(workdir, sources="phone+studio"):
    return place_of(workdir / f"runs/{sources}-to-speakers/deep_all/trial_0", "best")


def test_speakers_are_told_apart(trained, capsys):
    results = json.loads((trained / "results.json").read_text())
    assert results["target_kind"] == "speaker"
    assert len(results["classes"]) == 6
    for entry in results["runs"]:
        assert entry["num_speakers"] == 6
        assert entry["num_utterances"] == 6 * 2
        assert entry["accuracy"] > 2 / 6
    (split,) = results["splits"]
    assert [split[side] for side in ("train", "validation", "test")] == [42, 6, 12]
    assert split["sources"] == ["phone", "studio"]


def test_the_encoder_says_what_it_is_and_what_it_has_seen(trained):
    path = encoder(trained)
    tensors = load_file(path)
    assert {name.partition("/")[0] for name in tensors} >= {"params", "batch_stats"}
    described = model_file.describe(path)
    assert described.domains == ["phone", "studio"]
    assert described.target == "speaker"
    assert len(described.classes) == 6
    described = json.loads((trained / "config.json").read_text())
    hashes = {n: x["content_hash"] for n, x in described["corpora"].items()}
    assert set(hashes) == {"phone", "studio"}
    assert seen_by(path) == hashes


def test_the_same_command_trains_nothing_again(trained, place, capsys):
    before = encoder(trained).read_bytes()
    command.main(config(place))
    told = capsys.readouterr().err
    assert "finished before, not trained again" in told
    begin = f"--init_from={encoder(trained)} --model=pooled"
    begin += " --hidden_units=16; it"
    assert begin in told
    assert "must not be tested on phone, studio" in told
    assert encoder(trained).read_bytes() == before


def test_a_report_on_emotions_leaves_it_out(trained):
    with pytest.raises(
        InputError, match=r"1 run\(s\) that tell speakers apart are left"
    ):
        find_runs([trained])


def test_a_run_is_not_tested_on_what_its_weights_have_seen(trained, place):
    weights = encoder(trained)
    settings = {"workdir": place / "seen", "methods": "deep_all", "init_from": weights}
    given = config(place, **settings)
    with pytest.raises(InputError, match="target 'phone' would not be unseen"):
        run_experiments(dataclasses.replace(given, target="phone"))
    # Nor under another name.
    renamed = [entry.replace("studio=", "other=") for entry in given.corpora]
    with pytest.raises(InputError, match="target 'other' would not be unseen"):
        run_experiments(dataclasses.replace(given, corpora=renamed, target="other"))
    assert not (place / "seen").exists()


def test_weights_of_other_software_do_not_tell(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file({"fc.bias": np.zeros(2, np.float32)}, path)
    assert seen_by(path) == {}
    check_unseen(Config(init_from=path), [Split("", ("a",), "b")], {"b": "0"})


def test_where_sources_are_only_named_they_count_by_name(tmp_path):
    path = tmp_path / "weights.safetensors"
    said = json.dumps({"training": {"sources": ["a", "b"]}})
    save_file({"x": np.zeros(2, np.float32)}, path, {"damldg_jax": said})
    assert seen_by(path) == {"a": "", "b": ""}
    splits = [Split("", ("a",), "b")]
    check_unseen(Config(init_from=path), [Split("", ("a",), "c")], {"c": "0"})
    with pytest.raises(InputError, match=r"trained on a, b, so the target 'b'"):
        check_unseen(Config(init_from=path), splits, {"b": "0"})


@pytest.mark.parametrize(
    "text", ["{}", "[]", "{", '{"training": 1}', '{"training":{}}', "[" * 10**5]
)
def test_weights_that_do_not_say_what_they_saw_are_refused(tmp_path, text):
    path = tmp_path / "weights.safetensors"
    save_file({"x": np.zeros(2, np.float32)}, path, {"damldg_jax": text})
    with pytest.raises(InputError, match="does not say what it was trained on"):
        seen_by(path)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"corpora": (), "target": ""}, "Name the corpora whose speakers"),
        ({"target": "hal"}, "^--target=hal: a network is pre-trained once for each"),
        ({"target": "all"}, "^--target=all: a network is pre-trained once for each"),
        ({"scenario": "4"}, "^--scenario: a network is pre-trained once for each"),
        ({"sources": "hall,phone"}, "'hall' is among the sources"),
        ({"features": "grey32"}, "of recordings"),
    ],
)
def test_what_cannot_be_planned_is_refused(place, settings, told):
    with pytest.raises(InputError, match=told):
        make_pretraining_plan(config(place, **settings))


def test_a_single_speaker_is_refused(place, tmp_path):
    corpus = tmp_path / "alone"
    write_corpus("synth_studio", corpus, speakers=1, repetitions=2)
    given = config(
        place,
        corpora=(f"alone={corpus}/manifest.csv",),
        target="",
        data_dir=tmp_path / "records",
        workdir=tmp_path / "run",
    )
    with pytest.raises(InputError, match=r"1 speaker\(s\) of alone have 8"):
        command.main(given)


def test_speakers_are_no_target_of_a_run(place):
    with pytest.raises(InputError, match=r"python -m experiments\.pretrain"):
        make_plan(config(place, target_kind="speaker"))


def test_sources_may_be_named_instead(place):
    given = {"sources": "studio,phone", "target": "emovo"}
    (split,) = make_pretraining_plan(config(place, **given)).splits
    assert split == Split(PRETRAINING, ("phone", "studio"), "speakers")
    assert split.corpora == ("phone", "studio")
    assert Split("custom", ("a", "b"), "c").corpora == ("a", "b", "c")
    assert Split("within_corpus", ("a",), "a").corpora == ("a",)


def test_the_paper_s_settings_are_the_command_s_defaults():
    with flagsaver.flagsaver():
        command.choose_defaults()
        FLAGS(["program"])
        default = read_config()
        FLAGS(["program", "--flagfile=experiments/flagfiles/pretrain.flags"])
        paper = read_config()
    assert (paper.batch_size, paper.learning_rate, paper.momentum) == (64, 0.01, 0.9)
    assert (paper.epochs, paper.crop_seconds) == (50, 2.0)
    assert (paper.model_depth, paper.model_width) == (18, 64)
    assert paper.corpora == ("voxceleb",)
    assert dataclasses.replace(paper, corpora=(), epochs=None) == default


def test_a_run_on_emotions_begins_with_the_encoder(trained, place, capsys):
    weights = encoder(trained)
    settings = {"methods": "deep_all", "init_from": weights, "steps": 2}
    settings |= {"evaluate_every": 2, "sources": "phone"}
    (last, _) = run_experiments(config(place, workdir=place / "begun", **settings))
    assert last["target"] == "hall"
    told = capsys.readouterr().err
    assert f"Runs begin with {weights} (a model file of this package)." in told
    assert "new, with random weights: 2 (" in told
    (run,) = place.glob("begun/runs/*/*/*")
    begun = json.loads((run / "circumstances.json").read_text())["initial_weights"]
    taken = [n for n in load_file(weights) if n.startswith(("params/e", "batch_stats"))]
    assert begun["taken"] == sorted(taken)
    # What was seen before counts too, studio here.
    assert seen_by(place_of(run, "last")) == seen_by(weights)


def test_weights_of_another_width_are_refused(trained, place):
    weights = encoder(trained)
    settings = {"methods": "deep_all", "init_from": weights, "hidden_units": (8,)}
    with pytest.raises(InputError, match=r"makes \[16\], and this network has \[8\]"):
        run_experiments(config(place, workdir=place / "narrow", **settings))
    assert not (place / "narrow").exists()


def test_pretrainings_for_two_targets_share_a_work_directory(trained, place, capsys):
    before = encoder(trained).read_bytes()
    command.main(config(place, target="phone", steps=1, evaluate_every=1))
    other = encoder(trained, "hall+studio")
    assert f"--init_from={other} " in capsys.readouterr().err
    assert set(seen_by(other)) == {"hall", "studio"}
    assert encoder(trained).read_bytes() == before


def test_what_was_loaded_tells_what_was_seen_though_its_file_has_gone(tmp_path):
    (tmp_path / "run.json").write_text('{"data": {"c": "3"}}')
    run = Run(Split("", ("c",), "d"), None, "deep_all", 0, 0, tmp_path)
    given = Config(init_from=tmp_path / "gone.safetensors")
    metadata = {"training": {"seen": {"a": "1"}}, "domains": ["a"]}
    found = seen_in(run, given, {"metadata": metadata})
    assert found == {"a": "1", "c": "3"}
    # Of other software.
    assert seen_in(run, given, {"metadata": {}}) == {"c": "3"}
    assert seen_in(run, Config(), None) == {"c": "3"}
    with pytest.raises(InputError, match="were not loaded, so what they have seen"):
        seen_in(run, given, None)
    with pytest.raises(InputError, match="does not say what it was trained on"):
        seen_in(run, given, {"metadata": {"training": {}, "domains": []}})
    with pytest.raises(InputError, match="cannot be read"):
        check_unseen(given, [run.split], {})


@pytest.mark.parametrize(
    "given",
    [
        {"variants": ("noise",)},
        {"evaluation_statistics": "target"},
        {"tent_steps": 1, "network_norm": "group"},
    ],
)
def test_what_makes_no_sense_for_speakers_is_refused(given):
    with pytest.raises(InputError, match="Pre-training takes neither --variants"):
        command.main(Config(**given))
