import dataclasses
import re
import sys

import numpy as np
import pytest
import soundfile
from absl import flags
from absl.testing import flagsaver

import damldg_jax
from damldg_jax.corpora import CORPORA
from damldg_jax.errors import InputError
from damldg_jax.prediction.places import find_file
from experiments.export import command
from experiments.export.card import model_card
from experiments.export.card_figures import find_tested
from experiments.export.formats import FORMATS
from tests import fake_runs, trained
from tests.documents import ROOT
from tests.trained import RATE, voice


def training(**changes):
    given = {
        "method": "da_mldg",
        "seed": 3,
        "counts": {"emodb": {"anger": 127}, "mine": {"anger": 5}},
        "validation_speakers": {"emodb": ["08", "16"]},
        "class_of_emotion": {"anger": "anger"},
        "utterances": 100,
        "tested": {
            **{"target": "savee", "selection": "best", "step": 40, "uar": 0.5},
            **{"accuracy": 0.625, "macro_f1": 0.4, "ece": 0.125, "chance_uar": 1 / 3},
            **{"num_utterances": 36, "majority_accuracy": 0.25},
            "recall": {"anger": 0.75, "happiness": None},
        },
    }
    return given | changes


def described(domains=("emodb", "mine"), **changes):
    return trained.description(domains=list(domains), training=training(**changes))


def python_of(card):
    return re.findall(r"```python\n(.*?)```", card, re.DOTALL)


