"""A whole row of the paper's tables by one command, interrupted and given again."""

import collections
import dataclasses

import pytest

from experiments import loop
from experiments.experiment import run_experiments
from tests.test_features_end_to_end import settings, write_corpora

# Those of scenario 5, which tests on AESDD.
NAMES = ("emovo", "shemo", "emodb", "aesdd")
METHODS, TRIALS = ("deep_all", "da_mldg"), 4


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("row")
    write_corpora(folder, frames=4, corpora=NAMES)
    return settings(
        folder,
        names=NAMES,
        target="",
        scenario="5",
        methods=METHODS,
        trials=TRIALS,
        hidden_units="",
        steps=2,
        evaluate_every=2,
        validation_fraction=0.0,
        evaluation_statistics="running",
    )


def test_a_row_of_several_trials_goes_on_where_it_was_interrupted(config, monkeypatch):
    trained, train = [], loop._train

    def interrupted(trainees, first, programs):
        trained.extend((t.run.method, t.run.trial) for t in trainees)
        if len(trained) == 7:
            raise KeyboardInterrupt
        train(trainees, first, programs)

    monkeypatch.setattr(loop, "_train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_experiments(config)
    entries = run_experiments(config)
    every = [(method, trial) for method in METHODS for trial in range(TRIALS)]
    assert [(e["method"], e["trial"]) for e in entries] == every
    assert all(e["scenario"] == "5" and e["target"] == "aesdd" for e in entries)
    # Each was trained once, but for the one that was interrupted.
    assert collections.Counter(trained) == {
        **dict.fromkeys(every, 1),
        ("da_mldg", 2): 2,
    }
    # Given once more, and for more trials, nothing but these is trained.
    more = dataclasses.replace(config, methods="deep_all", trials=5)
    assert len(run_experiments(more)) == 5
    assert trained[9:] == [("deep_all", 4)]
