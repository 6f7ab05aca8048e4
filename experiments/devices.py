"""Which devices do what: chosen by the settings, the network and what there is."""

import math

import jax

from damldg_jax.errors import InputError
from damldg_jax.networks import NETWORKS
from damldg_jax.parallel import Layout
from experiments.config import Config

# Steps of a call where loops cost nothing: enough that the host is never waited for,
# few enough that the bar moves.
_STEPS_PER_CALL = 16


def choose_layout(config: Config) -> Layout:
    """Chooses how runs lie on devices.

    Args:
      config: all settings.

    Returns:
      All devices for each step of one run, those of other machines too; or for each
      device trials of its own, as many at a time as comes out even.

    Raises:
      InputError: there are more processes than could have a part in that.
    """
    everywhere = tuple(jax.devices())
    _check_processes(config, jax.process_count())
    if config.parallel == "data" and len(everywhere) > 1:
        return Layout(everywhere)
    here = jax.local_devices()[: None if config.parallel == "trials" else 1]
    most = len(here) * (
        config.trials_at_once or NETWORKS[config.network].trials_at_once
    )
    # Of several processes each has its share of the trials; those that draw speakers
    # of their own are no group.
    together = 1 if config.vary_split else config.trials
    trials = math.ceil(together / jax.process_count())
    rounds = math.ceil(trials / most)
    slots = math.ceil(trials / rounds)
    devices = tuple(here[:slots])
    return Layout(devices, shared=False, lanes=math.ceil(slots / len(devices)))


def _check_processes(config: Config, processes: int) -> None:
    if processes == 1 or config.parallel == "data":
        return
    if config.parallel == "none":
        raise InputError(
            f"--parallel=none uses one device of one process, and there are "
            f"{processes}: start one, or choose --parallel=data or --parallel=trials."
        )
    if config.trials < processes:
        raise InputError(
            f"--trials={config.trials} for {processes} processes: some would have "
            f"nothing to do. Give --trials={processes} or more, fewer processes, or "
            "--parallel=data."
        )


def steps_per_call(config: Config) -> int:
    """How many steps the host hands to the devices at a time."""
    if config.steps_per_dispatch:
        return config.steps_per_dispatch
    return 1 if jax.default_backend() == "cpu" else _STEPS_PER_CALL


def local(layout: Layout) -> tuple[jax.Device, ...]:
    """The devices of a layout that this process drives; they evaluate."""
    here = jax.process_index()
    return tuple(d for d in layout.devices if d.process_index == here)
