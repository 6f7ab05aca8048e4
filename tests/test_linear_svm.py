"""The linear support vector machine beside the networks."""

import csv
import json
import shutil

import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.features import resolve
from experiments.config import Config
from experiments.linear_svm.command import carry_out
from experiments.linear_svm.model import (
    CLASSIFIERS,
    REGULARISATIONS,
    Training,
    train,
)
from experiments.report.command import make_report
from tests.cli import run


def training(seed=0, corpora=3, shift=0.0, speakers=2):
    """Two classes a few deviations apart, corpora shifted against each other."""
    rng = np.random.default_rng(seed)
    labels = np.arange(60 * corpora) % 2
    corpus = np.repeat(np.arange(corpora), 60)
    inputs = rng.normal(size=(len(labels), 5)) + labels[:, None]
    inputs += shift * corpus[:, None]
    names = np.array([f"{c} {n % speakers}" for n, c in enumerate(corpus)])
    return Training(inputs, labels, corpus, names, np.zeros(len(labels), bool))


@pytest.mark.parametrize("classifier", sorted(CLASSIFIERS))
def test_what_is_apart_is_told_apart(classifier):
    machine = train(training(), 2, classifier)
    said = machine.predict(training(seed=1).inputs)
    right = said.outputs.argmax(axis=1) == training(seed=1).labels
    assert right.mean() > 0.8
    np.testing.assert_allclose(said.outputs.sum(axis=1), 1)
    assert machine.regularisation in REGULARISATIONS
    assert set(machine.held_out_uar) == set(REGULARISATIONS)


def test_the_same_utterances_make_the_same_machine():
    first, again = (train(training(), 2).predict(training().inputs) for _ in range(2))
    np.testing.assert_array_equal(first.outputs, again.outputs)


def test_scale_and_unit_of_an_input_change_nothing():
    plain, scaled = training(), training()
    scaled = scaled._replace(inputs=1000 * scaled.inputs + 7)
    outputs = [train(x, 2).predict(x.inputs).outputs for x in (plain, scaled)]
    np.testing.assert_allclose(*outputs, rtol=1e-3, atol=1e-4)


def test_each_corpus_counts_the_same():
    """A large corpus said the other way round does not outvote two small ones."""
    some = training(corpora=3)
    labels = np.where(some.corpora == 2, 1 - some.labels, some.labels)
    many = np.concatenate([np.arange(180), np.tile(np.arange(120, 180), 9)])
    turned = some._replace(labels=labels).take(many)
    machine = train(turned, 2)
    said = machine.predict(some.inputs).outputs.argmax(axis=1)
    assert np.mean(said == some.labels) > 0.7


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_of_a_logistic_regression_are_its_own(classes):
    some = training()
    some = some._replace(labels=np.arange(len(some.labels)) % classes)
    machine = train(some, classes, "logistic_regression")
    expected = machine.pipeline.predict_proba(some.inputs)
    said = machine.predict(some.inputs).outputs
    np.testing.assert_allclose(said, expected, atol=1e-9)


@pytest.mark.parametrize("classifier", sorted(CLASSIFIERS))
def test_one_class_alone_is_refused(classifier):
    some = training()
    with pytest.raises(InputError, match="one class alone"):
        train(some._replace(labels=0 * some.labels), 2, classifier)


def test_copies_are_trained_on_and_judge_nothing():
    some = training(corpora=2)
    copies = some._replace(labels=1 - some.labels, copies=~some.copies)
    many = copies.take(np.tile(np.arange(len(copies.labels)), 9))
    both = Training(*(np.concatenate(x) for x in zip(some, many, strict=True)))
    machine = train(both, 2)
    # It says what nine in ten say, and of recordings left out that is wrong.
    said = machine.predict(some.inputs).outputs.argmax(axis=1)
    assert np.mean(said == some.labels) < 0.3
    assert max(machine.held_out_uar.values()) < 0.4


def test_a_class_that_no_source_has_is_never_said():
    machine = train(training(), 4)
    outputs = machine.predict(training().inputs).outputs
    assert outputs.shape == (180, 4)
    assert outputs[:, 2:].max() < 0.01


def test_of_one_corpus_speakers_are_left_out():
    machine = train(training(corpora=1, speakers=4), 2)
    assert max(machine.held_out_uar.values()) > 0.8
    alone = train(training(corpora=1, speakers=1), 2)
    # Nothing to choose by: the simplest.
    assert alone.regularisation == min(REGULARISATIONS)