@pytest.fixture(scope="module", autouse=True)
def parsed():
    flags.FLAGS(["export"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a finished run with a model in it."""
    folder = fake_runs.write_run(tmp_path_factory.mktemp("runs"))
    given = {"domains": ["emodb", "emovo"], "training": training()}
    trained.write(folder / "models" / "best.safetensors", **given)
    return folder


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "new"
    with flagsaver.flagsaver(checkpoint=str(run), export_dir=str(folder)):
        command.main([])
    return folder


def test_each_file_is_loaded_as_the_card_says(exported, monkeypatch, capsys):
    wave = voice(0.8)
    soundfile.write(exported / "recording.wav", wave, RATE, subtype="FLOAT")
    monkeypatch.chdir(exported)
    card = (exported / command.CARD).read_text(encoding="utf-8")
    codes = python_of(card)
    expected = damldg_jax.load("model.safetensors").predict(wave, RATE)
    values = list(expected.probabilities.values())
    of_each = []
    for code in codes:
        names = {}
        exec(code, names)
        of_each.append(names["said"])
    stablehlo, safetensors = of_each
    np.testing.assert_allclose(stablehlo["probabilities"], [values], atol=1e-4)
    assert float(stablehlo["energy"][0]) == pytest.approx(expected.energy, abs=1e-3)
    assert safetensors.probabilities == pytest.approx(expected.probabilities, rel=1e-5)
    capsys.readouterr()


@pytest.mark.filterwarnings("default")
def test_onnx_says_what_the_model_says(run, tmp_path, monkeypatch, capsys):
    reason = "requirements-export.txt is not installed"
    pytest.importorskip("jax2onnx", reason=reason)
    pytest.importorskip("onnxruntime", reason=reason)
    path = run / "models" / "best.safetensors"
    model = damldg_jax.load(path)
    command.export(model, path, tmp_path, ["onnx"], seconds=1.0)
    monkeypatch.chdir(tmp_path)
    (code,) = python_of((tmp_path / command.CARD).read_text(encoding="utf-8"))
    for seconds in (0.1, 0.3, 0.8):
        wave = voice(seconds)
        soundfile.write("recording.wav", wave, RATE, subtype="FLOAT")
        names = {}
        exec(code, names)
        expected = model.predict(wave, RATE)
        values = list(expected.probabilities.values())
        np.testing.assert_allclose(names["probabilities"], [values], atol=1e-4)
        assert float(names["energy"][0]) == pytest.approx(expected.energy, abs=1e-3)
    capsys.readouterr()


def test_what_onnx_needs_is_told(run, tmp_path, monkeypatch):
    path = run / "models" / "best.safetensors"
    model = damldg_jax.load(path)
    with pytest.raises(InputError, match=r"0\.595 s.* --export_seconds"):
        command.export(model, path, tmp_path, ["onnx"], seconds=0.5)
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    with pytest.raises(InputError, match=r"requirements-export\.txt"):
        command.export(model, path, tmp_path, ["onnx"], seconds=1.0)
    assert not list(tmp_path.iterdir())


def test_the_model_file_is_copied_as_it_is(run, exported):
    original = (run / "models" / "best.safetensors").read_bytes()
    assert (exported / "model.safetensors").read_bytes() == original


def test_the_folder_of_an_export_is_a_model(exported):
    file = exported / "model.safetensors"
    assert find_file(exported) == file
    assert damldg_jax.load(exported).classes == damldg_jax.load(file).classes


def test_a_run_has_intervals_and_margins(exported):
    card = (exported / command.CARD).read_text(encoding="utf-8")
    assert re.search(r"\| UAR \| 50\.0 \| [\d.]+ to [\d.]+ \|", card)
    assert "whole speakers of the target, 6 in all" in card
    for source in ("emodb", "emovo"):
        assert re.search(rf"\| {source} \| \d\.\d{{3}} \| [\d.-]+ \| \d\.\d\d \|", card)


def test_what_a_card_says_of_a_file_alone(tmp_path):
    path = trained.write(tmp_path / "m.safetensors")
    assert find_tested(path) is None
    card = model_card(described(), None, [])
    assert "| emodb | source | German | none stated; free for research |" in card
    assert "| mine | source | as its owner says | as its owner says | anger 5 |" in card
    assert "| savee | target | English | for research alone, on reg" in card
    assert "| accuracy | 62.5 | - |" in card
    assert "| expected calibration error | 12.5 | - |" in card
    assert "| recall of happiness | - | - |" in card
    assert "export from the folder of a run" in card
    for word in ("employment", "education", "policing", "Acted speech is not felt"):
        assert word in card


def test_what_a_run_warned_of_is_among_the_limits(tmp_path):
    warning = "On the validation speakers of emodb the run is no better than chance."
    folder = fake_runs.write_run(tmp_path, also={"warnings": [warning]})
    path = trained.write(folder / "models" / "best.safetensors")
    card = model_card(described(), find_tested(path), [])
    limits = card.partition("## Limits")[2].partition("\n## ")[0]
    assert f"- The training warned: {warning}" in limits
    assert "no word on what the training warned of" in model_card(described(), None, [])


def test_what_a_card_refers_to_is_found_without_a_clone():
    card = model_card(described(), None, list(FORMATS))
    assert not re.search(r"(?<!/blob/main/)docs/\w+\.md", card)
    found = re.findall(
        r"\(https://github\.com/[\w/-]+/blob/main/(docs/\w+\.md)\)", card
    )
    assert "docs/statistics.md" in found
    assert all((ROOT / name).is_file() for name in found)
    assert "needs damldg_jax installed" in card


def test_synthetic_corpora_are_told():
    card = model_card(described(synthetic=["emodb"]), None, [])
    assert "TRAINED ON SYNTHETIC CORPORA (emodb)" in card
    assert "SYNTHETIC" not in model_card(described(), None, [])


def test_figures_of_an_adapted_copy_are_told_as_such():
    tested = training()["tested"] | {"adapted": "batch_statistics+tent"}
    given = trained.description(training=training(tested=tested))
    card = model_card(given, None, [])
    figures = card.partition("## Figures")[2].partition("\n## ")[0]
    assert "TRANSDUCTIVE" in figures
    assert "AdaBN" in figures
    assert "TENT" in figures
    assert "The model itself is not adapted" in figures
    assert "adapted" not in model_card(described(), None, [])


def test_names_cannot_write_the_card():
    name = "<b>|x|\n# [link](http://a.b) `code`"
    card = model_card(described(domains=[name]), None, [])
    assert name.splitlines()[1] not in card.splitlines()
    assert "<b>" not in card
    assert r"\[link\]" in card


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"a": 1}])
def test_what_a_stranger_wrote_costs_no_card(odd):
    for key in training():
        assert model_card(described(**{key: odd}), None, list(FORMATS))
    assert model_card(trained.description(training={}), None, [])


def test_every_corpus_has_a_licence():
    for corpus in CORPORA.values():
        assert corpus.licence, corpus.name


def test_dimensions_have_no_emotions():
    entry = {"target": "iemocap", "ccc": {"arousal": 0.5}, "mean_ccc": 0.25}
    given = trained.description(dimension_bins=5, training={"tested": entry})
    card = model_card(given, None, [])
    assert "| arousal | 0.500 |" in card
    assert "| mean | 0.250 |" in card


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Name the model and a folder"),
        ({"export_dir": "x"}, "Name the model and a folder"),
        ({"checkpoint": "none", "export_dir": "x"}, "There is no model at none"),
        ({"checkpoint": "a", "export_dir": "x", "formats": ["h5"]}, "format 'h5'"),
    ],
)
def test_wrong_usage_is_told(given, message):
    with flagsaver.flagsaver(**given), pytest.raises(InputError, match=message):
        command.main([])


def test_nothing_is_written_of_what_cannot_be_exported(run, tmp_path):
    path = tmp_path / "models" / "m.safetensors"
    trained.write(path, normalization="corpus", silence=0.0)
    given = {"checkpoint": str(path), "export_dir": str(tmp_path / "out")}
    with flagsaver.flagsaver(**given), pytest.raises(InputError, match="safetensors"):
        command.main([])
    assert not (tmp_path / "out").exists()
    with flagsaver.flagsaver(**given, formats=["safetensors"]):
        command.main([])
    assert (tmp_path / "out" / command.CARD).exists()


def test_a_card_tells_of_weights_that_others_have_made():
    given = described()
    assert "| began with | random weights |" in model_card(given, None, [])
    began = {"file": "resnet18.safetensors", "format": "a ResNet", "sha256": "12ab"}
    features = {"name": "whisper", "weights": "34cd", "layers": [1, 2]}
    told = dataclasses.replace(
        given,
        features={**features, "output": "quantiles", "whole_window": False},
        training={**given.training, "initial_weights": began},
    )
    card = model_card(told, None, [])
    assert "resnet18.safetensors (a ResNet), SHA-256 12ab" in card
    assert "whisper, quantiles of layer 1, 2; weights with the SHA-256 34cd" in card
    stranger = dataclasses.replace(told, features={**told.features, "layers": 3})
    assert "layer unknown" in model_card(stranger, None, [])
