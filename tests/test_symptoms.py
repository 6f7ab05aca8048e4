"""What speaks for numbers that mean little is found, and nothing else is."""

import numpy as np
import pytest

from damldg_jax.symptoms import find_symptoms

DOMAINS = ("emodb", "savee")
SPREAD = np.array([10, 12, 8, 9, 11])


def look(metrics=None, validation=None, predicted=SPREAD):
    return find_symptoms(metrics or {}, validation or {}, 0.2, predicted, DOMAINS)


def falling(steps=100):
    return {"loss": np.linspace(2.0, 0.1, steps)}


def test_of_a_sound_run_nothing_is_said():
    rng = np.random.default_rng(0)
    noisy = {
        "loss": np.exp(rng.normal(size=500) / 2),
        "gamma": abs(rng.normal(size=500)),
        "domain_weight": rng.dirichlet([1, 1], size=500),
    }
    assert look(noisy, {"emodb": 0.5, "savee": 0.21}) == []
    assert look() == []


def test_jumps_of_the_loss_are_counted():
    metrics = falling()
    metrics["loss"][[40, 60, 90]] = 30.0
    (sentence,) = look(metrics)
    assert "in 3 steps, first in step 41" in sentence
    assert "--learning_rate" in sentence
    # One may be a single odd recording; near zero anything is many times anything.
    metrics = falling()
    metrics["loss"][50] = 30.0
    assert look(metrics) == []
    tiny = {"loss": np.full(100, 1e-6)}
    tiny["loss"][[40, 60, 90]] = 1e-3
    assert look(tiny) == []


def test_one_class_for_everything():
    (sentence,) = look(predicted=np.array([0, 120, 0, 0, 0]))
    assert "100% of the target's utterances" in sentence
    assert look(predicted=np.array([3, 117, 0, 0, 0])) == []
    # Numbers have no classes.
    assert look(predicted=None) == []


@pytest.mark.parametrize(("late", "said"), [(0.0, True), (5e-5, True), (1e-3, False)])
def test_gamma_stuck_at_zero(late, said):
    gamma = np.concatenate([np.ones(50), np.full(50, late)])
    found = look({"gamma": gamma})
    assert len(found) == said
    assert all("meta-test loss had no part" in sentence for sentence in found)


def test_a_domain_without_weight_is_named():
    weights = np.stack([np.full(60, 0.99999), np.full(60, 1e-5)], axis=1)
    (sentence,) = look({"domain_weight": weights})
    assert sentence.startswith("savee had no weight")


def test_a_domain_that_is_not_learnt_is_named():
    (sentence,) = look(validation={"emodb": 0.6, "savee": 0.2})
    assert "savee" in sentence
    assert "0.200 by 0.200" in sentence
    # Where nothing is learnt it is not the domain.
    assert look(validation={"emodb": 0.2, "savee": 0.1}) == []
