"""Models that nothing was learnt by, for the tests of what is done with models."""

import dataclasses

import jax
import numpy as np

from damldg_jax.features import LogMel
from damldg_jax.networks import NetworkSettings
from damldg_jax.prediction.description import Description
from damldg_jax.prediction.familiarity import Seen, make_reference
from damldg_jax.prediction.model_file import Contents, encode

CLASSES = ["anger", "happiness", "sadness"]
DOMAINS = ["here", "there"]
RATE = 16_000


def description(**changes) -> Description:
    """Of a small ResNet on log-mel spectrograms."""
    features = LogMel()
    settings = dataclasses.asdict(NetworkSettings(depth=10, width=2))
    given = {
        "features": features.settings(),
        "network": "resnet",
        "network_settings": settings | {"hidden_units": [16]},
        "num_features": features.num_features,
        "channels": 1,
        "silence": features.silence,
        "min_frames": 58,
        "normalization": "none",
        "target": "emotion",
        "classes": CLASSES,
        "dimension_bins": None,
        "domains": DOMAINS,
        "training": {"method": "da_mldg", "seed": 0, "synthetic": DOMAINS},
    }
    return Description(**given | changes)


def contents(seed: int = 0, reference: bool = True, **changes) -> Contents:
    """Of a model with random parameters and statistics."""
    described = description(**changes)
    params, batch_stats = jax.jit(described.build().init)(jax.random.key(seed))
    rng = np.random.default_rng(seed)
    # With such statistics the units of so small a network have something to say.
    batch_stats = jax.tree.map(
        lambda x: (
            rng.uniform(1.0, 2.0, x.shape).astype(np.float32) * x - 0.1 * (x == 0)
        ),
        batch_stats,
    )
    params = jax.tree.map(np.asarray, params)
    head = {
        name: x + 0.2 * rng.normal(size=x.shape)
        for name, x in params["classifier"].items()
    }
    params["classifier"] = {name: x.astype(np.float32) for name, x in head.items()}
    channels = head["kernel"].shape[0]
    seen = {
        name: Seen(
            rng.normal(number, 0.3, (80, channels)).astype(np.float32),
            rng.normal(1, 0.2, 80).astype(np.float32),
            np.arange(80) < 20,
        )
        for number, name in enumerate(described.domains)
    }
    fitted = make_reference(seen) if reference else None
    return Contents(described, params, batch_stats, reference=fitted)


def write(path, **changes):
    """Writes the file of a model, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(contents(**changes)))
    return path


def voice(seconds: float, hz: float = 140.0, seed: int = 0) -> np.ndarray:
    """Harmonics with a little noise, [samples] at ``RATE``."""
    time = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 12))
    noise = np.random.default_rng(seed).normal(size=len(time))
    return 0.2 * tones + 0.01 * noise
