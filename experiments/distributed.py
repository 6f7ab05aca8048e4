"""Connects processes that do one command together, by JAX's own distributed runtime.

Each process is given the same command. What they then tell each other is in
``teams.py``, and how one ends whose peers are gone in ``lost_peers.py``.
"""

import contextlib
import dataclasses
import importlib.metadata
import io
import os
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

import jax

from damldg_jax.errors import InputError
from experiments import lost_peers
from experiments.config import Config
from experiments.console import be_silent
from experiments.teams import everyone, look, put

# Settings in which processes may differ: where things lie on a machine, and who it is.
_OF_A_MACHINE = (
    *(
        "corpora_dir",
        "data_dir",
        "embeddings_dir",
        "encoder_weights",
        "workdir",
        "corpora",
        "workers",
    ),
    *("beam", "beam_options", "overwrite"),
    *("distributed", "coordinator_address", "process_id", "num_processes"),
    *("connect_timeout", "peer_timeout"),
)
# Seconds that process 0, without whom nobody can go on, waits for others to end too.
_LAST_WAIT = 5.0


def connect(config: Config) -> None:
    """Connects this process with the others of its command, if it has any.

    Must come before anything is computed.

    Args:
      config: says who it is; or, with ``distributed``, that the cluster does.

    Raises:
      InputError: that is incomplete, or the others cannot be reached.
    """
    if jax.distributed.is_initialized() or not wanted(config):
        return
    # It would take the signal by which a user or a scheduler ends a process.
    jax.config.update("jax_enable_preemption_service", False)
    lost_peers.catch_aborts(lambda: (_unreachable(config), 2))
    _initialize(config)
    lost_peers.catch_aborts(lambda: (lost_peers.lost_message(), 1))
    _spare_standard_output()
    if not everyone().writes:
        be_silent()


def wanted(config: Config) -> bool:
    """Whether the settings ask for several processes; refuses what is half given."""
    given = {
        "coordinator_address": config.coordinator_address or None,
        "process_id": config.process_id,
        "num_processes": config.num_processes,
    }
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if config.distributed:
        _check(config)
        return True
    if len(missing) == len(given):
        return False
    if missing:
        there = [
            f"--{name}={value}" for name, value in given.items() if value is not None
        ]
        raise InputError(
            f"{' '.join(there)} without {' and '.join(missing)}: give all three, or "
            "--distributed where a cluster (Slurm, Open MPI, Kubernetes, TPU) says by "
            "itself which process this is."
        )
    _check(config)
    return config.num_processes > 1


def _check(config: Config) -> None:
    address, count = config.coordinator_address, config.num_processes
    index = config.process_id
    if count is not None and index is not None and not 0 <= index < count:
        raise InputError(
            f"--process_id={index} with --num_processes={count}: processes are "
            f"numbered from 0 to {count - 1}, each of them once."
        )
    host, _, port = address.rpartition(":")
    if address and not (host and port.isdecimal() and 0 < int(port) < 2**16):
        raise InputError(
            f"--coordinator_address={address}: give the address of the machine of "
            "process 0, as the others reach it, and a free port there, such as "
            "10.0.0.1:9876."
        )


