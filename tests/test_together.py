"""Runs trained together, streamed, or in longer calls: the same numbers."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from damldg_jax.training import init_state
from experiments import trainee
from experiments.experiment import run_experiments
from experiments.trainee import Trainee
from tests.test_features_end_to_end import settings, write_corpora

begin = Trainee.begin


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    write_corpora(folder, frames=4)
    return folder


@pytest.fixture(scope="module")
def config(place):
    """Three trials of two methods, one after the other on one device."""
    return settings(
        place,
        methods=("deep_all", "da_mldg"),
        trials=3,
        trials_at_once=1,
        steps=7,
        evaluate_every=3,
        workdir=place / "alone",
    )


@pytest.fixture(scope="module")
def alone(config):
    return run_experiments(config), lines(config)


def lines(config):
    """All that the runs have logged, without what names them."""
    text = (config.workdir / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in text]


def assert_alike(config, alone):
    """Another way to the same: figures to rounding, and no line too many or missing."""
    entries = run_experiments(config)
    for one, other in zip(alone[0], entries, strict=True):
        assert (one["method"], one["trial"]) == (other["method"], other["trial"])
        assert one["uar"] == pytest.approx(other["uar"], abs=0.05)
    for one, other in zip(alone[1], lines(config), strict=True):
        assert one.keys() == other.keys()
        assert one["step"] == other["step"]
        for name in {"loss", "gamma", "gradient_norm", "held_out"} & one.keys():
            if name == "held_out":
                assert one[name] == other[name]
            else:
                assert one[name] == pytest.approx(other[name], rel=2e-3, abs=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"parallel": "trials"},
        {"parallel": "trials", "trials_at_once": 2},
        {"trials_at_once": 3},
        {"steps_per_dispatch": 2},
        {"parallel": "trials", "trials_at_once": 2, "steps_per_dispatch": 4},
        {"input": "stream", "parallel": "trials", "steps_per_dispatch": 2},
    ],
    ids=lambda changes: ",".join(f"{k}={v}" for k, v in changes.items()),
)
def test_how_runs_are_laid_out_changes_nothing(config, alone, place, changes):
    workdir = place / "-".join(map(str, changes.values()))
    assert_alike(dataclasses.replace(config, workdir=workdir, **changes), alone)


def test_streamed_frames_change_no_bit(config, alone, place):
    streamed = dataclasses.replace(config, workdir=place / "stream", input="stream")
    entries = run_experiments(streamed)
    assert lines(streamed) == alone[1]
    for entry, expected in zip(entries, alone[0], strict=True):
        assert entry["confusion"] == expected["confusion"]
    name = "predictions.csv"
    assert (place / "stream" / name).read_bytes() == (
        config.workdir / name
    ).read_bytes()


@pytest.mark.parametrize(("source", "per_call"), [("device", 1), ("stream", 2)])
def test_a_step_may_be_shared_by_devices(config, place, source, per_call):
    """Streamed or not, and equal to one device that does the step alone."""
    given = dataclasses.replace(config, trials=1, workdir=place / f"one_{source}")
    one = run_experiments(given), lines(given)
    shared = dataclasses.replace(
        given,
        parallel="data",
        workdir=place / f"shared_{source}",
        input=source,
        steps_per_dispatch=per_call,
    )
    assert_alike(shared, one)


def test_a_group_that_was_interrupted_goes_on_from_a_common_step(
    config, place, monkeypatch
):
    """As killed between two saves, and then between two results."""
    given = dataclasses.replace(
        config,
        methods=("da_mldg",),
        parallel="trials",
        trials_at_once=2,
        workdir=place / "undisturbed",
    )
    expected = run_experiments(given)
    broken = dataclasses.replace(given, workdir=place / "broken")
    shutil.copytree(given.workdir, broken.workdir)
    folders = sorted(broken.workdir.glob("runs/*/da_mldg/trial_*"))
    for folder, kept in zip(folders, ([6, 7], [6, 7], [6]), strict=True):
        (folder / "result.json").unlink()
        assert {p.name for p in (folder / "checkpoints").iterdir()} == {"6", "7"}
        for step in {6, 7} - set(kept):
            shutil.rmtree(folder / "checkpoints" / str(step))
    begun = []
    monkeypatch.setattr(
        Trainee, "begin", lambda its, *given: begun.append(given) or begin(its, *given)
    )
    for _ in range(2):
        entries = run_experiments(broken)
        for entry, before in zip(entries, expected, strict=True):
            assert entry | {"seconds": 0} == before | {"seconds": 0}
        assert lines(broken) == lines(given)
        (folders[0] / "result.json").unlink()
    # All three together, and then the one whose result was lost.
    assert begun == [(6, 3)] * 3 + [(7, 1)]


@pytest.mark.parametrize(
    "changes",
    [{"parallel": "trials"}, {"trials_at_once": 3, "steps_per_dispatch": 2}],
    ids=("own devices", "side by side"),
)
def test_one_run_that_diverges_does_not_cost_those_beside_it(
    config, alone, place, monkeypatch, changes
):
    def spoil_one(network, algorithm, optimizer, seed, num_domains):
        state = init_state(network, algorithm, optimizer, seed, num_domains)
        if seed == 1:
            params = {
                **state.params,
                "classifier": {
                    name: np.full_like(value, np.nan)
                    for name, value in state.params["classifier"].items()
                },
            }
            state = state._replace(params=params)
        return state

    monkeypatch.setattr(trainee, "init_state", spoil_one)
    given = dataclasses.replace(
        config,
        methods=("deep_all",),
        workdir=place / f"diverged{len(changes)}",
        **changes,
    )
    # Given again it goes on from what was kept, to the same end.
    for _ in range(2):
        with pytest.raises(FloatingPointError, match=r"trial 1: .* step 1: .* step 0"):
            run_experiments(given)
    results = json.loads((given.workdir / "results.json").read_text())
    assert {entry["trial"] for entry in results["runs"]} == {0, 2}
    mine = [e for e in alone[0] if e["method"] == "deep_all" and e["trial"] != 1]
    for entry, expected in zip(results["runs"], mine, strict=True):
        assert entry["uar"] == pytest.approx(expected["uar"], abs=0.05)
