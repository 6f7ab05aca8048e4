"""Model files of this package, with random weights."""

import json

import jax
import numpy as np
from safetensors.numpy import save_file

from tests.plain_resnet import beginning

NETWORK = {"name": "resnet", "depth": 10, "width": 2, "norm": "batch", "channels": 1}


def flat(tree, *above):
    """Arrays by their paths."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {"/".join((*above, *(k.key for k in keys))): x for keys, x in leaves}


def random_like(network, seed=1):
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda x: rng.normal(size=x.shape).astype(x.dtype), beginning(network)
    )


def saved(path, network, seed=1, **metadata):
    """A model file as a run leaves it."""
    params, batch_stats = weights = random_like(network, seed)
    tensors = flat(params, "params") | flat(batch_stats, "batch_stats")
    tensors["reference/outputs"] = np.zeros((2, 3), np.float32)
    content = {"network": NETWORK, "training": {"sources": ["emodb"]}} | metadata
    save_file(tensors, path, {"damldg_jax": json.dumps(content)})
    return weights