def _initialize(config: Config) -> None:
    cluster = {} if config.distributed else {"cluster_detection_method": "deactivate"}
    try:
        jax.distributed.initialize(
            coordinator_address=config.coordinator_address or None,
            num_processes=config.num_processes,
            process_id=config.process_id,
            initialization_timeout=config.connect_timeout,
            heartbeat_timeout_seconds=config.peer_timeout,
            **cluster,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(_refusal(config, str(error))) from error


def _refusal(config: Config, reason: str) -> str:
    if "before any JAX calls" in reason:
        return (
            "JAX has used a device already: connect (run_experiments does) before "
            "anything else of JAX is called."
        )
    if "RPC server" in reason:
        return (
            f"Process 0 cannot listen at --coordinator_address="
            f"{config.coordinator_address}: {reason}. Is the port taken? Give all "
            "processes another one."
        )
    return (
        f"--distributed: {reason} What surrounds this process (Slurm, Open MPI, "
        "Kubernetes, TPU) does not say by itself which of how many it is: give "
        "--coordinator_address, --process_id and --num_processes."
    )


def _unreachable(config: Config) -> str:
    """What to say where JAX's runtime aborts before all processes have met."""
    limit = f"within {config.connect_timeout} seconds (--connect_timeout)"
    if config.process_id == 0:
        return (
            f"Not all of the {config.num_processes} processes have come {limit}. Are "
            "all started, each with its own --process_id, and does "
            f"--coordinator_address={config.coordinator_address} name this machine?"
        )
    where = config.coordinator_address or "whose address the cluster has given"
    return (
        f"Process 0, {where}, cannot be reached {limit}. Is it running, is that its "
        "machine's address as seen from here, is the port open, and does no other "
        "process have this one's --process_id?"
    )


def _spare_standard_output() -> None:
    """Has what libraries print on descriptor 1 go to standard error.

    The collectives of CPUs greet each other there, where the table is to be alone.
    """
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, io.UnsupportedOperation):
        return  # A notebook's, which is no descriptor.
    if descriptor != 1:
        return
    sys.stdout.flush()
    own = os.dup(descriptor)
    os.dup2(2, descriptor)
    sys.stdout = os.fdopen(own, "w", encoding=sys.stdout.encoding)


def check_agreement(config: Config, hashes: Mapping[str, str]) -> None:
    """Refuses to go on where processes have other settings or data than process 0.

    Args:
      config: all settings.
      hashes: of the data of each corpus.

    Raises:
      InputError: it names the process and the differences; in all processes.
    """
    accounts = everyone().exchange(_account(config, hashes))
    for index, account in enumerate(accounts):
        changed = [
            f"{name} {accounts[0].get(name)} -> {account.get(name)}"
            for name in sorted({*accounts[0], *account})
            if accounts[0].get(name) != account.get(name)
        ]
        if changed:
            raise InputError(
                f"Process {index} differs from process 0: {'; '.join(changed)}. Give "
                "all processes the same command, data and versions."
            )


def _account(config: Config, hashes: Mapping[str, str]) -> dict[str, Any]:
    settings = {
        f"--{name}": str(value)
        for name, value in dataclasses.asdict(config).items()
        if name not in _OF_A_MACHINE
    }
    return {
        **settings,
        **{f"data of {corpus}": content for corpus, content in hashes.items()},
        "devices": jax.local_device_count(),
        "jax": importlib.metadata.version("jax"),
    }


def told_by() -> str:
    """Names the process that says something, if that is not process 0."""
    team = everyone()
    return "" if team.writes else f"process {team.index}: "


def leave(status: int) -> None:
    """Ends a process that has peers; does nothing in one that has none.

    An orderly exit of the runtime waits for all processes, also where one has failed
    while others wait for it.

    Args:
      status: of the exit.
    """
    if not jax.distributed.is_initialized():
        return
    kind, error, trace = sys.exc_info()
    if error is not None:
        traceback.print_exception(kind, error, trace)
    if lost_peers.already_told():
        # Whatever aborts the process may hold the locks that its messages need.
        lost_peers.end_now(status)
    team = everyone()
    with contextlib.suppress(jax.errors.JaxRuntimeError):
        if status == 0:
            team.exchange("done")
            jax.distributed.shutdown()
            return
        put(f"left/{team.index}", status)
        if team.writes:
            _wait_for_others(team.count)
    lost_peers.end_now(status)


def _wait_for_others(count: int) -> None:
    deadline = time.monotonic() + _LAST_WAIT
    while time.monotonic() < deadline:
        if all(look(f"left/{index}") for index in range(count)):
            return
        time.sleep(0.05)
