"""What the loop gives a step."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.config import Config
from experiments.loop import Schedule, _draw


@pytest.mark.parametrize(
    ("risk_mean", "weights"), [("domains", None), ("samples", [3.0, 7.0])]
)
def test_domains_count_alike_or_by_their_utterances(risk_mean, weights):
    division = SimpleNamespace(train=(np.arange(3), np.arange(3, 10)))
    run = SimpleNamespace(division=division, seed=0)
    programs = SimpleNamespace(config=Config(risk_mean=risk_mean), devices=[0])
    draw = _draw(run, Schedule(2, 1, 1), programs, 0)
    assert draw.utterances.shape == (1, 2, 2)
    if weights is None:
        assert draw.weights is None
    else:
        np.testing.assert_array_equal(draw.weights, weights)
