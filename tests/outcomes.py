"""Made-up predictions of methods, for the tests of statistics."""

import numpy as np

from damldg_jax.significance import Outcome


def outcome(
    accuracy=0.5,
    trials=3,
    speakers=8,
    each=20,
    seed=0,
    classes=4,
    speaker_sd=0.0,
    trial_sd=0.0,
    labels_seed=0,
) -> Outcome:
    """Predictions that are right by chance, which varies by speaker and trial."""
    rng = np.random.default_rng(seed)
    labels = np.random.default_rng(labels_seed).permutation(
        np.arange(speakers * each) % classes
    )
    speaker = np.repeat(np.arange(speakers), each)
    chance = accuracy + speaker_sd * rng.normal(size=speakers)[speaker]
    chance = chance + trial_sd * rng.normal(size=(trials, 1))
    right = rng.random((trials, len(labels))) < chance
    wrong = (labels + rng.integers(1, classes, right.shape)) % classes
    names = np.array([f"u{number}" for number in range(len(labels))])
    return Outcome(labels, np.where(right, labels, wrong), speaker.astype(str), names)
