"""Adapting to the target by a command: what it changes, what it tells and refuses."""

import csv
import dataclasses
import json
import math

import jax
import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.parallel import to_host
from damldg_jax.prediction.model_file import decode
from experiments.adaptations import asked_for
from experiments.config import Config
from experiments.experiment import run_experiments
from experiments.plan import make_plan
from experiments.plan_runs import list_runs
from experiments.programs import Programs
from experiments.report.conditions import conditions
from experiments.report.protocols import sort_by_protocol
from experiments.report.result_tables import results
from experiments.report.run_folders import find_runs
from tests.test_features_end_to_end import prepare_all, read, settings, write_corpora

TENT = {
    "evaluation_statistics": "target",
    "tent_steps": 6,
    "tent_learning_rate": 0.02,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    # Some longer than an example, so that batches are cut from them.
    write_corpora(folder, frames=5)
    prepare_all(configured(folder, "none"))
    return folder


def configured(place, name, **changes):
    given = {"steps": 4, "evaluate_every": 4, "crop_seconds": 0.1, **TENT, **changes}
    return settings(place, workdir=place / name, **given)


@pytest.fixture(scope="module")
def run(place):
    """Runs a command, each once, and returns its folder."""
    done = {}

    def folder(name, **changes):
        if name not in done:
            config = configured(place, name, **changes)
            run_experiments(config)
            (done[name],) = config.workdir.glob("runs/*/*/trial_0")
        return done[name]

    return folder


def adapted(place, **changes):
    """What random parameters are adapted to."""
    config = configured(place, "none", **changes)
    plan, prepared = make_plan(config), read(config)
    (wanted,) = list_runs(plan, prepared, config)
    programs = Programs(prepared.dataset, config)
    assert programs.placement.streamed == (config.input == "stream")
    assert programs.layout.num_sharing == (8 if config.parallel == "data" else 1)
    params, batch_stats = to_host(programs.alone.init(jax.random.key(0)))
    return programs.tent.adapt(wanted, params, batch_stats, batch_size=16)


def entries_of(folder):
    return json.loads((folder / "result.json").read_text())


def probabilities(folder):
    with (folder / "predictions.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    values = [
        [float(v) for n, v in r.items() if n.startswith("probability_")] for r in rows
    ]
    assert len(values[0]) == 3
    return np.array(values)


def test_the_target_is_predicted_with_less_entropy_and_results_say_so(run):
    plain, tent = run("adabn", tent_steps=0, tent_learning_rate=1e-3), run("tent")
    for entry in entries_of(plain):
        assert (entry["adapted"], entry["transductive"]) == ("batch_statistics", True)
        assert "tent_entropy" not in entry
    for entry in entries_of(tent):
        assert entry["adapted"] == "batch_statistics+tent"
        assert entry["transductive"]
        assert entry["tent_entropy"][1] < entry["tent_entropy"][0]
    means = [
        -np.sum(p * np.log(np.maximum(p, 1e-9)), axis=1).mean()
        for p in map(probabilities, (plain, tent))
    ]
    assert means[1] < means[0] - 0.01


def test_tables_and_reports_say_so(run, place, capsys):
    run("tent")
    run_experiments(configured(place, "tent"))
    told = capsys.readouterr().out
    assert "TRANSDUCTIVE statistics: batch normalisation by those" in told
    assert "TRANSDUCTIVE parameters: scales and biases" in told
    (protocol,) = sort_by_protocol(find_runs([place / "tent"]).runs)
    sentences = [x for x in conditions(protocol) if "transductive" in x]
    assert [x.partition(":")[0] for x in sentences] == [
        "Statistics are adapted (AdaBN, transductive)",
        "Parameters are adapted (TENT, transductive)",
    ]
    title = results(protocol).title
    assert title.endswith("TRANSDUCTIVE parameters, statistics")


def test_validation_and_models_are_those_of_training(run):
    plain = run("adabn", tent_steps=0, tent_learning_rate=1e-3)
    tent = run("tent")
    assert (plain / "metrics.jsonl").read_text() == (tent / "metrics.jsonl").read_text()
    for name in ("last", "best"):
        one, other = (
            decode(folder / "models" / f"{name}.safetensors")
            for folder in (plain, tent)
        )
        jax.tree.map(np.testing.assert_array_equal, one[1:4], other[1:4])
        assert other.description.training["tested"]["adapted"].endswith("tent")


def test_it_is_the_same_each_time(run):
    one, other = run("tent"), run("again")
    assert (one / "predictions.csv").read_bytes() == (
        other / "predictions.csv"
    ).read_bytes()
    for entries in zip(entries_of(one), entries_of(other), strict=True):
        assert len({tuple(entry["tent_entropy"]) for entry in entries}) == 1


def test_it_is_the_same_from_a_stream_and_on_one_of_several_devices(place):
    expected = adapted(place)
    for changes in ({"input": "stream"}, {"parallel": "data"}):
        actual = adapted(place, **changes)
        jax.tree.map(np.testing.assert_array_equal, expected, actual)


def test_numbers_that_are_not_finite_are_refused(place):
    with pytest.raises(InputError, match=r"--tent_learning_rate=1e\+38 numbers were"):
        adapted(place, tent_learning_rate=1e38)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tent_steps": -1}, "--tent_steps=-1: give a whole number"),
        ({"tent_steps": 0.5}, r"--tent_steps=0\.5: give a whole number"),
        ({"tent_learning_rate": 0.0}, r"--tent_learning_rate=0\.0: give .* above 0"),
        ({"tent_learning_rate": math.nan}, "--tent_learning_rate=nan: give"),
        ({"tent_learning_rate": math.inf}, "--tent_learning_rate=inf: give"),
        ({"tent_learning_rate": "1"}, "--tent_learning_rate=1: give"),
        ({"tent_steps": 0}, r"--tent_learning_rate=0\.02 without --tent_steps"),
        ({"target_kind": "dimensions"}, "--target_kind=dimensions: .* no classes"),
        (
            {"model": "pooled", "hidden_units": ()},
            "--model=pooled and no --hidden_units: .* Give --hidden_units=256",
        ),
        (
            {"evaluation_statistics": "recomputed"},
            "--evaluation_statistics=recomputed: .* Give --evaluation_statistics=targ",
        ),
        (
            {"evaluation_statistics": "running"},
            "--evaluation_statistics=running: .* Give --evaluation_statistics=target",
        ),
    ],
)
def test_what_means_nothing_is_refused(changes, reason):
    Config(**TENT)
    with pytest.raises(InputError, match=reason):
        Config(**{**TENT, **changes})


def test_without_statistics_over_the_batch_parameters_are_adapted_alone():
    config = Config(network_norm="group", tent_steps=3)
    assert asked_for(config) == "tent"
    assert asked_for(dataclasses.replace(config, tent_steps=0)) == ""
    assert asked_for(Config(evaluation_statistics="target")) == "batch_statistics"
