"""Some steps on all devices there are; also a program, as one of several processes."""

import sys

import jax
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from damldg_jax.algorithms import ALGORITHMS, Hyperparameters
from damldg_jax.augment import Augmentation
from damldg_jax.batches import pack_domains
from damldg_jax.parallel import Layout, replicate
from damldg_jax.sampling import Windowing
from damldg_jax.training import compile_train_step, init_state
from tests.tiny import FRAMES, sloped_store, smooth_network

# What averages the most: risks, energies, the inner gradient and that of the step.
METHOD = "da_mldg"
STEPS, PER_DOMAIN, SEED = 10, 8, 3
MEMBERS = [np.arange(0, 20), np.arange(20, 30), np.arange(30, 60)]


def trained(devices: tuple[jax.Device, ...]) -> np.ndarray:
    """All parameters after some steps that the devices share, and the last loss."""
    layout = Layout(devices)
    network = smooth_network(layout.axis_name)
    algorithm = ALGORITHMS[METHOD].factory(network, Hyperparameters(), layout.axis_name)
    optimizer = optax.sgd(0.05, momentum=0.9)
    windowing = Windowing(FRAMES, -2.0, Augmentation())
    step = compile_train_step(algorithm, optimizer, windowing, PER_DOMAIN, layout)
    state = layout.place_runs(
        [init_state(network, algorithm, optimizer, SEED, len(MEMBERS))]
    )
    given = sloped_store(), pack_domains(MEMBERS), np.int32(1)
    store, domains, count = replicate(given, devices)
    seeds = layout.place_seeds([SEED])
    for _ in range(STEPS):
        state, metrics = step(state, store, domains, seeds, count)
        # As the loop does: no process runs far ahead of the devices.
        loss = np.asarray(metrics["loss"])
    return np.append(ravel_pytree(layout.fetch_runs(state)[0].params)[0], loss)


def main(index: str, count: str, address: str, path: str) -> None:
    from experiments.config import Config
    from experiments.distributed import connect, leave

    connect(
        Config(
            coordinator_address=address,
            process_id=int(index),
            num_processes=int(count),
            connect_timeout=60,
        )
    )
    np.save(path, trained(tuple(jax.devices())))
    leave(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
