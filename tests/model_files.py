"""Model files of any network, with random weights."""

import dataclasses

import jax
import numpy as np

from damldg_jax.networks import NetworkSettings
from damldg_jax.prediction.model_file import Contents, encode
from tests import trained
from tests.plain_resnet import beginning

BANDS = 64


def random_like(network, seed=1):
    """Parameters and statistics of a network."""
    rng = np.random.default_rng(seed)
    params, statistics = jax.tree.map(
        lambda x: rng.normal(size=x.shape).astype(x.dtype), beginning(network)
    )
    # Variances are none below 0.
    return params, jax.tree.map(np.abs, statistics)


def saved(path, network, name="resnet", channels=1, features=None, seed=1, **settings):
    """Writes the model file of a network as a run leaves it, and tells its weights."""
    told = {} if features is None else {"features": features}
    given = {"depth": 10, "width": 2, "hidden_units": [16], **settings}
    described = trained.description(
        network=name,
        network_settings=dataclasses.asdict(NetworkSettings(**given)),
        channels=channels,
        **told,
    )
    weights = random_like(network, seed)
    shift, scale = np.zeros(BANDS, np.float32), np.ones(BANDS, np.float32)
    path.write_bytes(encode(Contents(described, *weights, shift, scale)))
    return weights
