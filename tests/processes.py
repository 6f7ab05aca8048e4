"""Several processes that do one thing together, on one machine."""

import contextlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.cli import environment
from tests.quick import QUICK_XLA

SECONDS = 240


def together(index: int, count: int, address: str, *settings: str) -> list[str]:
    """The flags by which one of several processes finds the others."""
    return [
        f"--coordinator_address={address}",
        f"--num_processes={count}",
        f"--process_id={index}",
        "--connect_timeout=60",
        "--peer_timeout=10",
        *settings,
    ]


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@contextlib.contextmanager
def running(
    count: int,
    devices: int,
    cwd: Path,
    arguments: Callable[[int, str], Sequence[object]],
) -> Iterator[list[subprocess.Popen[str]]]:
    """Runs processes of Python, each of which sees so many devices.

    ``arguments`` gives those of one, from its number and the address to meet at.
    """
    address = free_address()
    flags = f"--xla_force_host_platform_device_count={devices} {QUICK_XLA}"
    with contextlib.ExitStack() as stack:
        processes = []
        for index in range(count):
            # Files, as pipes that nobody reads yet would fill up.
            files = [
                stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2)
            ]
            process = subprocess.Popen(
                [sys.executable, *map(str, arguments(index, address))],
                cwd=cwd,
                env=environment(cwd) | {"XLA_FLAGS": flags},
                stdout=files[0],
                stderr=files[1],
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            process.files = files
            processes.append(process)
        yield processes


def outcome(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Waits for a process, and reads what it has said."""
    process.wait(SECONDS)
    said = []
    for file in process.files:
        file.seek(0)
        said.append(file.read())
    return subprocess.CompletedProcess(process.args, process.returncode, *said)


def run_together(
    count: int,
    devices: int,
    cwd: Path,
    arguments: Callable[[int, str], Sequence[object]],
) -> list[subprocess.CompletedProcess[str]]:
    """Runs processes to their ends."""
    with running(count, devices, cwd, arguments) as processes:
        return [outcome(process) for process in processes]