NAMES = ("studio", "phone", "hall")
CORPORA = ",".join(f"{n}=corpora/synth_{n}/manifest.csv" for n in NAMES)


@pytest.fixture(scope="module")
def place(tmp_path_factory, synthetic):
    folder = tmp_path_factory.mktemp("svm")
    shutil.copytree(synthetic / "corpora", folder / "corpora")
    return folder


def command(place, workdir, *more):
    return run(
        "experiments.linear_svm",
        f"--corpora={CORPORA}",
        *("--target=hall", "--features=mfcc", "--data_dir=records", *more),
        f"--workdir={workdir}",
        cwd=place,
    )


def test_it_has_the_splits_and_the_files_of_the_networks(place):
    split = "phone+studio-to-hall"
    done = command(place, "svm")
    assert done.returncode == 0, done.stderr
    assert "Linear SVM, mfcc" in done.stdout
    folder = place / "svm/runs" / split / "linear_svm/trial_0"
    entry = json.loads((folder / "result.json").read_text())[0]
    with (folder / "sources.csv").open(newline="") as file:
        assert {row["corpus"] for row in csv.DictReader(file)} == {*("phone", "studio")}
    network = run(
        "experiments.main",
        f"--corpora={CORPORA}",
        *("--target=hall", "--methods=deep_all", "--data_dir=records"),
        *("--features=mfcc", "--workdir=network", "--steps=2", "--batch_size=6"),
        *("--model=pooled", "--hidden_units="),
        cwd=place,
    )
    assert network.returncode == 0, network.stderr
    other = place / "network/runs" / split / "deep_all"
    other = json.loads((other / "trial_0/result.json").read_text())[0]
    assert entry["split_hash"] == other["split_hash"]
    make_report([place / "svm", place / "network"], place / "report")
    text = (place / "report/report.md").read_text()
    assert "2 protocol(s)" in text
    assert "Linear SVM, mfcc" in text


def test_a_logistic_regression_is_trained_on_altered_copies_too(place):
    more = ("--classifier=logistic_regression", "--variants=speed_0.9")
    done = command(place, "logistic", *more)
    assert done.returncode == 0, done.stderr
    assert "Logistic regression, mfcc" in done.stdout
    folder = place / "logistic/runs/phone+studio-to-hall/logistic_regression/trial_0"
    account = json.loads((folder / "run.json").read_text())
    assert account["variants"] == ["speed_0.9"]
    assert set(account["altered_data"]) == {"phone+speed_0.9", "studio+speed_0.9"}
    without = command(place, "logistic", more[0])
    assert without.returncode == 2
    assert "variants" in without.stderr


def test_dimensions_are_refused(place):
    done = command(place, "dimensions", "--target_kind=dimensions")
    assert done.returncode == 2
    assert "tells classes apart" in done.stderr


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"normalization": "utterance"}, "by itself alone"),
        (
            {"normalization": "stream", "normalization_prior": 0.0},
            "--normalization_prior a number above 0",
        ),
    ],
)
def test_what_would_leave_nothing_of_an_utterance_is_refused(place, given, reason):
    config = Config(
        corpora=[f"{n}={place}/corpora/synth_{n}/manifest.csv" for n in NAMES],
        target="hall",
        features="mfcc",
        data_dir=place / "records",
        workdir=place / "refused",
        **given,
    )
    with pytest.raises(InputError, match=reason):
        carry_out(config)


def test_without_opensmile_the_remedy_is_named(monkeypatch):
    import importlib.metadata

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(InputError, match=r"requirements-opensmile\.txt"):
        resolve("egemaps").settings()


def test_functionals_of_opensmile():
    pytest.importorskip("opensmile", reason="openSMILE is not installed")
    import threading

    time = np.arange(16_000) / 16_000
    # A vowel of 200 Hz: the first functional is the mean pitch in semitones from 27.5.
    vowel = sum(np.sin(2 * np.pi * 200 * k * time) / k for k in range(1, 20)) / 5
    found = [None, None]

    def compute(place):
        found[place] = resolve("egemaps")(vowel)

    threads = [threading.Thread(target=compute, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0].shape == (1, 88)
    np.testing.assert_array_equal(*found)
    assert found[0][0, 0] == pytest.approx(12 * np.log2(200 / 27.5), abs=0.3)
